package io.tallygate.billing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.core.Metric;
import io.tallygate.core.Phases;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

import org.springframework.context.SmartLifecycle;

/**
 * Works off what Stripe told, and holds clients whose grace is over. An event is done
 * when what follows from it is committed; who dies before that leaves it to the next. All
 * state is in PostgreSQL, so any number of instances may do this.
 */
class WebhookProcessing implements SmartLifecycle {

	private static final Logger logger = LoggerFactory.getLogger(WebhookProcessing.class);

	private static final int NOTE_MAX = 500;

	private final WebhookInbox inbox;

	private final WebhookHandling handling;

	private final Payments payments;

	private final BillingProperties properties;

	private final Clock clock;

	private final Scheduler scheduler;

	private final String owner;

	private final MeterRegistry metrics;

	private final Sinks.Many<Boolean> bell = Sinks.many().multicast().directBestEffort();

	private final AtomicInteger held = new AtomicInteger();

	private volatile WebhookInbox.Standing standing = new WebhookInbox.Standing(0, null);

	private volatile @Nullable Disposable rounds;

	WebhookProcessing(WebhookInbox inbox, WebhookHandling handling, Payments payments, BillingProperties properties,
			Clock clock, Scheduler scheduler, String owner, MeterRegistry metrics) {
		this.inbox = inbox;
		this.handling = handling;
		this.payments = payments;
		this.properties = properties;
		this.clock = clock;
		this.scheduler = scheduler;
		this.owner = owner;
		this.metrics = metrics;
		Gauge.builder(Metric.WEBHOOKS_WAITING.key(), this, (self) -> self.standing.waiting())
			.description(Metric.WEBHOOKS_WAITING.description())
			.register(metrics);
		Gauge.builder(Metric.WEBHOOKS_BEHIND.key(), this, WebhookProcessing::behind)
			.description(Metric.WEBHOOKS_BEHIND.description())
			.register(metrics);
		Gauge.builder(Metric.CLIENTS_HELD.key(), this.held, AtomicInteger::get)
			.description(Metric.CLIENTS_HELD.description())
			.register(metrics);
	}

	/** Something has come: do not wait for the clock. */
	void ring() {
		this.bell.tryEmitNext(Boolean.TRUE);
	}

	/** All that waits, until there is none left, and then the clients to be held. */
	Mono<Void> round() {
		int limit = this.properties.webhooksAtOnce();
		return Mono.defer(this::some)
			.expand((count) -> (count == limit) ? Mono.defer(this::some) : Mono.empty())
			.then(Mono.defer(this.payments::settle))
			.then(Mono.defer(this.inbox::standing))
			.doOnNext((now) -> this.standing = now)
			.then(Mono.defer(this.payments::held))
			.doOnNext((count) -> this.held.set(count.intValue()))
			.then();
	}

	private Mono<Integer> some() {
		int limit = this.properties.webhooksAtOnce();
		return this.inbox.take(this.owner, this.clock.instant(), this.properties.webhookLease(), limit)
			.flatMap((event) -> workOff(event).thenReturn(1), limit)
			.reduce(0, Integer::sum);
	}

	private Mono<Void> workOff(WebhookEvent event) {
		return this.handling.handle(event)
			.map((note) -> new Outcome(WebhookEvent.State.DONE, note, "done"))
			.defaultIfEmpty(new Outcome(WebhookEvent.State.IGNORED, "Nothing follows from it here", "ignored"))
			.onErrorResume((error) -> Mono.just(failed(event, error)))
			.flatMap((outcome) -> settle(event, outcome))
			.onErrorResume((error) -> {
				logger.warn("Webhook event {} could not be settled; its lease lapses", event.id(), error);
				return Mono.empty();
			});
	}

	private static Outcome failed(WebhookEvent event, Throwable error) {
		Throwable told = StripeProblems.told(error);
		String reason = (told.getMessage() != null) ? told.getMessage() : told.getClass().getSimpleName();
		boolean isLast = event.isTriedEnough();
		if (isLast) {
			logger.error("Webhook event {} ({}) was tried {} times and is given up: {}", event.id(), event.type(),
					event.attempts(), reason);
		}
		return isLast ? new Outcome(WebhookEvent.State.FAILED, reason, "failed")
				: new Outcome(WebhookEvent.State.RECEIVED, reason, "again");
	}

	private Mono<Void> settle(WebhookEvent event, Outcome outcome) {
		Instant now = this.clock.instant();
		this.metrics.counter(Metric.WEBHOOKS_WORKED_OFF.key(), "outcome", outcome.name()).increment();
		String note = (outcome.note().length() > NOTE_MAX) ? outcome.note().substring(0, NOTE_MAX) : outcome.note();
		return this.inbox.settle(event, this.owner, outcome.state(), note, event.again(now), now);
	}

	private double behind() {
		Instant oldest = this.standing.oldest();
		return (oldest != null) ? Math.max(0, Duration.between(oldest, this.clock.instant()).toSeconds()) : 0;
	}

	@Override
	public synchronized void start() {
		if (this.rounds == null) {
			this.rounds = Flux
				.merge(Flux.interval(this.properties.webhooksEvery(), this.scheduler).onBackpressureDrop(),
						this.bell.asFlux().onBackpressureLatest())
				.onBackpressureLatest()
				.concatMap((tick) -> round().onErrorResume((error) -> {
					logger.warn("Webhooks could not be worked off and are tried again: {}", error.getMessage());
					return Mono.empty();
				}), 0)
				.subscribe();
		}
	}

	/** What is under way is taken up again by whoever comes next. */
	@Override
	public synchronized void stop() {
		Disposable ending = this.rounds;
		this.rounds = null;
		if (ending != null) {
			ending.dispose();
		}
	}

	@Override
	public boolean isRunning() {
		return this.rounds != null;
	}

	@Override
	public int getPhase() {
		return Phases.OUTBOX;
	}

	/** What became of an event, and its name for metrics. */
	private record Outcome(WebhookEvent.State state, String note, String name) {
	}

}
