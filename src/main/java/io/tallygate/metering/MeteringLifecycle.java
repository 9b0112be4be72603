package io.tallygate.metering;

import java.time.Duration;
import java.util.List;

import io.tallygate.core.Phases;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

import org.springframework.boot.ExitCodeGenerator;
import org.springframework.context.SmartLifecycle;

/**
 * Owns what metering does in the background, from the first lease to the last entry. It
 * starts before the web server and stops after it: when nothing is relayed any more,
 * entries are brought to PostgreSQL, our marks are struck and the lease is given up.
 */
class MeteringLifecycle implements SmartLifecycle, ExitCodeGenerator {

	private static final Logger logger = LoggerFactory.getLogger(MeteringLifecycle.class);

	private static final Duration START_MAX = Duration.ofSeconds(30);

	private static final Duration COMPARISONS_APART = Duration.ofMinutes(1);

	private final RunningTotals totals;

	private final Presence presence;

	private final History history;

	private final LedgerWriter ledger;

	private final ExchangeMeter meter;

	private final Sweeper sweeper;

	private final Comparison comparison;

	private final EpochCloser epochs;

	private final Partitions partitions;

	private final Scheduler scheduler;

	private final MeteringProperties properties;

	private final Disposable.Composite background = Disposables.composite();

	private volatile boolean running;

	private volatile boolean complete = true;

	MeteringLifecycle(RunningTotals totals, Presence presence, History history, LedgerWriter ledger,
			ExchangeMeter meter, Sweeper sweeper, Comparison comparison, EpochCloser epochs, Partitions partitions,
			Scheduler scheduler, MeteringProperties properties) {
		this.totals = totals;
		this.presence = presence;
		this.history = history;
		this.ledger = ledger;
		this.meter = meter;
		this.sweeper = sweeper;
		this.comparison = comparison;
		this.epochs = epochs;
		this.partitions = partitions;
		this.scheduler = scheduler;
		this.properties = properties;
	}

	/** The web server and the outbox wait for the first lease. */
	@Override
	public void start() {
		this.running = true;
		this.history.doubt();
		this.totals.start();
		this.presence.begin().block(START_MAX);
		every(this.properties.lease().dividedBy(4), "the lease", this.presence::renew);
		every(this.properties.sweepInterval(), "the sweep", this.sweeper::sweep);
		every(this.properties.sweepInterval(), "the restoring of entries", this.history::restore);
		every(this.properties.epochCloseInterval(), "the closing of epochs", this.epochs::closeEnded);
		every(COMPARISONS_APART, "the comparison of Redis and the ledger", this.comparison::round);
		every(Duration.ofHours(1), "the forgetting of old writers", this.history::tidy);
		every(Duration.ofHours(12), "the ledger's partitions", this.partitions::ensure);
	}

	/**
	 * One round after the other, never two at once; a round that fails is logged and the
	 * next one comes.
	 */
	private void every(Duration pause, String what, java.util.function.Supplier<Mono<Void>> round) {
		this.background.add(Mono.defer(round).onErrorResume((error) -> {
			logger.warn("{} failed and is tried again: {}", what, error.getMessage());
			return Mono.empty();
		}).repeatWhen((rounds) -> rounds.concatMap((done) -> Mono.delay(pause, this.scheduler))).subscribe());
	}

	@Override
	public void stop(Runnable callback) {
		this.background.dispose();
		drained().then(Mono.defer(this::leave)).doFinally((signal) -> {
			this.totals.stop();
			this.running = false;
			callback.run();
		}).subscribe((done) -> {
		}, (error) -> logger.warn("The lease could not be given up: {}", error.getMessage()));
	}

	@Override
	public void stop() {
		stop(() -> {
		});
	}

	private Mono<Void> drained() {
		return Flux.interval(Duration.ZERO, Duration.ofMillis(20), this.scheduler)
			.takeUntil((tick) -> this.ledger.unwritten().isEmpty())
			.then()
			.timeout(this.properties.drainMax(), this.scheduler)
			.onErrorResume((late) -> {
				this.complete = report();
				return Mono.empty();
			});
	}

	/**
	 * What Redis keeps is swept by whoever comes next. What only we have, by id and sum,
	 * is the last that anybody hears of it.
	 */
	private boolean report() {
		logger.warn("{} entries did not reach PostgreSQL", this.ledger.unwritten().size());
		List<Entry> lost = this.ledger.exposed();
		if (!lost.isEmpty()) {
			logger.error("{} entries of {} thousandths reached neither PostgreSQL nor Redis: {}", lost.size(),
					lost.stream().mapToLong(Entry::quantity).sum(),
					lost.stream().map((entry) -> entry.request() + "=" + entry.quantity()).toList());
		}
		return lost.isEmpty();
	}

	/**
	 * A lease is kept while entries are left: what Redis has of them is swept when it
	 * lapses.
	 */
	private Mono<Void> leave() {
		return this.meter.open().isEmpty() ? this.presence.release().timeout(Duration.ofSeconds(2), this.scheduler)
				: Mono.empty();
	}

	/** 0 when every entry was in PostgreSQL or Redis at the stop, else 1. */
	@Override
	public int getExitCode() {
		return this.complete ? 0 : 1;
	}

	@Override
	public boolean isRunning() {
		return this.running;
	}

	@Override
	public int getPhase() {
		return Phases.METERING;
	}

}
