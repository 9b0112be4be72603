package io.tallygate.metering;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.sync.RedisCommands;
import io.tallygate.client.Terms;
import io.tallygate.fault.Matrix;
import io.tallygate.support.OwnRedis;
import io.tallygate.support.TestServers;
import io.tallygate.support.TroubledWay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Redis is there and will not, or answers late, or not all of the time: what it does not
 * do is done by PostgreSQL, and afterwards both say the same.
 */
class RedisFaultIntegrationTests {

	/** Short, as each test waits until one has passed in which nobody died. */
	private static final Duration LEASE = Duration.ofMillis(600);

	private static OwnRedis redis;

	private final TestServers.TestDatabase database = TestServers.database();

	private final TroubledWay way = new TroubledWay(redis.port());

	private final Terms terms = Exchanges.terms(1000);

	private MeteringWorld world;

	private MeteringBooks books;

	@BeforeAll
	static void startRedis() {
		redis = new OwnRedis();
	}

	@AfterAll
	static void stopRedis() {
		redis.close();
	}

	@BeforeEach
	void start() {
		redis().flushall();
		redis().configSet("maxmemory-policy", "noeviction");
		Exchanges.register(this.database, this.terms);
		this.world = new MeteringWorld("redis://127.0.0.1:" + this.way.port(), this.database.system(), LEASE)
			.connected();
		this.books = new MeteringBooks(this.world, redis, this.database, this.terms);
		this.world.exchange(this.terms, 100);
	}

	@AfterEach
	void stop() {
		this.world.close();
		this.way.close();
	}

	@Test
	@Matrix({ 16, 26 })
	void aRedisThatMayUseNoMoreMemoryIsAsGoodAsAway() {
		redis().configSet("maxmemory", "1");
		exchanges(20);
		assertThat(this.database.number("select total from account")).isEqualTo(2_100_000);
		redis().configSet("maxmemory", "0");

		this.books.holdAtRest(21, 2_100_000);
	}

	@Test
	@Matrix(28)
	void aReplicaThatTakesNoWritesIsAsGoodAsAway() {
		redis().replicaof("127.0.0.1", 1);
		exchanges(5);
		redis().replicaofNoOne();

		this.books.holdAtRest(6, 600_000);
	}

	@Test
	@Matrix(28)
	void aRedisThatIsBusyWithAScriptIsAsGoodAsAway() {
		redis().configSet("busy-reply-threshold", "20");
		RedisClient somebody = RedisClient.create(redis.url());
		somebody.connect().async().eval("while true do end", ScriptOutputType.STATUS);
		exchanges(5);
		redis().scriptKill();
		somebody.shutdown(0, 1, TimeUnit.SECONDS);

		this.books.holdAtRest(6, 600_000);
	}

	@Test
	@Matrix(28)
	void scriptsThatAreForgottenUnderLoadAreSentAgain() {
		for (int i = 0; i < 5; i++) {
			redis().scriptFlush();
			exchanges(2);
		}

		assertThat(this.world.totals.isAway()).isFalse();
		this.books.holdAtRest(11, 1_100_000);
	}

	@Test
	@Matrix({ 20, 21 })
	void answersThatComeLatePileNothingUp() {
		this.way.delaysAnswers(Duration.ofMillis(200));
		long begun = System.nanoTime();
		exchangesAtOnce(100, 20);
		Duration took = Duration.ofNanos(System.nanoTime() - begun);
		MeteringWorld.await(() -> this.world.totals.waiting() < 100);
		this.way.heals();

		// In five rounds, each of which waits 100 ms for Redis and then for PostgreSQL.
		assertThat(took).isLessThan(Duration.ofSeconds(5));
		this.books.holdAtRest(101, 10_100_000);
	}

	@Test
	@Matrix(22)
	void anAnswerThatIsLostAfterTheWorkWasDoneCountsNothingTwice() {
		this.way.losesAnswers("EVALSHA", 4);
		exchangesAtOnce(40, 2);
		this.way.heals();

		assertThat(this.way.lost()).isPositive();
		this.books.holdAtRest(41, 4_100_000);
	}

