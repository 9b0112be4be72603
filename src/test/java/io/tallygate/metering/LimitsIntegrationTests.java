package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;

import io.tallygate.client.Limits;
import io.tallygate.client.Terms;
import io.tallygate.client.UsagePeriod;
import io.tallygate.fault.Matrix;
import io.tallygate.metering.Admission.Admitted;
import io.tallygate.metering.Admission.CapReached;
import io.tallygate.metering.Admission.RateExceeded;
import io.tallygate.support.OwnRedis;
import io.tallygate.support.TestServers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Two replicas over a real Redis and a real PostgreSQL hold one client to its limits,
 * also when one of the servers has forgotten or is away.
 */
class LimitsIntegrationTests {

	private static final TestServers.TestDatabase DATABASE = TestServers.database();

	private static OwnRedis redis;

	private static MeteringWorld one;

	private static MeteringWorld other;

	@BeforeAll
	static void start() {
		redis = new OwnRedis();
		one = new MeteringWorld(redis.url(), DATABASE.system(), Duration.ofSeconds(2)).connected();
		other = new MeteringWorld(redis.url(), DATABASE.system(), Duration.ofSeconds(2)).connected();
	}

	@AfterAll
	static void stop() {
		one.close();
		other.close();
		redis.close();
	}

	/** What a test that failed left open is closed for the next one. */
	@AfterEach
	void nothingIsReservedByNobody() {
		for (MeteringWorld world : List.of(one, other)) {
			world.meter.open().forEach((opening) -> close(opening));
		}
		MeteringWorld.await(() -> one.meter.reserved() == 0 && other.meter.reserved() == 0);
	}

	@Test
	void ofTwoHundredAtOnceAsManyAreAdmittedAsTheCapHasMessages() {
		Terms terms = client(Exchanges.cap(10));

		List<Opening> admitted = openAtOnce(terms, 200);

		assertThat(admitted).hasSize(10);
		admitted.forEach((opening) -> close(opening));
		assertThat(open(terms)).isInstanceOf(CapReached.class);
	}

	@Test
	void ofTwoHundredAtOnceAsManyAreAdmittedAsTheMinuteHasRequests() {
		Terms terms = client(new Limits(null, null, 10L, null));

		List<Opening> admitted = openAtOnce(terms, 200);

		assertThat(admitted).hasSize(10);
		admitted.forEach((opening) -> close(opening));
		assertThat(open(terms)).isInstanceOfSatisfying(RateExceeded.class, (refusal) -> {
			assertThat(refusal.what()).isEqualTo("requests");
			assertThat(refusal.retryAfter()).isBetween(Duration.ofMillis(1), Duration.ofSeconds(6));
			assertThat(refusal.rates().requests().remaining()).isZero();
		});
	}

	@Test
	void oneAfterTheOtherReachTheCapExactly() {
		Terms terms = client(Exchanges.cap(25));

		for (int i = 0; i < 25; i++) {
			Opening opening = Exchanges.opening(terms);
			assertThat(open((i % 2 == 0) ? one : other, opening)).as("message %d", i).isInstanceOf(Admitted.class);
			close(opening);
		}

		MeteringWorld.await(() -> isCounted(terms));
		assertThat(open(terms)).isInstanceOfSatisfying(CapReached.class, (refusal) -> {
			assertThat(refusal.cap()).isEqualByComparingTo("25");
			assertThat(refusal.used()).isEqualByComparingTo("25");
			assertThat(refusal.reserved()).isZero();
			assertThat(refusal.resetsAt()).isEqualTo(UsagePeriod.monthOf(Instant.now()).end());
		});
	}

	@Test
	void anExchangeThatUsesLessThanItReservedGivesTheRestBack() {
		Terms tokens = tokens(1000);
		Opening large = Exchanges.opening(tokens, 5000);
		assertThat(open(one, large)).isInstanceOf(Admitted.class);
		assertThat(open(tokens)).isInstanceOfSatisfying(CapReached.class, (refusal) -> {
			assertThat(refusal.used()).isZero();
			assertThat(refusal.reserved()).isEqualByComparingTo("5000");
		});

		one.meter.close(large, Exchanges.billed(10)).block(MeteringWorld.PATIENCE);
		MeteringWorld.await(() -> isCounted(tokens));

		Opening next = Exchanges.opening(tokens, 5000);
		assertThat(open(other, next)).isInstanceOf(Admitted.class);
		close(next);
	}

