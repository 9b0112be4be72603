package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Phases;
import io.tallygate.metering.Certainty;
import io.tallygate.metering.DueListener;
import io.tallygate.stripe.MeterEvents;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.util.concurrent.Queues;

import org.springframework.context.SmartLifecycle;

/**
 * Moves units from accounts to Stripe. It works in rounds, one after the other:
 * <ol>
 * <li>lanes that were woken or became free, and with every scan all lanes with units due,
 * are cut; between two cuttings there is a rest, in which units collect;</li>
 * <li>as many meter events are claimed as there are hands free;</li>
 * <li>each goes to Stripe beside the others, and what came of it is written down;</li>
 * <li>a delivered event leaves its lane free.</li>
 * </ol>
 * A bell starts a round: it is rung by the scan's clock, by a wake-up and by hands that
 * become free, who wait a moment for each other; ringing while it rings already is one
 * round. All state but who {@linkplain Rests rests} is in PostgreSQL, so any number of
 * instances may do this, and any may die in it.
 */
final class Lanes implements DueListener, SmartLifecycle {

	private static final Logger log = LoggerFactory.getLogger(Lanes.class);

	private static final Duration COMPARISONS_APART = Duration.ofMinutes(5);

	/** After counting what waits, so many times as long as that took. */
	private static final int COUNT_REST_TIMES = 50;

	private static final long COUNT_REST_MAX_MILLIS = 60_000;

	private final Outbox outbox;

	private final Courier courier;

	private final Recovery recovery;

	private final Certainty certainty;

	private final OutboxProperties properties;

	private final InstantSource clock;

	private final Scheduler scheduler;

	private final String owner;

	private final OutboxMetrics metrics;

	private final List<OutboxListener> listeners;

	private final Set<Account> woken = ConcurrentHashMap.newKeySet();

	private final Set<Long> freed = ConcurrentHashMap.newKeySet();

	private final Pace cutting;

	private final Pace claiming;

	private final Rests rests;

	private final AtomicBoolean scanIsDue = new AtomicBoolean();

	private final AtomicBoolean mayCount = new AtomicBoolean(true);

	private final AtomicInteger inFlight = new AtomicInteger();

	private volatile Disposable mending = Disposables.disposed();

	private volatile @Nullable Shift shift;

	Lanes(Outbox outbox, MeterEvents stripe, Certainty certainty, OutboxProperties properties, InstantSource clock,
			Scheduler scheduler, String owner, OutboxMetrics metrics, List<OutboxListener> listeners) {
		this.outbox = outbox;
		this.courier = new Courier(outbox, stripe, certainty, properties.callTimeout(), clock, scheduler);
		this.recovery = new Recovery(outbox, stripe, clock);
		this.certainty = certainty;
		this.properties = properties;
		this.clock = clock;
		this.scheduler = scheduler;
		this.owner = owner;
		this.metrics = metrics;
		this.listeners = List.copyOf(listeners);
		this.cutting = new Pace(properties.cutRest(), scheduler, this::ring);
		this.claiming = new Pace(properties.claimRest(), scheduler, this::ring);
		this.rests = new Rests(properties.restMax());
	}

	@Override
	public void unitsDue(ClientId client, int epoch) {
		if (this.woken.size() < this.properties.wokenMax()) {
			this.woken.add(new Account(client, epoch));
		}
		this.cutting.ask();
	}

	private Flux<MeterEventRow> round() {
		boolean isClaimAsked = this.claiming.takeUp();
		Mono<Void> cut = this.cutting.takeUp() ? cutWoken().doFinally((signal) -> this.cutting.done()) : Mono.empty();
		return cut.thenMany(this.scanIsDue.getAndSet(false) ? scan() : claim()).onErrorResume((error) -> {
			log.warn("The outbox could not be read; the next scan tries again", error);
			return Flux.empty();
		}).doFinally((signal) -> {
			if (isClaimAsked) {
				this.claiming.done();
			}
		});
	}

	private Mono<Void> cutWoken() {
		List<Account> accounts = List.copyOf(this.woken);
		accounts.forEach(this.woken::remove);
		List<Long> lanes = List.copyOf(this.freed);
		lanes.forEach(this.freed::remove);
		return Flux.fromIterable(accounts)
			.flatMap((account) -> this.outbox.laneOf(account.client(), account.epoch()), this.properties.cutsAtOnce())
			.startWith(lanes)
			.distinct()
			.flatMap(this::cut, this.properties.cutsAtOnce())
			.then();
	}