	@Test
	@Matrix(24)
	void anAccountThatSomebodyDeletesUnderLoadIsLearntAgain() {
		deletedUnderLoad(MeteringBooks.account(this.terms));
	}

	@Test
	@Matrix(24)
	void pendingEntriesThatSomebodyDeletesUnderLoadAreWrittenAllTheSame() {
		deletedUnderLoad(ofTheTag("pending"));
	}

	@Test
	@Matrix(24)
	void withoutItsGenerationAnotherOneBegins() {
		deletedUnderLoad(ofTheTag("gen"));
	}

	private void deletedUnderLoad(String key) {
		Flux.range(0, 200).delayElements(Duration.ofMillis(2)).flatMap((i) -> {
			if (i % 50 == 25) {
				redis.commands().async().del(key);
			}
			Opening opening = Exchanges.opening(this.terms);
			return this.world.meter.open(opening)
				.then(this.world.meter.close(opening, Exchanges.billed(37)))
				.thenReturn(i);
		}, 50).blockLast(MeteringWorld.PATIENCE);

		this.books.holdAtRest(201, 100_000 + 200 * 37_000);
	}

	@Test
	@Matrix(29)
	void aPasswordThatWasChangedIsAsGoodAsAway() {
		RedisCommands<String, String> redis = redis();
		redis.configSet("requirepass", "another");
		redis.clientKill(KillArgs.Builder.typeNormal().skipme());
		exchanges(5);
		assertThat(this.database.number("select count(*) from ledger")).isEqualTo(6);
		redis.configSet("requirepass", "");

		this.books.holdAtRest(6, 600_000);
	}

	@Test
	@Matrix(27)
	void aRedisThatMayEvictIsRefusedAtTheStart() {
		redis().configSet("maxmemory-policy", "allkeys-lru");

		try (RedisCounters counters = new RedisCounters(this.world.client, Duration.ofSeconds(2),
				Schedulers.parallel())) {
			StepVerifier.create(counters.isThere())
				.expectErrorMatches((error) -> error instanceof RedisCounters.Evicts
						&& error.getMessage().contains("set 'maxmemory-policy noeviction'"))
				.verify(MeteringWorld.PATIENCE);
		}
	}

	@Test
	@Matrix(27)
	void aRedisThatIsFoundOutToEvictCountsAsAwayUntilItIsMended() {
		redis().configSet("maxmemory-policy", "allkeys-lru");
		redis().clientKill(KillArgs.Builder.typeNormal().skipme());
		MeteringWorld.await(this.world.totals::isAway);
		exchanges(5);
		assertThat(this.world.totals.isAway()).isTrue();
		redis().configSet("maxmemory-policy", "noeviction");

		this.books.holdAtRest(6, 600_000);
	}

	/** And is sure of nothing that others had committed before it. */
	@Test
	@Matrix(19)
	void whoeverStartsWithoutRedisCountsInPostgresUntilItIsThere() {
		redis.kill();
		this.world.close();
		this.world = new MeteringWorld("redis://127.0.0.1:" + this.way.port(), this.database.system(), LEASE);
		this.books = new MeteringBooks(this.world, redis, this.database, this.terms);
		this.world.history.doubt();
		exchanges(5);
		assertThat(this.database.number("select count(*) from ledger")).isEqualTo(6);
		assertThat(this.world.history.isCertain()).isFalse();

		redis.start();

		MeteringWorld.await(this.world.history::isCertain);
		this.books.holdAtRest(6, 600_000);
	}

	private void exchanges(int count) {
		for (int i = 0; i < count; i++) {
			this.world.exchange(this.terms, 100);
		}
	}

	private void exchangesAtOnce(int count, int atOnce) {
		Flux.range(0, count).flatMap((i) -> {
			Opening opening = Exchanges.opening(this.terms);
			return this.world.meter.open(opening)
				.then(this.world.meter.close(opening, Exchanges.billed(100)))
				.thenReturn(i);
		}, atOnce).blockLast(MeteringWorld.PATIENCE);
	}

	private String ofTheTag(String name) {
		return "tg:{" + RedisCounters.tag(new AccountKey(this.terms.client(), 1)) + "}:" + name;
	}

	private RedisCommands<String, String> redis() {
		return redis.commands().sync();
	}

}