	@Test
	void whatRedisForgotIsAskedOfPostgres() {
		Terms terms = client(Exchanges.cap(3));
		exchanges(terms, 2);
		MeteringWorld.await(() -> used(terms) == 2000);

		redis.commands().sync().flushall();

		Opening third = Exchanges.opening(terms);
		assertThat(open(one, third)).isInstanceOf(Admitted.class);
		// It may have been admitted before Redis was found to have forgotten, or while.
		MeteringWorld.await(() -> isMarked(third));
		assertThat(open(terms)).isInstanceOf(CapReached.class);
		close(third);
	}

	@Test
	void whatADeadInstanceWroteWithoutTellingRedisCounts() {
		Terms terms = client(Exchanges.cap(2));
		MeteringWorld dead = new MeteringWorld(redis.url(), DATABASE.system(), Duration.ofSeconds(1)).connected();
		Opening opening = Exchanges.opening(terms);
		assertThat(open(dead, opening)).isInstanceOf(Admitted.class);
		dead.close();
		Entry entry = new Entry(opening.request(), terms.agency(), new AccountKey(terms.client(), 1), opening.channel(),
				terms.policy().chargeBy(), 2000, Instant.now(), dead.presence.id(), Exchanges.billed(1));
		ledger().append(List.of(entry)).block(MeteringWorld.PATIENCE);

		MeteringWorld.await(() -> {
			other.presence.renew().then(one.presence.renew()).block(MeteringWorld.PATIENCE);
			one.sweeper.sweep().block(MeteringWorld.PATIENCE);
			return one.counters.marks().all((mark) -> !mark.request().equals(opening.request().value())).block();
		});

		assertThat(open(terms)).isInstanceOfSatisfying(CapReached.class, (refusal) -> {
			assertThat(refusal.used()).isEqualByComparingTo("2");
			assertThat(refusal.reserved()).isZero();
		});
	}

	@Test
	void aCapThatIsSetWhileAnExchangeRunsCountsItInTheEnd() {
		Terms free = client(Limits.NONE);
		Opening running = Exchanges.opening(free);
		assertThat(open(one, running)).isInstanceOf(Admitted.class);
		Terms capped = new Terms(free.agency(), free.client(), 1, free.policy(), Exchanges.cap(2));
		Opening first = Exchanges.opening(capped);
		assertThat(open(other, first)).isInstanceOf(Admitted.class);
		assertThat(open(capped)).isInstanceOf(CapReached.class);

		close(running);
		close(first);

		MeteringWorld.await(() -> used(capped) == 2000);
		assertThat(open(capped)).isInstanceOf(CapReached.class);
	}

	@Test
	void withRedisAwayAReplicaAdmitsItsShareOfWhatIsLeft() {
		Terms terms = client(Exchanges.cap(20));
		exchanges(terms, 4);
		MeteringWorld.await(() -> used(terms) == 4000);
		int replicas = replicas();
		withRedisAway(() -> {
			List<Opening> admitted = Flux.range(0, 100)
				.map((i) -> Exchanges.opening(terms))
				.flatMap((opening) -> one.meter.open(opening)
					.filter(Admitted.class::isInstance)
					.map((done) -> opening)
					.onErrorComplete(MeteringUnavailable.class), 50)
				.collectList()
				.block(MeteringWorld.PATIENCE);

			assertThat(admitted).hasSize((16 + replicas - 1) / replicas);
			StepVerifier.create(one.meter.open(Exchanges.opening(terms)))
				.expectErrorMatches((error) -> error.getMessage().contains("share"))
				.verify(MeteringWorld.PATIENCE);
			admitted.forEach((opening) -> close(opening));
		});
	}

	@Test
	void withRedisAwayACapThatIsReachedIsStillReached() {
		Terms terms = client(Exchanges.cap(2));
		exchanges(terms, 2);
		MeteringWorld.await(() -> used(terms) == 2000);

		withRedisAway(() -> assertThat(open(terms)).isInstanceOfSatisfying(CapReached.class,
				(refusal) -> assertThat(refusal.used()).isEqualByComparingTo("2")));
	}

	@Test
	void withRedisAwayAReplicaKeepsToItsShareOfARate() {
		Terms terms = client(new Limits(null, null, 10L, null));
		int share = 10 / replicas();

		withRedisAway(() -> {
			for (int i = 0; i < share; i++) {
				Opening opening = Exchanges.opening(terms);
				assertThat(open(one, opening)).isInstanceOf(Admitted.class);
				close(opening);
			}
			assertThat(open(one, Exchanges.opening(terms))).isInstanceOf(RateExceeded.class);
		});
	}

