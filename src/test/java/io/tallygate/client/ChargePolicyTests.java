package io.tallygate.client;

import io.tallygate.provider.Usage;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

/** How use becomes quantity, and quantity becomes units. */
class ChargePolicyTests {

	private static final TokenWeights WEIGHTS = new TokenWeights(1000, 100, 1250, 5000, 4000);

	@ParameterizedTest
	@CsvSource({
			// input, cached, written, output, reasoning, total -> thousandths
			"100,  0,  0, 10,  0, 110,  150000", "100, 40,  0, 10,  0, 110,  114000",
			"100, 40, 20, 10,  0, 110,  119000", "100,  0,  0, 10,  4, 110,  146000",
			"100,  0,  0, 10,  0, 130,  250000", "100, 90, 40, 10,  0, 110,   71500",
			"  0,  0,  0,  0,  0,   0,       0" })
	void weightsApplyToTheDisjointPartsAndASurplusIsOutput(long input, long cached, long written, long output,
			long reasoning, long total, long thousandths) {
		ChargePolicy policy = new ChargePolicy(ChargeBy.TOKENS, 1000, Report.UNITS, WEIGHTS);

		assertThat(policy.quantity(new Usage(input, cached, written, output, reasoning, total), 1))
			.isEqualTo(thousandths);
	}

	@Test
	void aMessageIsOneWhateverItsTokens() {
		ChargePolicy policy = new ChargePolicy(ChargeBy.MESSAGES, 1, Report.UNITS, WEIGHTS);

		assertThat(policy.quantity(Usage.of(5000, 5000), 1)).isEqualTo(1000);
		assertThat(policy.quantity(Usage.of(5000, 5000), 0)).isZero();
	}

	@Test
	void theMostThatAnExchangeAddsIsOneMessageOrEachTokenAtItsHeaviest() {
		ChargePolicy messages = new ChargePolicy(ChargeBy.MESSAGES, 1, Report.UNITS, WEIGHTS);
		ChargePolicy tokens = new ChargePolicy(ChargeBy.TOKENS, 1000, Report.UNITS, WEIGHTS);

		assertThat(messages.quantityMax(1_000_000, 1_000_000)).isEqualTo(1000);
		assertThat(tokens.quantityMax(100, 10)).isEqualTo(100 * 1250 + 10 * 5000);
	}

	@Property
	void noExchangeAddsMoreThanItsMost(@ForAll @LongRange(max = Usage.COUNT_MAX) long input,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long cached,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long written,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long output,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long reasoning) {
		Usage usage = new Usage(input, cached, written, output, reasoning, null);
		ChargePolicy policy = new ChargePolicy(ChargeBy.TOKENS, 1, Report.UNITS, WEIGHTS);

		assertThat(policy.quantity(usage, 1)).isLessThanOrEqualTo(policy.quantityMax(input, output));
	}

	@Test
	void whatIsReportedAsOneIsAUnitOrATokenWhereStripeDivides() {
		assertThat(new ChargePolicy(ChargeBy.TOKENS, 500, Report.UNITS, TokenWeights.ONE).divisor()).isEqualTo(500_000);
		assertThat(new ChargePolicy(ChargeBy.TOKENS, 500, Report.USAGE, TokenWeights.ONE).divisor()).isEqualTo(1000);
	}

	@Test
	void aBillingUnitIsAtLeastOne() {
		assertThatIllegalArgumentException()
			.isThrownBy(() -> new ChargePolicy(ChargeBy.TOKENS, 0, Report.UNITS, TokenWeights.ONE))
			.withMessageContaining("but was 0");
	}

	@Property
	void withoutWeightsEveryTokenOfTheTotalCountsOnce(@ForAll @LongRange(max = Usage.COUNT_MAX) long input,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long cached,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long written,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long output,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long reasoning,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long total) {
		Usage usage = new Usage(input, cached, written, output, reasoning, total);
		ChargePolicy policy = new ChargePolicy(ChargeBy.TOKENS, 1, Report.UNITS, TokenWeights.ONE);

		assertThat(policy.quantity(usage, 1)).isEqualTo(usage.totalTokens() * 1000);
	}

	@Property
	void theClassesAreDisjointSoEqualWeightsSimplyMultiply(@ForAll @LongRange(max = Usage.COUNT_MAX) long input,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long cached,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long written,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long output,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long reasoning,
			@ForAll @LongRange(max = Usage.COUNT_MAX) long total,
			@ForAll @IntRange(max = TokenWeights.MAX) int weight) {
		Usage usage = new Usage(input, cached, written, output, reasoning, total);
		TokenWeights weights = new TokenWeights(weight, weight, weight, weight, weight);
		ChargePolicy policy = new ChargePolicy(ChargeBy.TOKENS, 1, Report.UNITS, weights);

		assertThat(policy.quantity(usage, 1)).isEqualTo(usage.totalTokens() * weight);
	}

}
