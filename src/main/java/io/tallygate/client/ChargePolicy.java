package io.tallygate.client;

import io.tallygate.provider.Usage;

/**
 * How use becomes quantity, and quantity becomes units. Quantities are thousandths of a
 * token or message, everywhere inside: weights have three decimals, and so nothing is
 * ever rounded.
 *
 * @param chargeBy what is counted
 * @param billingUnit how many tokens or messages make one unit, at least 1
 * @param report whether the gateway divides or Stripe does
 * @param weights how much each class of token counts
 */
public record ChargePolicy(ChargeBy chargeBy, long billingUnit, Report report, TokenWeights weights) {

	/** Thousandths in one. */
	public static final long THOUSANDTHS = 1000;

	/** The largest billing unit: a trillion. */
	public static final long BILLING_UNIT_MAX = 1_000_000_000_000L;

	public ChargePolicy {
		if (billingUnit < 1 || billingUnit > BILLING_UNIT_MAX) {
			throw new IllegalArgumentException(
					"billing_unit must be at least 1 and at most " + BILLING_UNIT_MAX + " but was " + billingUnit);
		}
	}

	/**
	 * How many thousandths complete what is reported as 1 to Stripe: a unit, or with
	 * {@code usage} one token or message.
	 */
	public long divisor() {
		return (this.report == Report.UNITS) ? Math.multiplyExact(THOUSANDTHS, this.billingUnit) : THOUSANDTHS;
	}

	/** What an exchange adds to the client's total, in thousandths. */
	public long quantity(Usage usage, int messages) {
		return (this.chargeBy == ChargeBy.MESSAGES) ? messages * THOUSANDTHS : weighted(usage);
	}

	/**
	 * The most that an exchange of at most so many tokens adds, in thousandths: each
	 * token at the heaviest weight that it can have.
	 */
	public long quantityMax(long inputTokens, long outputTokens) {
		if (this.chargeBy == ChargeBy.MESSAGES) {
			return THOUSANDTHS;
		}
		int input = Math.max(this.weights.input(), Math.max(this.weights.cachedInput(), this.weights.cacheWrite()));
		int output = Math.max(this.weights.output(), this.weights.reasoning());
		return sum(weigh(inputTokens, input), weigh(outputTokens, output));
	}

	private long weighted(Usage usage) {
		if (this.weights.equals(TokenWeights.ONE)) {
			return Math.multiplyExact(usage.totalTokens(), THOUSANDTHS);
		}
		long input = Usage.orZero(usage.input());
		long cached = Math.min(Usage.orZero(usage.cachedInput()), input);
		long written = Math.min(Usage.orZero(usage.cacheWrite()), input - cached);
		long output = Usage.orZero(usage.output());
		long reasoning = Math.min(Usage.orZero(usage.reasoning()), output);
		long surplus = usage.totalTokens() - input - output;
		return sum(weigh(input - cached - written, this.weights.input()), weigh(cached, this.weights.cachedInput()),
				weigh(written, this.weights.cacheWrite()), weigh(output - reasoning + surplus, this.weights.output()),
				weigh(reasoning, this.weights.reasoning()));
	}

	private static long weigh(long tokens, int weight) {
		return Math.multiplyExact(tokens, (long) weight);
	}

	private static long sum(long... parts) {
		long sum = 0;
		for (long part : parts) {
			sum = Math.addExact(sum, part);
		}
		return sum;
	}

}