	@Test
	void whatWasUsedWhileRedisWasAwayIsKnownWhenItIsBack() {
		Terms terms = client(Exchanges.cap(9));
		exchanges(terms, 2);

		withRedisAway(() -> {
			for (int i = 0; i < 7; i++) {
				Opening opening = Exchanges.opening(terms);
				assertThat(open(one, opening)).isInstanceOf(Admitted.class);
				close(opening);
			}
		});

		assertThat(open(terms)).isInstanceOf(CapReached.class);
	}

	@Test
	void whatWasUsedWhileRedisHungIsKnownWhenItAnswers() {
		Terms terms = client(Exchanges.cap(5));
		exchanges(terms, 1);
		redis.freeze();
		try {
			exchanges(terms, 4);
		}
		finally {
			redis.thaw();
		}
		// Redis is told with the acknowledgements, which come after its first answers.
		MeteringWorld.await(() -> "5000".equals(redis.commands().sync().hget(capKey(terms), "base")));

		assertThat(open(terms)).isInstanceOf(CapReached.class);
	}

	@Test
	void aSoftCapIsReachedOnceInAPeriod() {
		Terms terms = client(Limits.NONE);
		DATABASE.execute("update client set cap_soft = 3000 where id = '" + terms.client() + "'");

		exchanges(terms, 6);

		MeteringWorld.await(() -> posted(terms).count() == 6);
		assertThat(posted(terms).filter(Ledger.Posted::reachesSoftCap)).hasSize(1);
		assertThat(
				DATABASE.number("select count(*) from usage_period where soft_reached_at is not null and client_id = '"
						+ terms.client() + "'"))
			.isEqualTo(1);
	}

	@Test
	void anEntryThatIsWrittenAgainIsUsedOnce() {
		Terms terms = client(Limits.NONE);
		PostgresLedger ledger = ledger();
		Entry entry = Exchanges.entry(terms, 7, Exchanges.NOON);

		Ledger.Posted first = ledger.append(List.of(entry, entry)).block(MeteringWorld.PATIENCE).get(0);
		Ledger.Posted again = ledger.append(List.of(entry)).block(MeteringWorld.PATIENCE).get(0);

		assertThat(first.usage().quantity()).isEqualTo(7000);
		assertThat(again.usage()).isEqualTo(first.usage())
			.isEqualTo(ledger.used(entry.usage()).block(MeteringWorld.PATIENCE));
	}

	@Test
	void aLineOfTheFormerVersionIsUsedInItsMonthAndLinesOfOtherKindsInNone() {
		Terms terms = client(Limits.NONE);
		String line = """
				insert into ledger (id, kind, request_id, agency_id, client_id, epoch, status, quantity, charge_by,
				  total_before, total_after, units, occurred_at)
				values ('%1$s', '%2$s', 'r', '%3$s', '%4$s', 1, 'billed', 500, 'messages', 0, 0, 0, '2026-10-31T23:59:59Z')""";
		for (String kind : List.of("exchange", "carry", "round_up", "drop", "adjustment", "test")) {
			DATABASE.execute(line.formatted(Exchanges.IDS.next("led_"), kind, terms.agency(), terms.client()));
		}

		assertThat(DATABASE.number("select sum(quantity) from usage_period where client_id = '" + terms.client()
				+ "' and period_start = '2026-10-01T00:00:00Z'"))
			.isEqualTo(500);
		assertThat(DATABASE.number("select count(*) from usage_period where client_id = '" + terms.client() + "'"))
			.isEqualTo(1);
	}

	@Test
	@Matrix(41)
	void anEntryThatTheFormerVersionLeftPendingIsWrittenByTheSweeperAndUsed() {
		Terms terms = client(Exchanges.cap(2));
		Entry entry = new Entry(Exchanges.opening(terms).request(), terms.agency(), new AccountKey(terms.client(), 1),
				Exchanges.opening(terms).channel(), terms.policy().chargeBy(), 2000, Instant.now(), "ins_long_gone",
				Exchanges.billed(1));
		String line = entry.encode();
		assertThat(line).startsWith("1\t");
		redis.commands()
			.sync()
			.hset("tg:{" + RedisCounters.tag(entry.account()) + "}:pending", entry.request().value(),
					entry.account().text() + "\n2000\n" + line);

		MeteringWorld.await(() -> {
			other.presence.renew().then(one.presence.renew()).block(MeteringWorld.PATIENCE);
			one.sweeper.sweep().block(MeteringWorld.PATIENCE);
			return used(terms) == 2000;
		});

		MeteringWorld.await(() -> one.counters.pending()
			.all((pending) -> !pending.request().equals(entry.request().value()))
			.block());
		assertThat(open(terms)).isInstanceOf(CapReached.class);
	}