	/** All lanes with units due, page by page; what a page yielded is claimed at once. */
	private Flux<MeterEventRow> scan() {
		AtomicLong found = new AtomicLong();
		return this.outbox.lanesDue(0, this.properties.lanesAtOnce())
			.expand(this::nextLanes)
			.doOnNext((lanes) -> found.addAndGet(lanes.size()))
			.concatMap((lanes) -> Flux.fromIterable(lanes)
				.flatMap(this::cut, this.properties.cutsAtOnce())
				.thenMany(claim()), 1)
			.concatWith(Mono.fromRunnable(() -> this.metrics.scanned(found.get())))
			.concatWith(count().then(Mono.empty()));
	}

	/** Takes long where much waits, and then rests for longer. */
	private Mono<Outbox.Backlog> count() {
		return Mono.defer(() -> {
			if (!this.mayCount.getAndSet(false)) {
				return Mono.empty();
			}
			long begun = this.scheduler.now(TimeUnit.MILLISECONDS);
			return this.outbox.backlog().doOnNext(this.metrics::counted).doFinally((signal) -> {
				long rest = COUNT_REST_TIMES * (this.scheduler.now(TimeUnit.MILLISECONDS) - begun);
				this.scheduler.schedule(() -> this.mayCount.set(true),
						Math.max(0, Math.min(rest, COUNT_REST_MAX_MILLIS)), TimeUnit.MILLISECONDS);
			});
		});
	}

	private Mono<List<Long>> nextLanes(List<Long> lanes) {
		boolean isLast = lanes.size() < this.properties.lanesAtOnce() || !isRunning();
		return isLast ? Mono.empty() : this.outbox.lanesDue(lanes.get(lanes.size() - 1), this.properties.lanesAtOnce());
	}

	/** One lane's trouble is not another's. */
	private Mono<MeterEventRow> cut(long lane) {
		return Mono.defer(() -> mayWork() ? this.outbox.cut(lane, this.clock.instant()) : Mono.empty())
			.doOnNext(this::tellCut)
			.onErrorResume((error) -> {
				log.error("Lane {} could not be cut; the next scan tries again", lane, error);
				return Mono.empty();
			});
	}

	/** What PostgreSQL may have lost is not cut again, and not sent again. */
	private boolean mayWork() {
		return isRunning() && this.certainty.isCertain();
	}

	private Flux<MeterEventRow> claim() {
		return Flux.defer(() -> {
			int hands = this.properties.deliveriesAtOnce() - this.inFlight.get();
			if (hands <= 0 || !mayWork()) {
				return Flux.empty();
			}
			Instant now = this.clock.instant();
			Set<AgencyId> resting = this.rests.resting(now);
			this.metrics.resting(resting.size());
			return this.outbox.claim(new Delivery.Hold(this.owner, now.plus(this.properties.lease())), hands,
					new Outbox.Share(this.properties.deliveriesPerAgency(), this.properties.streamDeliveriesPerAgency(),
							resting),
					now);
		}).doOnNext((row) -> this.inFlight.incrementAndGet());
	}

	/**
	 * If a result cannot be written down, the lease lapses and the same event is sent
	 * again under the same identifier.
	 */
	private Mono<MeterEventRow> deliver(MeterEventRow row) {
		return this.courier.carry(row)
			.doOnNext((finding) -> tried(row, finding))
			.flatMap((finding) -> this.outbox.settle(row, finding, this.clock.instant()))
			.switchIfEmpty(Mono.fromRunnable(this.metrics::lateResult))
			.doOnNext(this::tellSettled)
			.filter((settled) -> settled.is(Delivery.State.DELIVERED))
			.doOnNext((settled) -> cutSoon(settled.lane().id()))
			.onErrorResume((error) -> {
				log.warn("What came of meter event {} could not be written; its lease lapses", row.id(), error);
				return Mono.empty();
			})
			.doFinally((signal) -> {
				this.inFlight.decrementAndGet();
				this.claiming.ask();
			});
	}

	private void tried(MeterEventRow row, Finding finding) {
		this.metrics.attempted(finding);
		Instant now = this.clock.instant();
		this.rests.tried(row.lane().agency(), finding, now)
			.ifPresent((until) -> claimAfter(Duration.between(now, until)));
	}

	/** What came due while its event was on its way. */
	private void cutSoon(long lane) {
		if (this.freed.size() < this.properties.wokenMax()) {
			this.freed.add(lane);
		}
		this.cutting.ask();
	}

