package io.tallygate.metering;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.lettuce.core.RedisClient;
import io.tallygate.client.Terms;
import io.tallygate.fault.Matrix;
import io.tallygate.metering.Counters.Holding;
import io.tallygate.metering.Counters.Operation;
import io.tallygate.metering.Counters.Reply;
import io.tallygate.metering.Counters.Result;
import io.tallygate.support.TestServers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.Schedulers;

import static org.assertj.core.api.Assertions.assertThat;

/** The scripts, on a real Redis. */
class RedisCountersIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private final RedisClient client = RedisClient.create("redis://127.0.0.1:" + TestServers.redisPort());

	private final RedisCounters counters = new RedisCounters(this.client, Duration.ofSeconds(2), Schedulers.parallel());

	private final Terms terms = Exchanges.terms(1000);

	private String generation = "";

	@BeforeEach
	void beginInAnEmptyRedis() {
		this.client.connect().sync().flushall();
		Holding seen = this.counters.holding().block(PATIENCE);
		assertThat(seen.isIntact()).isFalse();
		this.generation = this.counters.begin("gen_a", seen).block(PATIENCE).generation();
	}

	@AfterEach
	void disconnect() {
		this.counters.close();
		this.client.shutdown();
	}

	@Test
	@Matrix(22)
	void aCloseIsCountedOnceHoweverOftenItIsSent() {
		Entry entry = Exchanges.entry(this.terms, 600, Exchanges.NOON);
		run(new Operation.Acknowledge(Exchanges.entry(this.terms, 0, Exchanges.NOON), 1_000_000, 1));

		Reply first = run(new Operation.Close(entry));
		Reply second = run(new Operation.Close(entry));

		assertThat(first).isEqualTo(new Reply(Result.APPLIED_WITHOUT_MARK, 1_600_000L, null));
		assertThat(second).isEqualTo(new Reply(Result.KNOWN, 1_600_000L, null));
		assertThat(this.counters.pending().collectList().block(PATIENCE))
			.containsExactly(new Counters.Pending(entry.request().value(), entry.encode()));
	}

	@Test
	void closingStrikesTheMark() {
		Entry entry = Exchanges.entry(this.terms, 600, Exchanges.NOON);
		Counters.Mark mark = mark(entry);
		run(new Operation.Open(mark));
		assertThat(this.counters.marks().collectList().block(PATIENCE)).containsExactly(mark);

		assertThat(run(new Operation.Close(entry)).result()).isEqualTo(Result.APPLIED);

		assertThat(this.counters.marks().collectList().block(PATIENCE)).isEmpty();
	}

	@Test
	void anOpenThatComesAfterItsCloseDoesNothing() {
		Entry entry = Exchanges.entry(this.terms, 600, Exchanges.NOON);
		run(new Operation.Close(entry));

		assertThat(run(new Operation.Open(mark(entry))).result()).isEqualTo(Result.KNOWN);

		assertThat(this.counters.marks().collectList().block(PATIENCE)).isEmpty();
	}

	@Test
	void acknowledgingMovesTheQuantityFromPendingToTheBase() {
		Entry entry = Exchanges.entry(this.terms, 600, Exchanges.NOON);
		run(new Operation.Close(entry));

		assertThat(run(new Operation.Acknowledge(entry, 600_000, 1)).total()).isEqualTo(600_000);
		assertThat(run(new Operation.Acknowledge(entry, 600_000, 1)).total()).isEqualTo(600_000);

		assertThat(this.counters.pending().collectList().block(PATIENCE)).isEmpty();
	}

	@Test
	void anEntryOfNothingIsAcknowledgedLikeAnyOther() {
		Entry entry = Exchanges.entry(this.terms, 0, Exchanges.NOON);
		run(new Operation.Close(entry));

		assertThat(run(new Operation.Acknowledge(entry, 0, 1))).isEqualTo(new Reply(Result.APPLIED, 0L, null));

		assertThat(this.counters.pending().collectList().block(PATIENCE)).isEmpty();
	}

	@Test
	void aBaseOfPostgresIsTakenWhereItIsNotOlder() {
		Entry entry = Exchanges.entry(this.terms, 600, Exchanges.NOON);
		run(new Operation.Close(entry));
		run(new Operation.Acknowledge(entry, 600_000, 5));

		assertThat(base(700_000, 4)).isEqualTo(new Reply(Result.KNOWN, null, null));
		assertThat(base(600_000, 5)).isEqualTo(new Reply(Result.KNOWN, 600_000L, null));
		assertThat(base(700_000, 6)).isEqualTo(new Reply(Result.APPLIED, 700_000L, null));
		assertThat(base(800_000, 6)).as("what differed at the same version is told, and set right")
			.isEqualTo(new Reply(Result.KNOWN, 700_000L, null));
		assertThat(base(800_000, 6)).isEqualTo(new Reply(Result.KNOWN, 800_000L, null));
	}

	@Test
	void noAccountIsMadeForItsBase() {
		assertThat(base(600_000, 5)).isEqualTo(new Reply(Result.KNOWN, null, null));
		assertThat(base(600_000, 5)).isEqualTo(new Reply(Result.KNOWN, null, null));
	}

	private Reply base(long base, long version) {
		return run(new Operation.Base(Exchanges.entry(this.terms, 0, Exchanges.NOON).account(), base, version));
	}

	@Test
	void anOlderBaseDoesNotReplaceANewerOne() {
		Entry one = Exchanges.entry(this.terms, 600, Exchanges.NOON);
		Entry two = Exchanges.entry(this.terms, 700, Exchanges.NOON);

		run(new Operation.Acknowledge(two, 1_300_000, 2));

		assertThat(run(new Operation.Acknowledge(one, 600_000, 1)).total()).isEqualTo(1_300_000);
	}

	@Test
	@Matrix(22)
	void aCloseThatComesAfterItsAcknowledgementIsNotCountedTwice() {
		Entry entry = Exchanges.entry(this.terms, 600, Exchanges.NOON);
		run(new Operation.Acknowledge(entry, 600_000, 1));

		assertThat(run(new Operation.Close(entry))).isEqualTo(new Reply(Result.KNOWN, 600_000L, null));
	}

	@Test
	void underAnotherGenerationNothingIsApplied() {
		this.generation = "gen_b";
		Entry entry = Exchanges.entry(this.terms, 600, Exchanges.NOON);

		assertThat(run(new Operation.Close(entry)).result()).isEqualTo(Result.OTHER_GENERATION);

		assertThat(this.counters.pending().collectList().block(PATIENCE)).isEmpty();
	}

	@Test
	void anOperationThatFailsLeavesTheOthersApplied() {
		Terms other = Exchanges.terms(1000);
		Entry broken = Exchanges.entry(this.terms, 600, Exchanges.NOON);
		AccountKey key = broken.account();
		this.client.connect().sync().set("tg:{" + RedisCounters.tag(key) + "}:acc:" + key.text(), "not a hash");
		Entry sound = Exchanges.entry(other, 700, Exchanges.NOON);

		List<Reply> replies = this.counters
			.run(this.generation, List.of(new Operation.Close(broken), new Operation.Close(sound)))
			.block(PATIENCE)
			.replies();

		assertThat(replies.get(0).result()).isEqualTo(Result.REFUSED);
		assertThat(replies.get(0).error()).contains("WRONGTYPE");
		assertThat(replies.get(1).result()).isEqualTo(Result.APPLIED_WITHOUT_MARK);
	}

	@Test
	@Matrix(28)
	void aScriptThatTheServerForgotIsSentAgain() {
		this.client.connect().sync().scriptFlush();

		assertThat(run(new Operation.Close(Exchanges.entry(this.terms, 600, Exchanges.NOON))).result())
			.isEqualTo(Result.APPLIED_WITHOUT_MARK);
	}

	@Test
	void whatIsKeptAgainWhileItIsReadIsNotReadAgain() {
		List<Operation> keeping = new ArrayList<>();
		for (int i = 0; i < 2500; i++) {
			keeping.add(new Operation.Keep(Exchanges.entry(this.terms, i, Exchanges.NOON)));
		}
		this.counters.run(this.generation, keeping).block(PATIENCE);

		List<String> read = this.counters.kept()
			.concatMap((line) -> this.counters
				.run(this.generation, List.of(new Operation.Keep(Entry.decode(line)), keeping.get(0)))
				.thenReturn(line), 1)
			.take(10_000)
			.collectList()
			.block(PATIENCE);

		assertThat(read).hasSize(2500).doesNotHaveDuplicates();
	}

	@Test
	void ofTwoWhoBeginAGenerationTheFirstWins() {
		this.client.connect().sync().flushall();
		Holding seen = this.counters.holding().block(PATIENCE);

		String first = this.counters.begin("gen_1", seen).block(PATIENCE).generation();
		String second = this.counters.begin("gen_2", seen).block(PATIENCE).generation();

		assertThat(first).isEqualTo("gen_1");
		assertThat(second).isIn("gen_1", "gen_2");
		assertThat(this.counters.holding().block(PATIENCE).isIntact()).isTrue();
	}

	@Test
	void aBatchOfManyClientsIsOneCall() {
		List<Operation> operations = new ArrayList<>();
		for (int i = 0; i < 200; i++) {
			operations.add(new Operation.Close(Exchanges.entry(Exchanges.terms(10), i, Exchanges.NOON)));
		}

		List<Reply> replies = this.counters.run(this.generation, operations).block(PATIENCE).replies();

		assertThat(replies).hasSize(200)
			.allSatisfy((reply) -> assertThat(reply.result()).isEqualTo(Result.APPLIED_WITHOUT_MARK));
	}

	private Reply run(Operation operation) {
		return this.counters.run(this.generation, List.of(operation)).block(PATIENCE).replies().get(0);
	}

	private static Counters.Mark mark(Entry entry) {
		return new Counters.Mark(entry.request().value(), entry.agency().value(), entry.account(),
				entry.channel().value(), "ins_test", 9, Exchanges.NOON);
	}

}