	@Test
	void whatPostgresLostAndWroteAgainIsNewerThanWhatRedisWasTold() {
		Terms terms = client(Exchanges.cap(2));
		Entry entry = Exchanges.entry(terms, 7, Exchanges.NOON);
		long told = ledger().append(List.of(entry)).block(MeteringWorld.PATIENCE).get(0).usage().version();

		DATABASE.execute("delete from usage_period where client_id = '" + terms.client() + "'");
		Entry next = Exchanges.entry(terms, 7, Exchanges.NOON);

		assertThat(ledger().append(List.of(next)).block(MeteringWorld.PATIENCE).get(0).usage().version())
			.isGreaterThan(told);
	}

	private static PostgresLedger ledger() {
		return new PostgresLedger(DATABASE.system(), TestWitness.alone(), Exchanges.IDS.next("wri_"));
	}

	private static void withRedisAway(Runnable work) {
		redis.kill();
		try {
			MeteringWorld.await(() -> one.totals.isAway() && other.totals.isAway());
			work.run();
		}
		finally {
			redis.start();
			MeteringWorld.await(() -> !one.totals.isAway() && !other.totals.isAway());
		}
	}

	/** How many share what is left, as each of them has heard. */
	private static int replicas() {
		one.presence.renew().block(MeteringWorld.PATIENCE);
		other.presence.renew().then(one.presence.renew()).block(MeteringWorld.PATIENCE);
		assertThat(one.presence.replicas()).isEqualTo(other.presence.replicas()).isGreaterThanOrEqualTo(2);
		return one.presence.replicas();
	}

	private static Terms client(Limits limits) {
		Terms terms = Exchanges.terms(limits);
		Exchanges.register(DATABASE, terms);
		return terms;
	}

	private static Terms tokens(long cap) {
		Terms terms = Exchanges.terms(1000);
		Exchanges.register(DATABASE, terms);
		return new Terms(terms.agency(), terms.client(), 1, terms.policy(), new Limits(null, cap * 1000, null, null));
	}

	private static List<Opening> openAtOnce(Terms terms, int count) {
		return Flux.fromStream(IntStream.range(0, count).boxed())
			.parallel(4)
			.runOn(Schedulers.parallel())
			.map((i) -> Exchanges.opening(terms))
			.flatMap((opening) -> Mono.defer(() -> world(opening).meter.open(opening))
				.filter(Admitted.class::isInstance)
				.map((admitted) -> opening), false, 100)
			.sequential()
			.collectList()
			.block(MeteringWorld.PATIENCE);
	}

	/** Which of the two replicas an exchange comes to. */
	private static MeteringWorld world(Opening opening) {
		return (opening.request().value().hashCode() % 2 == 0) ? one : other;
	}

	private static Admission open(Terms terms) {
		return open(other, Exchanges.opening(terms));
	}

	private static Admission open(MeteringWorld world, Opening opening) {
		return world.meter.open(opening).block(MeteringWorld.PATIENCE);
	}

	private static void close(Opening opening) {
		MeteringWorld world = one.meter.holds(opening.request().value()) ? one : other;
		world.meter.close(opening, Exchanges.billed(10)).block(MeteringWorld.PATIENCE);
	}

	private static void exchanges(Terms terms, int count) {
		for (int i = 0; i < count; i++) {
			Opening opening = Exchanges.opening(terms);
			assertThat(open(one, opening)).isInstanceOf(Admitted.class);
			close(opening);
		}
	}

	private static java.util.stream.Stream<Ledger.Posted> posted(Terms terms) {
		return one.posted.stream().filter((posted) -> posted.entry().account().client().equals(terms.client()));
	}

	private static long used(Terms terms) {
		return DATABASE
			.number("select coalesce(sum(quantity), 0) from usage_period where client_id = '" + terms.client() + "'");
	}

	private static boolean isMarked(Opening opening) {
		return one.counters.marks()
			.any((mark) -> mark.request().equals(opening.request().value()))
			.block(MeteringWorld.PATIENCE);
	}

	/**
	 * PostgreSQL may have an entry first, and Redis reserves for it until it counts it.
	 */
	private static boolean isCounted(Terms terms) {
		return "0".equals(redis.commands().sync().hget(capKey(terms), "held"));
	}

	private static String capKey(Terms terms) {
		return "tg:{" + RedisCounters.tag(new AccountKey(terms.client(), 1)) + "}:cap:" + terms.client();
	}

}
