package io.tallygate.client;

/**
 * How much a token of each class counts, in thousandths: 1000 is a whole token. Weights
 * apply to the disjoint parts of an exchange, so {@code input} is the weight of input
 * that was neither read from a cache nor written to one.
 *
 * @param input plain input
 * @param cachedInput input read from a cache
 * @param cacheWrite input written to a cache
 * @param output output that is not reasoning, and whatever a provider's total has beyond
 * input and output
 * @param reasoning reasoning
 */
public record TokenWeights(int input, int cachedInput, int cacheWrite, int output, int reasoning) {

	/** Every token counts as one. */
	public static final TokenWeights ONE = new TokenWeights(1000, 1000, 1000, 1000, 1000);

	/**
	 * The heaviest weight, one thousand tokens for one: more would be a typing error, and
	 * sums stay exact.
	 */
	public static final int MAX = 1_000_000;

	public TokenWeights {
		for (int weight : new int[] { input, cachedInput, cacheWrite, output, reasoning }) {
			if (weight < 0 || weight > MAX) {
				throw new IllegalArgumentException(
						"A token weight must be between 0 and 1000 but was " + weight / 1000.0);
			}
		}
	}

}
