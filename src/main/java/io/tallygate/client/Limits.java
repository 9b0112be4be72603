package io.tallygate.client;

import org.jspecify.annotations.Nullable;

/**
 * How much a client may use. Caps are for a period ({@link Periods}) and in what the
 * client is charged by; rates are for a minute. What is {@code null} is not limited.
 *
 * @param softQuantity the cap that is only told of, in thousandths
 * @param hardQuantity the cap at which nothing more is admitted, in thousandths
 * @param requestsPerMinute how many requests are admitted
 * @param tokensPerMinute how many tokens these may use, whatever they are charged by and
 * however they weigh
 */
public record Limits(@Nullable Long softQuantity, @Nullable Long hardQuantity, @Nullable Long requestsPerMinute,
		@Nullable Long tokensPerMinute) {

	/** No limit at all. */
	public static final Limits NONE = new Limits(null, null, null, null);

	/** The largest cap, in tokens or messages: sums of it stay exact in Redis. */
	public static final long CAP_MAX = 1_000_000_000_000L;

	/** The highest rate, for the same reason. */
	public static final long RATE_MAX = 1_000_000_000L;

	public Limits {
		check("softQuantity", softQuantity, CAP_MAX * ChargePolicy.THOUSANDTHS);
		check("hardQuantity", hardQuantity, CAP_MAX * ChargePolicy.THOUSANDTHS);
		check("requestsPerMinute", requestsPerMinute, RATE_MAX);
		check("tokensPerMinute", tokensPerMinute, RATE_MAX);
		if (softQuantity != null && hardQuantity != null && softQuantity > hardQuantity) {
			throw new IllegalArgumentException(
					"softQuantity must not be more than hardQuantity (" + hardQuantity + ") but was " + softQuantity);
		}
	}

	/** Whether no request can be refused by them. */
	public boolean refuseNothing() {
		return this.hardQuantity == null && this.requestsPerMinute == null && this.tokensPerMinute == null;
	}

	private static void check(String name, @Nullable Long limit, long max) {
		if (limit != null && (limit < 1 || limit > max)) {
			throw new IllegalArgumentException(name + " must be between 1 and " + max + " but was " + limit);
		}
	}

}
