package io.tallygate.sandbox;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.Report;
import io.tallygate.client.TokenWeights;
import io.tallygate.metering.Outcome.Status;
import io.tallygate.provider.Usage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/** A person reads from one line what was used and how far the next unit is. */
class UsageLineTests {

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			# tokens before | tokens after | line
			0      | 620    | 620 tokens · unit 1 at 62 % ▓▓▓▓▓▓░░░░
			380    | 1620   | 1,240 tokens · +1 unit · unit 2 at 62 % ▓▓▓▓▓▓░░░░
			999    | 1000   | 1 token · +1 unit · unit 1 complete ▓▓▓▓▓▓▓▓▓▓
			0      | 3500   | 3,500 tokens · +3 units · unit 4 at 50 % ▓▓▓▓▓░░░░░
			0      | 999    | 999 tokens · unit 1 at 99 % ▓▓▓▓▓▓▓▓▓░
			0      | 0      | 0 tokens · unit 1 at 0 % ░░░░░░░░░░
			""")
	void tokensMoveTheUnit(long before, long after, String line) {
		UsageLine usage = new UsageLine("Acme", policy(ChargeBy.TOKENS, 1000, Report.UNITS), Status.BILLED,
				Usage.of(0, after - before), before * 1000, after * 1000);

		assertThat(usage.text(100)).isEqualTo("Acme              " + line);
	}

	@Test
	void aMessageIsAUnitOfItsOwn() {
		UsageLine usage = new UsageLine("Bolt", policy(ChargeBy.MESSAGES, 1, Report.UNITS), Status.BILLED,
				Usage.of(20, 22), 6_000, 7_000);

		assertThat(usage.text(100)).endsWith("1 message (42 tokens) · +1 unit · unit 7 complete ▓▓▓▓▓▓▓▓▓▓");
	}

	@Test
	void whatStripeDividesHasNoUnits() {
		UsageLine usage = new UsageLine("Chatty", policy(ChargeBy.TOKENS, 1000, Report.USAGE), Status.BILLED,
				Usage.of(20, 22), 1_000_000, 1_042_000);

		assertThat(usage.text(100)).endsWith("42 tokens · 1,042 in all, Stripe divides");
	}

	@Test
	void anEstimateIsCalledOneAndAFreeAnswerToo() {
		ChargePolicy policy = policy(ChargeBy.TOKENS, 1000, Report.UNITS);

		assertThat(new UsageLine("A", policy, Status.ESTIMATED, Usage.of(1, 1), 0, 2_000).text(100))
			.contains("2 tokens, estimated");
		assertThat(new UsageLine("A", policy, Status.FREE, null, 2_000, 2_000).text(100)).contains("  free · unit 1");
	}

	@Test
	void aLineIsNeverWiderThanTheTerminal() {
		UsageLine usage = new UsageLine("A client with a very long name indeed",
				policy(ChargeBy.TOKENS, 1000, Report.UNITS), Status.ESTIMATED, Usage.of(1, Usage.COUNT_MAX / 1_000_000),
				0, Usage.COUNT_MAX);

		assertThat(usage.text(40)).hasSize(40).startsWith("A client with a…").endsWith("…");
	}

	private static ChargePolicy policy(ChargeBy chargeBy, long billingUnit, Report report) {
		return new ChargePolicy(chargeBy, billingUnit, report, TokenWeights.ONE);
	}

}
