package io.tallygate.metering;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

import io.tallygate.core.NaturalBatch;
import io.tallygate.metering.Counters.Operation;
import io.tallygate.metering.Counters.Reply;
import io.tallygate.metering.Counters.Result;
import io.tallygate.metering.Ledger.PoisonEntry;
import io.tallygate.metering.Ledger.Posted;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;
import reactor.util.retry.RetryBackoffSpec;

/**
 * Brings entries from memory to the ledger, whatever Redis says:
 * <ol>
 * <li>an entry is held from the moment it is given here until PostgreSQL has committed
 * it;</li>
 * <li>entries leave in natural batches, with a pause after each while nobody waits for
 * them; each is one transaction, repeated until it is committed: a lost answer to COMMIT
 * is followed by a blind repeat, which changes nothing;</li>
 * <li>an entry that can never be written is bisected out of its batch and set aside
 * whole; the rest flows;</li>
 * <li>what was committed is acknowledged in Redis and told to whoever listens. While
 * Redis is away, the last word on each account is kept for its return.</li>
 * </ol>
 */
class LedgerWriter {

	private static final Logger logger = LoggerFactory.getLogger(LedgerWriter.class);

	private static final int BATCH_MAX = 500;

	private static final int UNACKNOWLEDGED_MAX = 10_000;

	/**
	 * Longer than PostgreSQL lets a statement run: who has not answered by then is gone,
	 * and another is asked.
	 */
	private static final Duration ATTEMPT_MAX = Duration.ofSeconds(20);

	private static final Duration RETRY_MIN = Duration.ofMillis(100);

	private static final Duration RETRY_MAX = Duration.ofSeconds(2);

	private final Ledger ledger;

	private final RunningTotals totals;

	private final Scheduler scheduler;

	private final NaturalBatch<Entry, Posted> batches;

	private final Map<String, Entry> unwritten = new ConcurrentHashMap<>();

	/** Those of them that Redis keeps too. */
	private final Set<String> keptByRedis = ConcurrentHashMap.newKeySet();

	/** What PostgreSQL has and Redis was not told of. */
	private final Map<String, Posted> unacknowledged = new ConcurrentHashMap<>();

	/** Of more than that, the last word on each total. */
	private final Map<Totals, Posted> untold = new ConcurrentHashMap<>();

	private final AtomicLong unwrittenBytes = new AtomicLong();

	private final int unwrittenMax;

	private final long unwrittenBytesMax;

	private final AtomicLong poisoned = new AtomicLong();

	private Consumer<Posted> onPosted = (posted) -> {
	};

	/**
	 * @param unwrittenMax entries that may wait in memory; more and no new exchange is
	 * admitted
	 * @param unwrittenBytesMax bytes that they may hold, roughly
	 * @param pause after each batch while Redis has the entries, so that nobody waits for
	 * the ledger
	 */
	LedgerWriter(Ledger ledger, RunningTotals totals, Scheduler scheduler, int unwrittenMax, long unwrittenBytesMax,
			Duration pause) {
		this.ledger = ledger;
		this.totals = totals;
		this.scheduler = scheduler;
		this.unwrittenMax = unwrittenMax;
		this.unwrittenBytesMax = unwrittenBytesMax;
		this.batches = new NaturalBatch<>(BATCH_MAX, Integer.MAX_VALUE, this::write,
				() -> totals.isAway() ? Duration.ZERO : pause, scheduler);
	}

	/** Called for every entry that was committed, new or not. */
	void onPosted(Consumer<Posted> listener) {
		this.onPosted = listener;
	}

	/**
	 * Takes an entry. It is held and written whoever waits.
	 * @return completes when PostgreSQL has it; never fails
	 */
	Mono<Void> append(Entry entry) {
		if (this.unwritten.putIfAbsent(entry.request().value(), entry) == null) {
			this.unwrittenBytes.addAndGet(entry.weight());
		}
		return this.batches.submit(entry).then();
	}

	/**
	 * Whether so much waits that no new exchange may be admitted; those that run may
	 * finish.
	 */
	boolean isFull() {
		return this.unwritten.size() >= this.unwrittenMax || this.unwrittenBytes.get() >= this.unwrittenBytesMax;
	}

	/** Whether an exchange's entry is held here, not committed yet. */
	boolean holds(String request) {
		return this.unwritten.containsKey(request);
	}

	/** What PostgreSQL has not committed. */
	Collection<Entry> unwritten() {
		return List.copyOf(this.unwritten.values());
	}

	/** Redis has acknowledged an entry, and keeps it until PostgreSQL has it. */
	void keptByRedis(Entry entry) {
		this.unwritten.computeIfPresent(entry.request().value(), (request, held) -> {
			this.keptByRedis.add(request);
			return held;
		});
	}

	/** Redis may have lost what it kept. */
	void forgottenByRedis() {
		this.keptByRedis.clear();
	}

	/** What was used of a period, all that is committed. */
	Mono<PeriodUsage> used(UsageKey key) {
		return this.ledger.used(key);
	}

	/** The totals that an acknowledgement tells. */
	private record Totals(AccountKey account, UsageKey usage) {

		static Totals of(Posted posted) {
			return new Totals(posted.entry().account(), posted.entry().usage());
		}

	}

	/** What only this process's memory has. */
	List<Entry> exposed() {
		return this.unwritten.values()
			.stream()
			.filter((entry) -> !this.keptByRedis.contains(entry.request().value()))
			.toList();
	}

