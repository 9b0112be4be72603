package io.tallygate.client;

import java.math.BigDecimal;

import io.tallygate.core.Faults;
import org.jspecify.annotations.Nullable;

/**
 * Token weights as the admin API writes them: numbers with up to three decimals, of which
 * an absent one is 1.
 *
 * @param input of plain input
 * @param cachedInput of input read from a cache
 * @param cacheWrite of input written to a cache
 * @param output of plain output
 * @param reasoning of reasoning
 */
record WeightsBody(@Nullable BigDecimal input, @Nullable BigDecimal cachedInput, @Nullable BigDecimal cacheWrite,
		@Nullable BigDecimal output, @Nullable BigDecimal reasoning) {

	private static final int DECIMALS = 3;

	private static final BigDecimal MAX = BigDecimal.valueOf(TokenWeights.MAX, DECIMALS);

	static WeightsBody of(TokenWeights weights) {
		return new WeightsBody(number(weights.input()), number(weights.cachedInput()), number(weights.cacheWrite()),
				number(weights.output()), number(weights.reasoning()));
	}

	TokenWeights weights(Faults faults) {
		return new TokenWeights(thousandths("input", this.input, faults),
				thousandths("cached_input", this.cachedInput, faults),
				thousandths("cache_write", this.cacheWrite, faults), thousandths("output", this.output, faults),
				thousandths("reasoning", this.reasoning, faults));
	}

	private static int thousandths(String name, @Nullable BigDecimal weight, Faults faults) {
		if (weight == null) {
			return TokenWeights.ONE.input();
		}
		boolean holds = weight.signum() >= 0 && weight.compareTo(MAX) <= 0
				&& weight.stripTrailingZeros().scale() <= DECIMALS;
		faults.unless(holds, "/token_weights/" + name,
				"token_weights." + name + " must be between 0 and " + MAX.intValue() + " with at most 3 decimals");
		return holds ? weight.movePointRight(DECIMALS).intValueExact() : 0;
	}

	private static BigDecimal number(int thousandths) {
		BigDecimal exact = BigDecimal.valueOf(thousandths, DECIMALS).stripTrailingZeros();
		return (exact.scale() < 0) ? exact.setScale(0) : exact;
	}

}
