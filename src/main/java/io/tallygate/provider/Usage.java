package io.tallygate.provider;

import org.jspecify.annotations.Nullable;

/**
 * The token counts of one exchange, by class, as the provider reported them. A class that
 * was not reported is {@code null}, never 0.
 *
 * @param input all input tokens, cached and cache-write ones included
 * @param cachedInput the part of the input that was read from a cache
 * @param cacheWrite the part of the input that was written to a cache
 * @param output all output tokens, reasoning included
 * @param reasoning the part of the output that was reasoning
 * @param total the provider's own total, where it gives one
 */
public record Usage(@Nullable Long input, @Nullable Long cachedInput, @Nullable Long cacheWrite, @Nullable Long output,
		@Nullable Long reasoning, @Nullable Long total) {

	/**
	 * No count may be larger: sums of two stay exact at the heaviest weight, in
	 * thousandths, and no answer in the world is near it.
	 */
	public static final long COUNT_MAX = 1_000_000_000_000L;

	public Usage {
		check("input", input);
		check("cachedInput", cachedInput);
		check("cacheWrite", cacheWrite);
		check("output", output);
		check("reasoning", reasoning);
		check("total", total);
	}

	/** Input and output alone. */
	public static Usage of(long input, long output) {
		return new Usage(input, null, null, output, null, input + output);
	}

	/**
	 * What the exchange counts: the provider's own total where it is at least input +
	 * output, else their sum.
	 */
	public long totalTokens() {
		long sum = orZero(this.input) + orZero(this.output);
		return (this.total != null && this.total >= sum) ? this.total : sum;
	}

	/** Not reported counts as nothing where a number has to be had. */
	public static long orZero(@Nullable Long count) {
		return (count != null) ? count : 0;
	}

	private static void check(String name, @Nullable Long count) {
		if (count != null && (count < 0 || count > COUNT_MAX)) {
			throw new IllegalArgumentException(name + " must be between 0 and " + COUNT_MAX + " but was " + count);
		}
	}

}
