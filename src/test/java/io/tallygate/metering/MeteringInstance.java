package io.tallygate.metering;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tallygate.client.Periods;
import io.tallygate.core.AgreedClock;
import io.tallygate.core.Ids;
import io.tallygate.metering.MeteringProperties.CloseDurability;
import io.tallygate.simulation.Bug;
import io.tallygate.simulation.Wire;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/** The metering of one simulated process, put together as the application does. */
public final class MeteringInstance {

	/** How long a process that stopped renewing counts as alive. */
	public static final Duration LEASE = Duration.ofSeconds(20);

	private static final Duration COMPARISONS_APART = Duration.ofMinutes(1);

	private static final Duration ATTEMPTS_APART = Duration.ofSeconds(1);

	private final Scheduler scheduler;

	private final Mono<Void> begun;

	private final Witness witness;

	private final History history;

	private DueListener due = (client, epoch) -> {
	};

	private final LedgerWriter ledger;

	private final ExchangeMeter meter;

	/** Over these stores. */
	public MeteringInstance(Scheduler scheduler, AgreedClock clock, Ids ids, InMemoryRedis redis, Wire toRedis,
			InMemoryPostgres postgres, InMemoryProgress progress, Wire toPostgres, boolean waitsForTheLedger,
			Duration ledgerPause, Bug bug) {
		this.scheduler = scheduler;
		MeteringProperties properties = new MeteringProperties(
				waitsForTheLedger ? CloseDurability.LEDGER : CloseDurability.REDIS, Duration.ofMillis(100),
				Duration.ofSeconds(2), Duration.ofMillis(500), 1000, ledgerPause, 10_000, 1 << 24, LEASE,
				Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ofSeconds(10), Duration.ofSeconds(5));
		MeteringMetrics metrics = new MeteringMetrics(new SimpleMeterRegistry());
		Counters counters = redis.over(toRedis);
		Instances instances = postgres.instances(toPostgres);
		RunningTotals totals = new RunningTotals(counters, clock, ids, scheduler);
		ServerTime postgresTime = new ServerTime(clock, totals::isAway);
		Presence presence = new Presence(instances, ids, postgresTime, LEASE);
		this.witness = new Witness(counters, clock);
		this.ledger = new LedgerWriter(
				mistaken(postgres.ledger(toPostgres, progress, this.witness, ids.next("wri_")), redis, bug), totals,
				scheduler, properties.unwrittenMax(), properties.unwrittenBytesMax(), properties.collecting());
		this.history = new History(progress.over(toPostgres), this.witness, counters, this.ledger, presence.id(),
				scheduler);
		if (bug != Bug.LOST_COMMITS_NOT_NOTICED) {
			this.witness.onLost(this.history::doubt);
			toPostgres.onNewConnection(this.history::doubt);
		}
		this.history.doubt();
		this.meter = new ExchangeMeter(totals, this.ledger, instances, presence, new OccurrenceClock(clock),
				postgresTime, scheduler, properties, metrics, Periods.UTC_MONTHS) {

			@Override
			void markWhatIsNot(Set<String> marked) {
				if (bug != Bug.MARKS_NOT_GIVEN_AGAIN) {
					super.markWhatIsNot(marked);
				}
			}

		};
		totals.onGeneration((reason, isNew) -> {
			if (bug != Bug.MARKS_NOT_GIVEN_AGAIN) {
				this.meter.giveAgain(reason, isNew);
			}
			this.witness.tellAgain();
			if (bug != Bug.LOST_COMMITS_NOT_NOTICED) {
				this.history.doubt();
			}
		});
		totals.beforeGeneration(new GenerationBook(postgres.accounts(toPostgres), counters, this.ledger::unwritten,
				postgres.generations(toPostgres))::write);
		presence.onNewId(this.meter::markAgain);
		this.ledger.onPosted((posted) -> {
			this.meter.written(posted.entry().request().value());
			if (posted.fresh() && posted.account().hasUnitsDue()) {
				this.due.unitsDue(posted.entry().account().client(), posted.entry().account().epoch());
			}
		});
		Sweeper sweeper = new Sweeper(counters, totals, instances, presence, this.ledger, this.meter, clock,
				properties.markGrace(), metrics);
		EpochCloser epochs = new EpochCloser(postgres.epochs(toPostgres), counters, totals);
		this.begun = presence.begin().retryWhen(Retry.fixedDelay(Long.MAX_VALUE, ATTEMPTS_APART).scheduler(scheduler));
		totals.start();
		every(LEASE.dividedBy(4), presence::renew);
		if (bug != Bug.NO_SWEEPER) {
			every(properties.sweepInterval(), sweeper::sweep);
		}
		every(properties.epochCloseInterval(), epochs::closeEnded);
		every(COMPARISONS_APART, new Comparison(postgres.accounts(toPostgres), totals, metrics)::round);
		if (bug != Bug.ENTRIES_NOT_RESTORED) {
			every(properties.sweepInterval(), this.history::restore);
			every(Duration.ofHours(1), this.history::tidy);
		}
	}

