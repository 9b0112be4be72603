package io.tallygate.metering;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tallygate.client.Terms;
import io.tallygate.core.ChannelId;
import io.tallygate.core.Ids;
import io.tallygate.core.RequestId;
import io.tallygate.metering.MeteringProperties.CloseDurability;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Whatever is lost, comes late or in another order, and whoever dies: each exchange
 * stands at most once in the ledger, and when all is well again exactly once, or among
 * the orphans; the accounts are the sums of their lines, and Redis says the same.
 */
class EveryScheduleTests {

	@Property(tries = 400)
	void nothingIsLostOrCountedTwiceWhateverRedisForgets(@ForAll long seed,
			@ForAll @IntRange(min = 5, max = 120) int steps) {
		new Schedule(seed, true).run(steps);
	}

	@Property(tries = 400)
	void nothingIsLostOrCountedTwiceWhoeverDies(@ForAll long seed, @ForAll @IntRange(min = 5, max = 120) int steps) {
		new Schedule(seed, false).run(steps);
	}

	/** One seed is one schedule, but for the jitter of retries. */
	private static final class Schedule {

		private static final Duration LEASE = Duration.ofSeconds(20);

		private static final Duration REST = Duration.ofMinutes(4);

		private final Random random;

		private final boolean redisForgets;

		private final VirtualTimeScheduler scheduler = VirtualTimeScheduler.create();

		private final InstantSource clock = () -> Exchanges.NOON.plusMillis(this.scheduler.now(TimeUnit.MILLISECONDS));

		private final Ids ids;

		private final InMemoryRedis redis = new InMemoryRedis(this.clock);

		private final InMemoryPostgres postgres = new InMemoryPostgres(this.clock);

		private final List<Terms> clients = List.of(Exchanges.terms(1000), Exchanges.terms(7));

		private final List<Instance> living = new ArrayList<>();

		/** What was admitted and is not closed, and by whom. */
		private final Map<Opening, Instance> open = new HashMap<>();

		private final Set<String> admitted = new HashSet<>();

		/** What was closed, with how many thousandths. */
		private final Map<String, Long> closed = new HashMap<>();

		/** What a client saw the end of. */
		private final Set<String> complete = new HashSet<>();

		private final Set<String> ofTheDead = new HashSet<>();

		private final Map<AccountKey, InMemoryRedis.Total> before = new HashMap<>();

		Schedule(long seed, boolean redisForgets) {
			this.random = new Random(seed);
			this.redisForgets = redisForgets;
			this.ids = new Ids(this.clock, this.random);
			for (Terms terms : this.clients) {
				AccountKey key = key(terms);
				this.postgres.accounts.put(key, new Account(key, terms.policy().divisor(), 0, 0, 0, 0));
			}
			this.living.add(new Instance());
			this.living.add(new Instance());
		}

		void run(int steps) {
			for (int i = 0; i < steps; i++) {
				step();
				check();
			}
			heal();
			assertExact();
			this.clients.forEach((terms) -> exchange(this.living.get(0), terms));
			pass(Duration.ofSeconds(5));
			for (Terms terms : this.clients) {
				assertThat(this.redis.total(key(terms)).base())
					.isEqualTo(this.postgres.accounts.get(key(terms)).total());
			}
		}

		private void step() {
			switch (this.random.nextInt(8)) {
				case 0, 1 -> open(anyone(), this.clients.get(this.random.nextInt(this.clients.size())));
				case 2, 3 -> closeOne();
				case 4 -> trouble();
				case 5 -> pass(Duration.ofSeconds(this.random.nextInt(40)));
				default -> pass(Duration.ofMillis(this.random.nextInt(400)));
			}
		}

		/** Two failures at once may lose what is listed, so a schedule has one kind. */
		private void trouble() {
			if (this.redisForgets) {
				this.redis.flush();
				this.before.clear();
			}
			else if (this.random.nextInt(5) == 0) {
				Instance dead = this.living.remove(this.random.nextInt(2));
				dead.die();
				this.open.forEach((opening, instance) -> {
					if (instance == dead) {
						this.ofTheDead.add(opening.request().value());
					}
				});
				this.ofTheDead.addAll(dead.closedHere);
				this.open.values().removeIf((instance) -> instance == dead);
				this.living.add(new Instance());
			}
		}

		private Instance anyone() {
			return this.living.get(this.random.nextInt(this.living.size()));
		}

		private void open(Instance instance, Terms terms) {
			Opening opening = new Opening(new RequestId(this.ids.next("req_")), new ChannelId(this.ids.next("chn_")),
					terms, 5000, this.clock.instant());
			instance.meter.open(opening).subscribe((done) -> {
			}, (refused) -> {
			}, () -> {
				this.admitted.add(opening.request().value());
				this.open.put(opening, instance);
			});
		}

		private void closeOne() {
			List<Opening> openings = this.open.keySet()
				.stream()
				.sorted((one, other) -> one.request().value().compareTo(other.request().value()))
				.toList();
			if (!openings.isEmpty()) {
				close(openings.get(this.random.nextInt(openings.size())));
			}
		}

		private void close(Opening opening) {
			Instance instance = this.open.remove(opening);
			String request = opening.request().value();
			long tokens = this.random.nextInt(4) * 333L;
			this.closed.put(request, tokens * 1000);
			instance.closedHere.add(request);
			instance.meter.close(opening, Exchanges.billed(tokens)).subscribe((done) -> {
			}, (late) -> {
			}, () -> this.complete.add(request));
		}

