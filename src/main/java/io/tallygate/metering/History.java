package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

import io.tallygate.metering.Counters.Pending;
import io.tallygate.metering.Progress.Reached;
import io.tallygate.metering.Witness.Remembered;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Notices when PostgreSQL has lost commits, by a failover to a standby that lagged or by
 * a restore, and brings back what can be:
 * <ol>
 * <li>with every new connection, nothing is certain until PostgreSQL has shown that it
 * remembers what its writers do;</li>
 * <li>if it does not, that is written down, and from then on no lane is cut or sent
 * before it is settled;</li>
 * <li>the entries that Redis keeps, pending or acknowledged, are offered to the ledger
 * again: it takes those that it has lost;</li>
 * <li>then the outbox compares each lane with Stripe.</li>
 * </ol>
 */
class History implements Certainty {

	private static final Logger logger = LoggerFactory.getLogger(History.class);

	private static final Duration CHECK_AGAIN = Duration.ofMillis(500);

	/** Every half minute. */
	private static final int CHECKS_A_WARNING = 60;

	private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

	private static final Duration PATIENCE = Duration.ofSeconds(5);

	private static final int APPENDS_AT_ONCE = 1000;

	private final Progress progress;

	private final Witness witness;

	private final Counters counters;

	private final LedgerWriter ledger;

	private final String self;

	private final Scheduler scheduler;

	/**
	 * Reasons to doubt that have not been looked into; whoever raises it from zero looks.
	 */
	private final AtomicInteger doubts = new AtomicInteger();

	/** Whether Redis has told since the start what others had committed. */
	private volatile boolean knowsOfOthers;

	/**
	 * @param self who writes a loss down
	 */
	History(Progress progress, Witness witness, Counters counters, LedgerWriter ledger, String self,
			Scheduler scheduler) {
		this.progress = progress;
		this.witness = witness;
		this.counters = counters;
		this.ledger = ledger;
		this.self = self;
		this.scheduler = scheduler;
	}

	@Override
	public boolean isCertain() {
		return this.doubts.get() == 0;
	}

	@Override
	public Mono<Boolean> becomesCertain() {
		if (isCertain()) {
			return Mono.just(true);
		}
		return Flux.interval(LOOK_AGAIN, this.scheduler)
			.filter((tick) -> isCertain())
			.next()
			.map((tick) -> true)
			.timeout(PATIENCE, Mono.just(false), this.scheduler);
	}

	/**
	 * There is a reason to doubt: a new connection, which may lead to another PostgreSQL.
	 * Nothing is certain when this returns.
	 */
	void doubt() {
		this.ledger.appendAgain();
		if (this.doubts.getAndIncrement() == 0) {
			look();
		}
	}

	private void look() {
		int seen = this.doubts.get();
		Mono.defer(this::check)
			.retryWhen(Retry.fixedDelay(Long.MAX_VALUE, CHECK_AGAIN)
				.scheduler(this.scheduler)
				.doBeforeRetry(History::warn))
			.subscribe((done) -> {
			}, (never) -> logger.error("PostgreSQL is in doubt for ever", never), () -> {
				if (this.doubts.addAndGet(-seen) != 0) {
					look();
				}
			});
	}

	private static void warn(Retry.RetrySignal retry) {
		if (retry.totalRetries() % CHECKS_A_WARNING == 0) {
			logger.warn("Whether PostgreSQL has lost commits cannot be seen yet, and nothing is cut or sent: {}",
					retry.failure().getMessage());
		}
	}

	/**
	 * Redis away is no reason to stop: this process remembers its own, and looks again
	 * when Redis is back. Only one that has just started remembers nothing, and waits for
	 * Redis.
	 */
	private Mono<Void> check() {
		return this.witness.all()
			.doOnNext((all) -> this.knowsOfOthers = true)
			.onErrorResume((away) -> this.knowsOfOthers, (away) -> Mono.just(this.witness.own()))
			.filter((remembered) -> !remembered.isEmpty())
			.flatMap((remembered) -> this.progress.reached(remembered.keySet())
				.flatMap((reached) -> compare(remembered, reached)));
	}

	private Mono<Void> compare(Map<String, Remembered> remembered, Map<String, Reached> reached) {
		List<Map.Entry<String, Remembered>> lost = remembered.entrySet()
			.stream()
			.filter((writer) -> lacks(reached.get(writer.getKey()), writer.getValue()))
			.sorted(Map.Entry.comparingByKey())
			.toList();
		if (lost.isEmpty()) {
			return Mono.empty();
		}
		Instant since = lost.stream()
			.map((writer) -> lostSince(reached.get(writer.getKey()), writer.getValue()))
			.min(Comparator.naturalOrder())
			.orElseThrow();
		String text = lost.stream()
			.map((writer) -> writer.getKey() + " had come to " + writer.getValue().version() + " and is at "
					+ version(reached.get(writer.getKey())))
			.toList()
			.toString();
		logger.error("PostgreSQL has lost what was committed since {} ({}): delivery stops until every lane has been"
				+ " compared with Stripe (docs/operating.md, \"PostgreSQL lost commits\")", since, text);
		Map<String, Long> versions = lost.stream()
			.collect(Collectors.toMap(Map.Entry::getKey, (writer) -> writer.getValue().version()));
		return this.progress.openRollback(this.self, since, versions, text);
	}

	private static boolean lacks(@Nullable Reached reached, Remembered remembered) {
		return version(reached) < remembered.version();
	}

	private static long version(@Nullable Reached reached) {
		return (reached != null) ? reached.version() : 0;
	}

	/** A writer that PostgreSQL does not know at all began after its last commit. */
	private static Instant lostSince(@Nullable Reached reached, Remembered remembered) {
		return (reached != null) ? reached.at() : remembered.begunAt();
	}

	/**
	 * One round: what is known of writers that ended long ago is removed, first where it
	 * would be missed in PostgreSQL; the others stay known, however idle.
	 */
	Mono<Void> tidy() {
		Map<String, Long> versions = this.witness.own()
			.entrySet()
			.stream()
			.collect(Collectors.toMap(Map.Entry::getKey, (writer) -> writer.getValue().version()));
		return this.progress.confirm(versions)
			.then(this.progress.ended())
			.filter((ended) -> !ended.isEmpty())
			.flatMap((ended) -> this.counters.forget(ended).then(this.progress.forget(ended)));
	}

	/** One round: offers all that Redis keeps to the ledger, where that is wanted. */
	Mono<Void> restore() {
		return this.progress.wantsEntries()
			.filter((wanted) -> wanted)
			.flatMap((wanted) -> Flux.concat(this.counters.pending().map(Pending::line), this.counters.kept())
				.flatMap(this::append, APPENDS_AT_ONCE)
				.count()
				.flatMap((entries) -> {
					logger.warn("{} entries that Redis kept were offered to the ledger again", entries);
					return this.progress.entriesRestored(entries);
				}));
	}

	private Mono<Boolean> append(String line) {
		try {
			return this.ledger.append(Entry.decode(line)).thenReturn(true);
		}
		catch (IllegalArgumentException ex) {
			logger.error("Redis keeps an entry that cannot be read: {}", ex.getMessage());
			return Mono.empty();
		}
	}

}
