package io.tallygate.client;

import io.tallygate.core.Faults;
import org.jspecify.annotations.Nullable;

/**
 * Rates as the admin API writes them, of which an absent one is none.
 *
 * @param requestsPerMinute how many requests are admitted
 * @param tokensPerMinute how many tokens they may use
 */
record RateLimitBody(@Nullable Long requestsPerMinute, @Nullable Long tokensPerMinute) {

	/** The rates among these limits, {@code null} where there are none. */
	static @Nullable RateLimitBody of(Limits limits) {
		return (limits.requestsPerMinute() != null || limits.tokensPerMinute() != null)
				? new RateLimitBody(limits.requestsPerMinute(), limits.tokensPerMinute()) : null;
	}

	/** The rate of requests, none where it is at fault. */
	@Nullable Long requests(Faults faults) {
		return checked("requests_per_minute", this.requestsPerMinute, faults);
	}

	/** The rate of tokens, none where it is at fault. */
	@Nullable Long tokens(Faults faults) {
		return checked("tokens_per_minute", this.tokensPerMinute, faults);
	}

	private static @Nullable Long checked(String name, @Nullable Long rate, Faults faults) {
		boolean holds = rate == null || (rate >= 1 && rate <= Limits.RATE_MAX);
		faults.unless(holds, "/rate_limit/" + name,
				"rate_limit." + name + " must be at least 1 and at most " + Limits.RATE_MAX + " but was " + rate);
		return holds ? rate : null;
	}

}
