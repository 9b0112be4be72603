package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;

import io.tallygate.client.Limits;
import org.jspecify.annotations.Nullable;

/**
 * What one client took here of its rates while Redis was away. Two minutes give all of it
 * back, so that nothing has to be reset when Redis returns.
 */
final class RateShare {

	/** What open exchanges took of the tokens, to be set right when they close. */
	private final Map<String, Long> reserved = new HashMap<>();

	private long requests;

	private long tokens;

	private Instant at = Instant.EPOCH;

	/** Takes an exchange's part of the limits in its terms, or refuses it. */
	synchronized Admission take(Opening opening, Instant now) {
		Limits limits = opening.terms().limits();
		giveBack(limits, now);
		if (!hasOne(limits.requestsPerMinute(), this.requests) || !hasOne(limits.tokensPerMinute(), this.tokens)) {
			return opening.rateExceeded(this.requests, this.tokens);
		}
		this.requests = plus(limits.requestsPerMinute(), this.requests, 1);
		this.tokens = plus(limits.tokensPerMinute(), this.tokens, opening.tokensReserved());
		if (limits.tokensPerMinute() != null) {
			this.reserved.put(opening.request().value(), opening.tokensReserved());
		}
		return new Admission.Admitted(opening.rates(this.requests, this.tokens));
	}

	/** An exchange has used so many tokens, if it took any here. */
	synchronized void used(Opening opening, long used, Instant now) {
		Long taken = this.reserved.remove(opening.request().value());
		if (taken != null) {
			giveBack(opening.terms().limits(), now);
			this.tokens = plus(opening.terms().limits().tokensPerMinute(), this.tokens, used - taken);
		}
	}

	private void giveBack(Limits limits, Instant now) {
		long millis = Duration.between(this.at, now).toMillis();
		this.requests = after(limits.requestsPerMinute(), this.requests, millis);
		this.tokens = after(limits.tokensPerMinute(), this.tokens, millis);
		this.at = now;
	}

	private static boolean hasOne(@Nullable Long perMinute, long taken) {
		return perMinute == null || new Rate(perMinute).hasOne(taken);
	}

	private static long plus(@Nullable Long perMinute, long taken, long more) {
		return (perMinute != null) ? new Rate(perMinute).plus(taken, more) : 0;
	}

	private static long after(@Nullable Long perMinute, long taken, long millis) {
		return (perMinute != null) ? new Rate(perMinute).after(taken, millis) : 0;
	}

}
