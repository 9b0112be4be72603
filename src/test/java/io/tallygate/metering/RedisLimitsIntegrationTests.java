package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import io.tallygate.client.Limits;
import io.tallygate.client.Terms;
import io.tallygate.client.UsagePeriod;
import io.tallygate.fault.Matrix;
import io.tallygate.metering.Counters.Bounds;
import io.tallygate.metering.Counters.Cap;
import io.tallygate.metering.Counters.Holding;
import io.tallygate.metering.Counters.Mark;
import io.tallygate.metering.Counters.Operation;
import io.tallygate.metering.Counters.Reply;
import io.tallygate.metering.Counters.Result;
import io.tallygate.metering.Counters.Standing;
import io.tallygate.metering.Counters.TokenUse;
import io.tallygate.support.TestServers;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

/** What the script makes of limits, on a real Redis. A message is 1000 thousandths. */
class RedisLimitsIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private static final Instant PERIOD = UsagePeriod.monthOf(Exchanges.NOON).start();

	private static final Rate THREE = new Rate(3);

	private static RedisClient client;

	private static RedisCounters counters;

	private static RedisCommands<String, String> redis;

	private final Terms terms = Exchanges.terms(Exchanges.cap(3));

	private final UsageKey usage = new UsageKey(this.terms.client(), this.terms.policy().chargeBy(), PERIOD);

	private final AccountKey account = new AccountKey(this.terms.client(), 1);

	private String generation = "";

	@BeforeAll
	static void connect() {
		client = RedisClient.create("redis://127.0.0.1:" + TestServers.redisPort());
		counters = new RedisCounters(client, Duration.ofSeconds(2), Schedulers.parallel());
		redis = client.connect().sync();
	}

	@AfterAll
	static void disconnect() {
		counters.close();
		client.shutdown();
	}

	@BeforeEach
	void beginInAnEmptyRedis() {
		redis.flushall();
		begin("gen_a");
	}

	@Test
	void anExchangeIsAdmittedWhileUsedAndReservedAreLessThanTheCap() {
		tell(1000, 1);

		assertThat(open().result()).isEqualTo(Result.APPLIED);
		assertThat(open().result()).isEqualTo(Result.APPLIED);
		assertThat(open()).isEqualTo(new Reply(Result.CAP_REACHED, null, null, new Standing(1000, 0, 2000, 0, 0)));
		assertThat(counters.marks().count().block(PATIENCE)).isEqualTo(2);
	}

	@Test
	void whatWasUsedHasToBeToldBeforeAnybodyIsAdmitted() {
		assertThat(open().result()).isEqualTo(Result.USE_UNKNOWN);
		assertThat(open().result()).isEqualTo(Result.USE_UNKNOWN);
		assertThat(counters.marks().count().block(PATIENCE)).isZero();

		assertThat(open(new PeriodUsage(this.usage, 2000, 7)).result()).isEqualTo(Result.APPLIED);

		assertThat(open().standing()).isEqualTo(new Standing(2000, 0, 1000, 0, 0));
	}

	@Test
	void whatIsToldBeforeItWasAskedForIsNotBelieved() {
		assertThat(open(new PeriodUsage(this.usage, 0, 0)).result()).isEqualTo(Result.USE_UNKNOWN);
		assertThat(open(new PeriodUsage(this.usage, 0, 0)).result()).isEqualTo(Result.APPLIED);
	}

	@Test
	void whatWasAcknowledgedMeanwhileIsNewerThanWhatIsTold() {
		open();
		Entry entry = message();
		run(new Operation.Acknowledge(entry, 0, 1, new PeriodUsage(this.usage, 3000, 8)));

		assertThat(open(new PeriodUsage(this.usage, 2000, 7)).result()).isEqualTo(Result.CAP_REACHED);
	}

	@Test
	void aCloseTurnsTheReservationIntoUseAndAnAcknowledgementChangesNothingOfIt() {
		tell(0, 0);
		Entry entry = message();
		open(entry);

		run(new Operation.Close(entry));
		assertThat(standing()).isEqualTo(new Standing(0, 1000, 0, 0, 0));

		run(new Operation.Acknowledge(entry, 1000, 1, new PeriodUsage(this.usage, 1000, 1)));
		assertThat(standing()).isEqualTo(new Standing(1000, 0, 0, 0, 0));
	}

	@Test
	void whateverIsRepeatedIsReservedUsedAndGivenBackOnce() {
		tell(0, 0);
		Entry entry = message();
		for (int i = 0; i < 2; i++) {
			open(entry);
			run(new Operation.Open(mark(entry)));
		}
		assertThat(standing().reserved()).isEqualTo(1000);

		run(new Operation.Close(entry));
		run(new Operation.Close(entry));
		run(new Operation.Strike(this.account, entry.request().value()));
		assertThat(standing()).isEqualTo(new Standing(0, 1000, 0, 0, 0));

		run(new Operation.Acknowledge(entry, 1000, 1, new PeriodUsage(this.usage, 1000, 1)));
		run(new Operation.Acknowledge(entry, 1000, 1, new PeriodUsage(this.usage, 1000, 1)));
		assertThat(standing()).isEqualTo(new Standing(1000, 0, 0, 0, 0));
	}

	@Test
	void anAcknowledgementWithoutACloseGivesTheReservationBackToo() {
		tell(0, 0);
		Entry entry = message();
		open(entry);

		run(new Operation.Acknowledge(entry, 1000, 1, new PeriodUsage(this.usage, 1000, 1)));

		assertThat(standing()).isEqualTo(new Standing(1000, 0, 0, 0, 0));
	}

	@Test
	void aStrikeGivesTheReservationBackAndHasWhatWasUsedAskedForAgain() {
		tell(0, 0);
		Entry entry = message();
		open(entry);

		run(new Operation.Strike(this.account, entry.request().value()));

		assertThat(open().result()).isEqualTo(Result.USE_UNKNOWN);
		open(new PeriodUsage(this.usage, 1000, 1));
		assertThat(open().standing()).isEqualTo(new Standing(1000, 0, 1000, 0, 0));
	}

	@Test
	void anotherGenerationOrPeriodHasToBeToldAgain() {
		tell(2000, 9);
		begin("gen_b");
		assertThat(open().result()).isEqualTo(Result.USE_UNKNOWN);
		tell(1000, 3);
		assertThat(standing().base()).isEqualTo(1000);

		UsageKey next = new UsageKey(this.terms.client(), this.usage.chargeBy(), UsagePeriod.monthOf(PERIOD).end());
		Bounds bounds = new Bounds(new Cap(next, 3000, null), null, null, 0);

		assertThat(run(new Operation.Open(mark(message()), bounds)).result()).isEqualTo(Result.USE_UNKNOWN);
	}

	@Test
	void whatIsPendingOfAnotherPeriodIsNotUsedInThisOne() {
		tell(0, 0);
		Entry late = Exchanges.entry(this.terms, 1, PERIOD.minusSeconds(1));

		run(new Operation.Close(late));

		assertThat(standing()).isEqualTo(new Standing(0, 0, 0, 0, 0));
	}

	@Test
	void whatRanAndWaitedBeforeTheCapWasSetCounts() {
		Entry running = message();
		Entry waiting = message();
		run(new Operation.Open(mark(running)));
		run(new Operation.Close(waiting));

		tell(500, 1);

		assertThat(standing()).isEqualTo(new Standing(500, 1000, 1000, 0, 0));
		run(new Operation.Close(running));
		assertThat(standing()).isEqualTo(new Standing(500, 2000, 0, 0, 0));
	}

	@Test
	void beforeARefusalWhatIsThereIsCountedAnew() {
		tell(0, 0);
		Entry struck = message();
		open(struck);
		Entry written = message();
		run(new Operation.Close(written));
		open();
		assertThat(open().result()).isEqualTo(Result.CAP_REACHED);

		// As an instance of the former version does it, which knows of no caps.
		redis.hdel(key("open"), struck.request().value());
		redis.hdel(key("pending"), written.request().value());
		redis.hset(key("cap:" + this.terms.client()), "recounted", "1");

		assertThat(open().result()).isEqualTo(Result.APPLIED);
		assertThat(standing()).isEqualTo(new Standing(0, 0, 2000, 0, 0));
	}

	@Test
	@Matrix(41)
	void anEntryOfTheFormerVersionIsAcknowledgedAndCountsForNoCap() {
		tell(0, 0);
		Entry entry = message();
		redis.hset(key("pending"), entry.request().value(), this.account.text() + "\n1000\n" + entry.encode());
		assertThat(counters.pending().blockFirst(PATIENCE).line()).isEqualTo(entry.encode());

		run(new Operation.Acknowledge(entry, 1000, 1, new PeriodUsage(this.usage, 1000, 1)));

		assertThat(standing()).isEqualTo(new Standing(1000, 0, 0, 0, 0));
	}

	@Test
	void aClientWithoutACapLeavesNothingBehind() {
		Entry entry = Exchanges.entry(Exchanges.terms(1000), 5, Exchanges.NOON);
		run(new Operation.Open(mark(entry)));
		run(new Operation.Close(entry));
		run(new Operation.Acknowledge(entry, 5000, 1, new PeriodUsage(entry.usage(), 5000, 1)));

		assertThat(redis.keys("tg:*:cap:*")).isEmpty();
		assertThat(redis.keys("tg:*:rate:*")).isEmpty();
	}

	@Test
	void whatIsKnownOfACapIsForgottenADayAfterItsLastUse() {
		tell(0, 0);

		assertThat(redis.ttl(key("cap:" + this.terms.client()))).isBetween(86_000L, 86_400L);
	}

	@Test
	void aMinuteHasSoManyRequests() {
		for (int i = 1; i <= 3; i++) {
			Reply reply = openAt(3L, null, 0);
			assertThat(reply.result()).isEqualTo(Result.APPLIED);
			assertThat(THREE.standing(reply.standing().requests()).remaining()).isEqualTo(3 - i);
		}

		Reply refused = openAt(3L, null, 0);

		assertThat(refused.result()).isEqualTo(Result.RATE_EXCEEDED);
		assertThat(THREE.untilOne(refused.standing().requests())).isBetween(Duration.ofSeconds(15),
				Duration.ofSeconds(20));
		assertThat(redis.pttl(key("rate:" + this.terms.client()))).isPositive();
	}

	@Test
	void aRepeatedOpenTakesNothingMoreOfTheMinute() {
		Operation.Open open = new Operation.Open(mark(message()), new Bounds(null, 3L, null, 0));

		run(open);
		Reply again = run(open);

		assertThat(again.result()).isEqualTo(Result.APPLIED);
		assertThat(THREE.standing(again.standing().requests()).remaining()).isEqualTo(2);
	}

	@Test
	void tokensAreReservedWhenAnExchangeOpensAndSetRightWhenItCloses() {
		Entry entry = message();
		run(new Operation.Open(mark(entry), new Bounds(null, null, 1000L, 1000)));
		assertThat(openAt(null, 1000L, 1).result()).isEqualTo(Result.RATE_EXCEEDED);

		run(new Operation.Close(entry, new TokenUse(1000, 1000, 100)));
		run(new Operation.Close(entry, new TokenUse(1000, 1000, 100)));

		assertThat(new Rate(1000).standing(openAt(null, 1000L, 1).standing().tokens()).remaining()).isBetween(899L,
				950L);
	}

	@Test
	void tokensThatNobodyReservedAreTakenWhenTheExchangeCloses() {
		run(new Operation.Close(message(), new TokenUse(1000, 1000, 999)));

		assertThat(new Rate(1000).standing(openAt(null, 1000L, 0).standing().tokens()).remaining()).isBetween(0L, 50L);
	}

	@Test
	void whoeverUsedFarTooManyTokensWaitsForAMinuteAtMost() {
		run(new Operation.Close(message(), new TokenUse(1000, 1000, 1_000_000)));

		Reply refused = openAt(null, 1000L, 1);

		assertThat(refused.result()).isEqualTo(Result.RATE_EXCEEDED);
		assertThat(new Rate(1000).untilOne(refused.standing().tokens())).isBetween(Duration.ofSeconds(59),
				Duration.ofMillis(60_060));
	}

	@Test
	void aLimitThatIsLoweredMakesNobodyWaitForMoreThanAMinute() {
		for (int i = 0; i < 600; i++) {
			openAt(600L, null, 0);
		}

		Reply refused = openAt(1L, null, 0);

		assertThat(refused.result()).isEqualTo(Result.RATE_EXCEEDED);
		assertThat(new Rate(1).untilOne(refused.standing().requests())).isLessThanOrEqualTo(Duration.ofMinutes(1));
	}

	@Test
	void aClockThatStepsBackGivesBackFromThereOn() {
		openAt(1L, null, 0);
		String rate = key("rate:" + this.terms.client());
		redis.hset(rate, "requests:at", Long.toString(Long.parseLong(redis.hget(rate, "requests:at")) + 3_600_000));

		assertThat(openAt(1L, null, 0).result()).isEqualTo(Result.RATE_EXCEEDED);

		redis.hset(rate, "requests:at", Long.toString(Long.parseLong(redis.hget(rate, "requests:at")) - 60_000));
		assertThat(openAt(1L, null, 0).result()).isEqualTo(Result.APPLIED);
	}

	@Test
	void aRefusalTakesNothingOfTheMinuteAndACapOutranksARate() {
		open();
		open(new PeriodUsage(this.usage, 3000, 1));
		Bounds both = new Bounds(new Cap(this.usage, 3000, null), 3L, 3L, 3);

		Reply refused = run(new Operation.Open(mark(message()), both));

		assertThat(refused.result()).isEqualTo(Result.CAP_REACHED);
		assertThat(refused.standing().requests()).isZero();
		assertThat(refused.standing().tokens()).isZero();
	}

	@Test
	void theScriptAndTheArithmeticAgree() {
		Random random = new Random(7);
		Rate rate = new Rate(90);
		String key = key("rate:" + this.terms.client());
		for (int i = 0; i < 200; i++) {
			long taken = random.nextInt(2 * 90 * 60_000);
			int elapsed = random.nextInt(100_000);
			redis.hset(key, "tokens", Long.toString(taken));
			redis.hset(key, "tokens:at", Long.toString(now() - elapsed));
			int more = random.nextInt(300);

			Reply reply = openAt(null, 90L, more);

			long before = rate.after(taken, elapsed);
			long after = rate.hasOne(before) ? rate.plus(before, more) : before;
			// Redis's clock went on by a few milliseconds between the two.
			assertThat(reply.standing().tokens()).isBetween(after - 90 * 200, after);
		}
	}

	private static long now() {
		List<String> time = redis.time();
		return Long.parseLong(time.get(0)) * 1000 + Long.parseLong(time.get(1)) / 1000;
	}

	private void begin(String name) {
		Holding seen = counters.holding().block(PATIENCE);
		Holding other = new Holding("elsewhere", seen.generation(), seen.server0());
		this.generation = counters.begin(name, other).block(PATIENCE).generation();
		assertThat(this.generation).isEqualTo(name);
	}

	/** Has Redis know what was used, with nothing open. */
	private void tell(long quantity, long version) {
		open();
		Entry entry = message();
		run(new Operation.Open(mark(entry), bounds(new PeriodUsage(this.usage, quantity, version))));
		redis.hdel(key("open"), entry.request().value());
		redis.hincrby(key("cap:" + this.terms.client()), "held", -1000);
	}

	private Reply open() {
		return open((PeriodUsage) null);
	}

	private Reply open(@Nullable PeriodUsage known) {
		return run(new Operation.Open(mark(message()), bounds(known)));
	}

	private void open(Entry entry) {
		assertThat(run(new Operation.Open(mark(entry), bounds(null))).result()).isEqualTo(Result.APPLIED);
	}

	private Reply openAt(@Nullable Long requests, @Nullable Long tokens, long most) {
		return run(new Operation.Open(mark(message()), new Bounds(null, requests, tokens, most)));
	}

	/** How the cap stands, as it is kept: whoever asks may have it counted anew. */
	private Standing standing() {
		String cap = key("cap:" + this.terms.client());
		return new Standing(number(cap, "base"), number(cap, "pend:" + this.usage.text()), number(cap, "held"), 0, 0);
	}

	private static long number(String key, String field) {
		String kept = redis.hget(key, field);
		return (kept != null) ? Long.parseLong(kept) : 0;
	}

	private Bounds bounds(@Nullable PeriodUsage known) {
		return new Bounds(new Cap(this.usage, 3000, known), null, null, 0);
	}

	private Entry message() {
		Entry entry = Exchanges.entry(this.terms, 1, Exchanges.NOON);
		return new Entry(entry.request(), entry.agency(), entry.account(), entry.channel(), this.usage.chargeBy(), 1000,
				entry.occurredAt(), entry.instance(), entry.outcome());
	}

	private static Mark mark(Entry entry) {
		return new Mark(entry.request().value(), entry.agency().value(), entry.account(), entry.channel().value(),
				"ins_test", 1000, Exchanges.NOON);
	}

	private Reply run(Operation operation) {
		return counters.run(this.generation, List.of(operation)).block(PATIENCE).replies().get(0);
	}

	private String key(String name) {
		return "tg:{" + RedisCounters.tag(this.account) + "}:" + name;
	}

}