	private void every(Duration pause, Supplier<Mono<Void>> round) {
		Mono.defer(round)
			.onErrorComplete()
			.repeatWhen((done) -> done.concatMap((one) -> Mono.delay(pause, this.scheduler)))
			.subscribe();
	}

	private static Ledger mistaken(Ledger ledger, InMemoryRedis redis, Bug bug) {
		return switch (bug) {
			case APPEND_NOT_REPEATED -> new MistakenLedger(ledger,
					(entries) -> ledger.append(entries).onErrorResume((error) -> Mono.just(unwritten(entries))));
			case LEDGER_ONLY_AFTER_REDIS -> new MistakenLedger(ledger,
					(entries) -> entries.stream().allMatch((entry) -> redis.pending().contains(entry.request().value()))
							? ledger.append(entries) : Mono.just(unwritten(entries)));
			default -> ledger;
		};
	}

	private static List<Ledger.Posted> unwritten(List<Entry> entries) {
		return entries.stream()
			.map((entry) -> new Ledger.Posted(entry, false, 0, 0, new Account(entry.account(), 1, 0, 0, 0, -1), null,
					false))
			.toList();
	}

	/** Whom units that are due are told to. */
	public void tell(DueListener listener) {
		this.due = listener;
	}

	/** What this process remembers of its commits. */
	public Witness witness() {
		return this.witness;
	}

	/** Whether PostgreSQL is known to hold all that was committed. */
	public Certainty certainty() {
		return this.history;
	}

	/** Completes when the process may go on with its start. */
	public Mono<Void> begun() {
		return this.begun;
	}

	/** What the relay calls. */
	public Meter meter() {
		return this.meter;
	}

	/** What PostgreSQL does not have and Redis is believed to keep. */
	public Set<String> believedKept() {
		Set<String> kept = new HashSet<>();
		this.ledger.unwritten().forEach((entry) -> kept.add(entry.request().value()));
		this.ledger.exposed().forEach((entry) -> kept.remove(entry.request().value()));
		return kept;
	}

	/** What clients with a cap reserve here, in thousandths. */
	public long reserved() {
		return this.meter.reserved();
	}

	/** Whether PostgreSQL has all that was closed here. */
	public boolean hasWrittenAll() {
		return this.ledger.unwritten().isEmpty();
	}

	/** A ledger whose batches go another way. */
	private record MistakenLedger(Ledger ledger,
			java.util.function.Function<List<Entry>, Mono<List<Ledger.Posted>>> way) implements Ledger {

		@Override
		public Mono<List<Posted>> append(List<Entry> entries) {
			return this.way.apply(entries);
		}

		@Override
		public Mono<PeriodUsage> used(UsageKey key) {
			return this.ledger.used(key);
		}

		@Override
		public Mono<Void> setAside(Entry entry, String error) {
			return this.ledger.setAside(entry, error);
		}

	}

}
