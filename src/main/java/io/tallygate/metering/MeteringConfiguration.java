package io.tallygate.metering;

import java.time.Clock;
import java.time.Duration;
import java.util.List;

import io.lettuce.core.AbstractRedisClient;
import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.client.Periods;
import io.tallygate.client.Terms;
import io.tallygate.core.AgreedClock;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Metric;
import io.tallygate.core.NewConnections;
import io.tallygate.core.Phases;
import io.tallygate.metering.Ledger.Posted;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.data.redis.autoconfigure.ClientResourcesBuilderCustomizer;
import org.springframework.boot.data.redis.autoconfigure.DataRedisProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.util.function.SingletonSupplier;

/** Puts metering together, over the real Redis and PostgreSQL. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(MeteringProperties.class)
class MeteringConfiguration {

	private static final String REDIS_OVER_TLS = "rediss://";

	private final Scheduler scheduler = Schedulers.parallel();

	/**
	 * Over TLS the driver keeps loops of its own: it reads the authorities' files on
	 * them, anew for each connection.
	 */
	@Bean
	ClientResourcesBuilderCustomizer sharedEventLoops(ObjectProvider<ReactorResourceFactory> eventLoops,
			DataRedisProperties redis) {
		boolean isOverTls = redis.getSsl().isEnabled()
				|| (redis.getUrl() != null && redis.getUrl().startsWith(REDIS_OVER_TLS));
		return (resources) -> {
			if (!isOverTls) {
				eventLoops.ifAvailable((relay) -> SharedEventLoops.of(relay.getLoopResources())
					.ifPresent(resources::eventLoopGroupProvider));
			}
		};
	}

	/** A Redis that is away keeps nobody from starting; one that may evict does. */
	@Bean
	RedisCounters counters(LettuceConnectionFactory redis, MeteringProperties properties) {
		redis.setPhase(Phases.REDIS);
		AbstractRedisClient client = redis.getRequiredNativeClient();
		RedisCounters counters = new RedisCounters(client, properties.redisAnswerMax(), this.scheduler);
		counters.isThere().block();
		return counters;
	}

	@Bean
	RunningTotals runningTotals(Counters counters, Ids ids, AgreedClock clock) {
		return new RunningTotals(counters, clock, ids, this.scheduler);
	}

	@Bean
	Instances instances(Database.OfSystem database) {
		return new PostgresInstances(database);
	}

	/**
	 * Redis and PostgreSQL may differ, so PostgreSQL is heard only while Redis is away.
	 */
	@Bean
	ServerTime postgresTime(AgreedClock clock, RunningTotals totals) {
		return new ServerTime(clock, totals::isAway);
	}

	@Bean
	Presence presence(Instances instances, Ids ids, ServerTime postgresTime, MeteringProperties properties) {
		return new Presence(instances, ids, postgresTime, properties.lease());
	}

	@Bean
	Witness witness(Counters counters, Clock clock) {
		return new Witness(counters, clock);
	}

	@Bean
	LedgerWriter ledgerWriter(Database.OfSystem database, Witness witness, Ids ids, RunningTotals totals,
			MeteringProperties properties) {
		return new LedgerWriter(new PostgresLedger(database, witness, ids.next("wri_")), totals, this.scheduler,
				properties.unwrittenMax(), properties.unwrittenBytesMax(), properties.collecting());
	}

	@Bean
	History history(Database.OfSystem database, Witness witness, Counters counters, LedgerWriter ledger,
			Presence presence, NewConnections connections) {
		History history = new History(new PostgresProgress(database), witness, counters, ledger, presence.id(),
				this.scheduler);
		witness.onLost(history::doubt);
		connections.listen(history::doubt);
		return history;
	}

	@Bean
	MeteringMetrics meteringMetrics(MeterRegistry registry) {
		return new MeteringMetrics(registry);
	}

	@Bean
	ExchangeMeter exchangeMeter(RunningTotals totals, LedgerWriter ledger, Instances instances, Presence presence,
			AgreedClock clock, ServerTime postgresTime, History history, Witness witness, MeteringProperties properties,
			MeteringMetrics metrics, Periods periods, ObjectProvider<DueListener> dueListeners,
			ObjectProvider<MeteringListener> listeners) {
		OccurrenceClock occurrences = new OccurrenceClock(clock);
		ExchangeMeter meter = new ExchangeMeter(totals, ledger, instances, presence, occurrences, postgresTime,
				this.scheduler, properties, metrics, periods);
		SoftCaps softCaps = new SoftCaps(metrics);
		totals.onGeneration((reason, isNew) -> {
			meter.giveAgain(reason, isNew);
			witness.tellAgain();
			history.doubt();
		});
		presence.onNewId(meter::markAgain);
		// They need the meter themselves; looking for them costs as much as writing an
		// entry.
		SingletonSupplier<List<DueListener>> whoCuts = SingletonSupplier
			.of(() -> dueListeners.orderedStream().toList());
		SingletonSupplier<List<MeteringListener>> whoCounts = SingletonSupplier
			.of(() -> listeners.orderedStream().toList());
		ledger.onPosted((posted) -> {
			softCaps.posted(posted);
			if (posted.fresh()) {
				metrics.written(Duration.between(posted.entry().occurredAt(), clock.instant()));
			}
			tell(posted, meter.written(posted.entry().request().value()), whoCuts.obtain(), whoCounts.obtain());
		});
		metrics.gauge(Metric.EXCHANGES_OPEN, meter, (m) -> m.open().size());
		metrics.gauge(Metric.ENTRIES_UNWRITTEN, ledger, (l) -> l.unwritten().size());
		metrics.gauge(Metric.ENTRIES_SET_ASIDE, ledger, LedgerWriter::poisoned);
		metrics.gauge(Metric.REDIS_AWAY, totals, (t) -> t.isAway() ? 1 : 0);
		return meter;
	}

	private static void tell(Posted posted, @Nullable Terms terms, List<DueListener> dueListeners,
			List<MeteringListener> listeners) {
		Entry entry = posted.entry();
		if (posted.fresh() && posted.account().hasUnitsDue()) {
			dueListeners.forEach((listener) -> listener.unitsDue(entry.account().client(), entry.account().epoch()));
		}
		if (posted.fresh() && terms != null) {
			listeners.forEach((listener) -> listener.counted(entry.request(), terms, entry.outcome().status(),
					entry.outcome().usage(), posted.totalBefore(), posted.totalAfter()));
		}
	}

	@Bean
	GenerationBook generationBook(Database.OfSystem database, Counters counters, LedgerWriter ledger,
			RunningTotals totals) {
		GenerationBook book = new GenerationBook(new PostgresAccounts(database), counters, ledger::unwritten,
				new PostgresGenerations(database));
		totals.beforeGeneration(book::write);
		return book;
	}

	@Bean
	MeteringLifecycle meteringLifecycle(RunningTotals totals, Presence presence, LedgerWriter ledger,
			ExchangeMeter meter, Counters counters, Instances instances, Database.OfSystem database, Ids ids,
			Clock clock, History history, MeteringProperties properties, MeteringMetrics metrics) {
		Sweeper sweeper = new Sweeper(counters, totals, instances, presence, ledger, meter, clock,
				properties.markGrace(), metrics);
		EpochCloser epochs = new EpochCloser(new PostgresEpochs(database, ids, clock), counters, totals);
		Comparison comparison = new Comparison(new PostgresAccounts(database), totals, metrics);
		return new MeteringLifecycle(totals, presence, history, ledger, meter, sweeper, comparison, epochs,
				new Partitions(database, clock), this.scheduler, properties);
	}

}
