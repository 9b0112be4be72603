package io.tallygate.billing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.core.Metric;
import io.tallygate.core.Rounds;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Works off what Stripe told, and holds clients whose grace is over. An event is done
 * when what follows from it is committed; who dies before that leaves it to the next. All
 * state is in PostgreSQL, so any number of instances may do this.
 */
class WebhookProcessing extends Rounds {

	private static final Logger logger = LoggerFactory.getLogger(WebhookProcessing.class);

	private static final int NOTE_MAX = 500;

	private final WebhookInbox inbox;

	private final WebhookHandling handling;

	private final Payments payments;

	private final BillingProperties properties;

	private final Clock clock;

	private final String owner;

	private final MeterRegistry metrics;

	private final AtomicInteger held = new AtomicInteger();

	private volatile WebhookInbox.Standing standing = new WebhookInbox.Standing(0, null);

	WebhookProcessing(WebhookInbox inbox, WebhookHandling handling, Payments payments, BillingProperties properties,
			Clock clock, Scheduler scheduler, String owner, MeterRegistry metrics) {
		super("Webhooks could not be worked off", properties.webhooksEvery(), scheduler);
		this.inbox = inbox;
		this.handling = handling;
		this.payments = payments;
		this.properties = properties;
		this.clock = clock;
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

	/** All that waits, until there is none left, and then the clients to be held. */
	@Override
	protected Mono<Void> round() {
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

	/** What became of an event, and its name for metrics. */
	private record Outcome(WebhookEvent.State state, String note, String name) {
	}

}
