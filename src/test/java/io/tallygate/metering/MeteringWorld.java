package io.tallygate.metering;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tallygate.client.Periods;
import io.tallygate.core.AgreedClock;
import io.tallygate.core.Database;
import io.tallygate.metering.MeteringProperties.CloseDurability;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * One instance's metering over real servers, put together as the application does, its
 * rounds run by the test.
 */
final class MeteringWorld implements AutoCloseable {

	static final Duration PATIENCE = Duration.ofSeconds(20);

	final RedisClient client;

	final RedisCounters counters;

	final RunningTotals totals;

	final Presence presence;

	final LedgerWriter ledger;

	final ExchangeMeter meter;

	final Sweeper sweeper;

	final EpochCloser epochs;

	final SimpleMeterRegistry meters = new SimpleMeterRegistry();

	final Comparison comparison;

	final Progress progress;

	final Witness witness;

	final History history;

	final Instances instances;

	final List<Ledger.Posted> posted = new CopyOnWriteArrayList<>();

	MeteringWorld(String redis, Database.OfSystem database, Duration lease) {
		this(redis, database, lease, CloseDurability.REDIS);
	}

	MeteringWorld(String redis, Database.OfSystem database, Duration lease, CloseDurability durability) {
		Scheduler scheduler = Schedulers.parallel();
		AgreedClock clock = new AgreedClock(Clock.systemUTC(), System::nanoTime);
		MeteringProperties properties = new MeteringProperties(durability, Duration.ofMillis(100),
				Duration.ofSeconds(2), Duration.ofMillis(500), 1000, Duration.ofMillis(50), 10_000, 1 << 24, lease,
				Duration.ofSeconds(1), Duration.ZERO, Duration.ofSeconds(1), Duration.ofSeconds(5));
		this.client = RedisClient.create(redis);
		this.client.setOptions(ClientOptions.builder()
			.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
			.build());
		this.counters = new RedisCounters(this.client, properties.redisAnswerMax(), scheduler);
		this.totals = new RunningTotals(this.counters, clock, Exchanges.IDS, scheduler);
		ServerTime postgresTime = new ServerTime(clock, this.totals::isAway);
		this.instances = new PostgresInstances(database);
		this.presence = new Presence(this.instances, Exchanges.IDS, postgresTime, lease);
		this.witness = new Witness(this.counters, clock);
		this.ledger = new LedgerWriter(new PostgresLedger(database, this.witness, Exchanges.IDS.next("wri_")),
				this.totals, scheduler, properties.unwrittenMax(), properties.unwrittenBytesMax(),
				properties.collecting());
		this.progress = new PostgresProgress(database);
		this.history = new History(this.progress, this.witness, this.counters, this.ledger, this.presence.id(),
				scheduler);
		this.witness.onLost(this.history::doubt);
		MeteringMetrics metrics = new MeteringMetrics(this.meters);
		OccurrenceClock occurrences = new OccurrenceClock(clock);
		this.meter = new ExchangeMeter(this.totals, this.ledger, this.instances, this.presence, occurrences,
				postgresTime, scheduler, properties, metrics, Periods.UTC_MONTHS);
		this.totals.onGeneration(this.meter::giveAgain);
		this.presence.onNewId(this.meter::markAgain);
		this.ledger.onPosted((posted) -> {
			this.meter.written(posted.entry().request().value());
			this.posted.add(posted);
		});
		this.sweeper = new Sweeper(this.counters, this.totals, this.instances, this.presence, this.ledger, this.meter,
				clock, properties.markGrace(), metrics);
		this.epochs = new EpochCloser(new PostgresEpochs(database, Exchanges.IDS, clock), this.counters, this.totals);
		this.comparison = new Comparison(new PostgresAccounts(database), this.totals, metrics);
		this.totals.beforeGeneration(new GenerationBook(new PostgresAccounts(database), this.counters,
				this.ledger::unwritten, new PostgresGenerations(database))::write);
		this.totals.start();
		this.presence.renew().block(PATIENCE);
	}

	/** Waits until it has the lease so long that it may judge others. */
	void becomeSteady() {
		await(() -> {
			this.presence.renew().block(PATIENCE);
			return this.presence.isSteady();
		});
	}

	/** Waits until Redis has been asked who it is. */
	MeteringWorld connected() {
		await(() -> !this.totals.isAway());
		return this;
	}

	/** Opens and closes one exchange and waits as a client would. */
	Opening exchange(io.tallygate.client.Terms terms, long tokens) {
		Opening opening = Exchanges.opening(terms);
		this.meter.open(opening)
			.then(Mono.defer(() -> this.meter.close(opening, Exchanges.billed(tokens))))
			.block(PATIENCE);
		return opening;
	}

	static void await(java.util.function.BooleanSupplier condition) {
		long until = System.nanoTime() + PATIENCE.toNanos();
		while (!condition.getAsBoolean()) {
			if (System.nanoTime() > until) {
				throw new AssertionError("It did not happen within " + PATIENCE);
			}
			try {
				Thread.sleep(10);
			}
			catch (InterruptedException ex) {
				Thread.currentThread().interrupt();
			}
		}
	}

	/** Dies: nothing is given up, nothing more is sent. */
	@Override
	public void close() {
		this.totals.stop();
		this.counters.close();
		this.client.shutdown(0, 1, java.util.concurrent.TimeUnit.SECONDS);
	}

}