	private void tellCut(MeterEventRow row) {
		this.metrics.cut(row);
		this.listeners.forEach((listener) -> listener.cut(row));
		if (row.is(Delivery.State.PARKED)) {
			tellParked(row);
		}
	}

	private void tellSettled(MeterEventRow row) {
		switch (row.delivery().state()) {
			case DELIVERED -> this.listeners.forEach((listener) -> listener.delivered(row));
			case PARKED -> tellParked(row);
			default -> claimAt(row.delivery().nextAttemptAt());
		}
	}

	private void tellParked(MeterEventRow row) {
		this.metrics.parked(row);
		this.listeners.forEach((listener) -> listener.parked(row));
		log.error("Meter event {} of client {} is parked ({}): {} units wait for a person. {}", row.id(), row.client(),
				row.delivery().reason(), row.value(), row.delivery().lastError());
	}

	/** What is due again before the next scan does not wait for it. */
	private void claimAt(Instant at) {
		Duration wait = Duration.between(this.clock.instant(), at);
		if (wait.compareTo(this.properties.scanEvery()) < 0) {
			claimAfter(wait);
		}
	}

	private void claimAfter(Duration wait) {
		if (isRunning()) {
			this.scheduler.schedule(this.claiming::ask, Math.max(wait.toMillis(), 0) + 1, TimeUnit.MILLISECONDS);
		}
	}

	private void ring() {
		Shift current = this.shift;
		if (current != null) {
			current.ring();
		}
	}

	@Override
	public synchronized void start() {
		if (this.shift != null) {
			return;
		}
		Sinks.Many<Boolean> bell = Sinks.many().unicast().onBackpressureBuffer(Queues.<Boolean>one().get());
		Mono<Void> finished = bell.asFlux()
			.concatMap((rung) -> round().subscribeOn(this.scheduler), 0)
			.flatMap(this::deliver, this.properties.deliveriesAtOnce())
			.then(Mono.defer(this::sayWhatIsLeft))
			.cache();
		Disposable scans = Flux.interval(this.properties.scanEvery(), this.scheduler)
			.onBackpressureDrop()
			.subscribe((tick) -> scanSoon());
		this.mending = Disposables.composite(
				this.recovery.rounds(this.properties.recoverEvery(), this.scheduler).subscribe(),
				comparisons().subscribe());
		this.shift = new Shift(bell, scans, finished);
		finished.subscribe();
		scanSoon();
	}

	private void scanSoon() {
		this.scanIsDue.set(true);
		ring();
	}

	@Override
	public void stop() {
		stop(() -> {
		});
	}

	/**
	 * Nothing more is cut or claimed; calls in flight end and are written down. What is
	 * due stays due for whoever comes next.
	 */
	@Override
	public void stop(Runnable callback) {
		Shift ending = this.shift;
		this.shift = null;
		if (ending == null) {
			callback.run();
			return;
		}
		this.mending.dispose();
		ending.end();
		ending.finished().doFinally((signal) -> callback.run()).subscribe();
	}

	/** Whether accounts and meter events still say the same, from time to time. */
	private Mono<Void> comparisons() {
		return Mono.defer(this.outbox::drift).doOnNext(this::tellDrift).onErrorResume((error) -> {
			log.warn("Accounts and meter events could not be compared: {}", error.getMessage());
			return Mono.empty();
		}).repeatWhen((rounds) -> rounds.concatMap((done) -> Mono.delay(COMPARISONS_APART, this.scheduler))).then();
	}

	private void tellDrift(long units) {
		this.metrics.drift(units);
		if (units > 0) {
			log.error("Accounts and meter events differ by {} units (docs/operating.md, \"Drift\")", units);
		}
	}

	private Mono<Void> sayWhatIsLeft() {
		return this.outbox.backlog()
			.doOnNext((left) -> log.info("Left in the outbox: {} due, {} sending, {} parked", left.due(),
					left.sending(), left.parked()))
			.onErrorResume((error) -> Mono.fromRunnable(() -> log.warn("What is left in the outbox is unknown", error)))
			.then();
	}

	@Override
	public boolean isRunning() {
		return this.shift != null;
	}

	/**
	 * Stops after the web server and before metering: what is counted last is sent by
	 * whoever comes next.
	 */
	@Override
	public int getPhase() {
		return Phases.OUTBOX;
	}

	private record Account(ClientId client, int epoch) {
	}

}