	/** Entries set aside since the start. */
	long poisoned() {
		return this.poisoned.get();
	}

	private Mono<List<Posted>> write(List<Entry> entries) {
		return this.ledger.append(entries)
			.timeout(ATTEMPT_MAX, this.scheduler)
			.retryWhen(again().filter((error) -> !(error instanceof PoisonEntry))
				.doBeforeRetry((retry) -> logger.warn("The ledger did not take {} entries, which are tried again: {}",
						entries.size(), retry.failure().getMessage())))
			.doOnNext((posted) -> posted.forEach(this::written))
			.onErrorResume(PoisonEntry.class, (poison) -> bisect(entries, poison));
	}

	/**
	 * Without jitter: one call at a time of each instance needs none, and a simulation
	 * must be able to repeat it.
	 */
	private RetryBackoffSpec again() {
		return Retry.backoff(Long.MAX_VALUE, RETRY_MIN).maxBackoff(RETRY_MAX).jitter(0).scheduler(this.scheduler);
	}

	private Mono<List<Posted>> bisect(List<Entry> entries, PoisonEntry poison) {
		if (entries.size() == 1) {
			return setAside(entries.get(0), poison);
		}
		int half = entries.size() / 2;
		return Flux.concat(write(entries.subList(0, half)), write(entries.subList(half, entries.size())))
			.reduce(new ArrayList<>(), (all, part) -> {
				all.addAll(part);
				return all;
			});
	}

	private Mono<List<Posted>> setAside(Entry entry, PoisonEntry poison) {
		logger.error("The ledger refuses {} for itself and it is set aside (docs/operating.md, \"Poison\"): {}",
				entry.request(), poison.getMessage());
		Posted refused = Posted.refused(entry);
		return this.ledger.setAside(entry, String.valueOf(poison.getMessage()))
			.retryWhen(again())
			.then(Mono.fromRunnable(() -> {
				this.poisoned.incrementAndGet();
				release(entry);
				acknowledge(refused);
				this.onPosted.accept(refused);
			}))
			.thenReturn(List.of(refused));
	}

	private void written(Posted posted) {
		release(posted.entry());
		acknowledge(posted);
		this.onPosted.accept(posted);
	}

	private void release(Entry entry) {
		this.unwritten.computeIfPresent(entry.request().value(), (request, held) -> {
			this.keptByRedis.remove(request);
			this.unwrittenBytes.addAndGet(-entry.weight());
			return null;
		});
	}

	/**
	 * Until Redis has let go of the entry and keeps it for the case that PostgreSQL loses
	 * it, it is remembered here. Where more is to be remembered than may be, the last
	 * word on each total is, and the sweeper finds the entries that stay pending.
	 */
	private void acknowledge(Posted posted) {
		if (this.unacknowledged.size() < UNACKNOWLEDGED_MAX) {
			this.unacknowledged.put(posted.entry().request().value(), posted);
		}
		else {
			this.untold.merge(Totals.of(posted), posted, LedgerWriter::later);
		}
		Account account = posted.account();
		this.totals
			.submit(new Operation.Acknowledge(posted.entry(), account.total(), account.version(), posted.usage()))
			.flatMap((reply) -> acknowledged(posted, reply))
			.subscribe((kept) -> told(posted), (error) -> logger.debug("{} was not acknowledged: {}",
					posted.entry().request(), error.getMessage()));
	}

	private void told(Posted posted) {
		this.unacknowledged.remove(posted.entry().request().value());
		this.untold.remove(Totals.of(posted), posted);
	}

	private static Posted later(Posted one, Posted other) {
		return (one.account().version() > other.account().version()) ? one : other;
	}

	/** Empty when it has to be done again. */
	private Mono<Boolean> acknowledged(Posted posted, Reply reply) {
		return switch (reply.result()) {
			case APPLIED, APPLIED_WITHOUT_MARK -> Mono.just(true);
			case KNOWN -> posted.isWritten() ? keep(posted.entry()) : Mono.just(true);
			case OTHER_GENERATION -> Mono.empty();
			case REFUSED, CAP_REACHED, RATE_EXCEEDED, USE_UNKNOWN -> {
				logger.warn("Redis refuses to let go of {}: {}", posted.entry().request(), reply.error());
				yield Mono.just(true);
			}
		};
	}

	/** It was never pending there: it was counted while Redis was away, perhaps. */
	private Mono<Boolean> keep(Entry entry) {
		return this.totals.submit(new Operation.Keep(entry))
			.filter((reply) -> reply.result() == Result.APPLIED)
			.map((reply) -> true);
	}

	/**
	 * PostgreSQL may have lost commits: what only we remember is offered to it again.
	 */
	void appendAgain() {
		this.unacknowledged.values()
			.stream()
			.filter(Posted::isWritten)
			.forEach((posted) -> append(posted.entry()).subscribe((done) -> {
			}, (never) -> logger.error("The ledger's writer failed", never)));
	}

	/** Redis is back: it is told again what it was not told. */
	void acknowledgeAgain() {
		List.copyOf(this.unacknowledged.keySet())
			.forEach((request) -> acknowledgeAgain(this.unacknowledged.remove(request)));
		List.copyOf(this.untold.keySet()).forEach((totals) -> acknowledgeAgain(this.untold.remove(totals)));
	}

	private void acknowledgeAgain(@Nullable Posted posted) {
		if (posted != null) {
			acknowledge(posted);
		}
	}

}