		private void exchange(Instance instance, Terms terms) {
			open(instance, terms);
			pass(Duration.ofSeconds(2));
			closeOne();
		}

		private void pass(Duration time) {
			this.scheduler.advanceTimeBy(time);
		}

		private void heal() {
			this.living.forEach(Instance::heal);
			for (Opening opening : List.copyOf(this.open.keySet())) {
				close(opening);
			}
			pass(REST);
			List.copyOf(this.open.keySet()).forEach(this::close);
			pass(REST);
		}

		/** At any instant. */
		private void check() {
			this.postgres.lines.forEach((request, line) -> assertThat(line.entry().quantity()).as(request)
				.isEqualTo(this.closed.get(request)));
			assertThat(this.redis.countedAgain()).isEmpty();
			for (Terms terms : this.clients) {
				AccountKey key = key(terms);
				Account account = this.postgres.accounts.get(key);
				InMemoryRedis.Total total = this.redis.total(key);
				InMemoryRedis.Total earlier = this.before.put(key, total);
				assertThat(account.total()).isEqualTo(this.postgres.lines.values()
					.stream()
					.filter((line) -> line.entry().account().equals(key))
					.mapToLong((line) -> line.entry().quantity())
					.sum());
				assertThat(account.crossed()).isEqualTo(account.total() / account.divisor());
				if (total.base() != null) {
					assertThat(total.base()).isLessThanOrEqualTo(account.total());
				}
				if (earlier != null && earlier.base() != null) {
					assertThat(total.base()).isGreaterThanOrEqualTo(earlier.base());
				}
			}
		}

		/** At rest. */
		private void assertExact() {
			check();
			assertThat(this.postgres.lines.keySet()).isSubsetOf(this.closed.keySet());
			assertThat(this.complete).allMatch(this.postgres.lines::containsKey);
			assertThat(this.postgres.orphans.keySet()).noneMatch(this.postgres.lines::containsKey);
			for (String request : this.admitted) {
				boolean isOrphan = this.ofTheDead.contains(request) && this.postgres.orphans.containsKey(request);
				assertThat(this.postgres.lines.containsKey(request) || isOrphan).as(request).isTrue();
			}
			assertThat(this.redis.open()).isEmpty();
			assertThat(this.redis.pending()).isEmpty();
			assertThat(this.postgres.opened).isEmpty();
			assertThat(this.living).allMatch((instance) -> instance.ledger.unwritten().isEmpty());
			this.clients.forEach((terms) -> assertThat(this.redis.total(key(terms)).pending()).isZero());
		}

		private static AccountKey key(Terms terms) {
			return new AccountKey(terms.client(), terms.epoch());
		}

		/** One instance, put together as the application does. */
		private final class Instance {

			private final Wire toRedis = wire();

			private final Wire toPostgres = wire();

			private final Set<String> closedHere = new HashSet<>();

			private final LedgerWriter ledger;

			private final ExchangeMeter meter;

			private final RunningTotals totals;

			private final List<Disposable> rounds = new ArrayList<>();

			Instance() {
				MeteringProperties properties = new MeteringProperties(CloseDurability.REDIS, Duration.ofMillis(100),
						Duration.ofSeconds(2), Duration.ofMillis(500), 1000, 10_000, 1 << 24, LEASE,
						Duration.ofSeconds(10), Duration.ofSeconds(60), Duration.ofSeconds(10), Duration.ofSeconds(5));
				MeteringMetrics metrics = new MeteringMetrics(new SimpleMeterRegistry());
				Counters counters = Schedule.this.redis.over(this.toRedis);
				Instances instances = Schedule.this.postgres.instances(this.toPostgres);
				this.totals = new RunningTotals(counters, Schedule.this.ids, Schedule.this.scheduler);
				Presence presence = new Presence(instances, Schedule.this.ids, Schedule.this.clock, LEASE);
				this.ledger = new LedgerWriter(Schedule.this.postgres.ledger(this.toPostgres), this.totals,
						Schedule.this.scheduler, properties.unwrittenMax(), properties.unwrittenBytesMax());
				OccurrenceClock occurrences = new OccurrenceClock(Schedule.this.clock);
				this.meter = new ExchangeMeter(this.totals, this.ledger, instances, presence, occurrences,
						Schedule.this.scheduler, properties, metrics);
				this.totals.onTime(occurrences::redisSaid);
				this.totals.onGeneration(this.meter::giveAgain);
				presence.onNewId(this.meter::markAgain);
				Sweeper sweeper = new Sweeper(counters, this.totals, instances, presence, this.ledger, this.meter,
						Schedule.this.clock, properties.markGrace(), metrics);
				this.totals.start();
				every(LEASE.dividedBy(4), presence::renew);
				every(properties.sweepInterval(), sweeper::sweep);
			}

			private Wire wire() {
				return new Wire(Schedule.this.scheduler, Schedule.this.random, 10);
			}

			private void every(Duration pause, java.util.function.Supplier<Mono<Void>> round) {
				this.rounds.add(Mono.defer(round)
					.onErrorComplete()
					.repeatWhen((done) -> done.concatMap((one) -> Mono.delay(pause, Schedule.this.scheduler)))
					.subscribe());
			}

			void heal() {
				this.toRedis.heal();
				this.toPostgres.heal();
			}

			void die() {
				this.toRedis.die();
				this.toPostgres.die();
				this.rounds.forEach(Disposable::dispose);
				this.totals.stop();
			}

		}

	}

}
