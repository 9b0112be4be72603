package io.tallygate.relay;

import io.tallygate.metering.Admission;
import io.tallygate.metering.Admission.CapReached;
import io.tallygate.metering.Admission.RateExceeded;

/**
 * What a client is told that metering does not admit: which limit of its own, how far it
 * has got, and when to come back.
 */
final class Refusals {

	private Refusals() {
	}

	/** The error of the API that stands for this refusal. */
	static ApiError of(Admission refusal) {
		return (refusal instanceof CapReached cap) ? capReached(cap) : rateExceeded((RateExceeded) refusal);
	}

	private static ApiError capReached(CapReached cap) {
		String reserved = (cap.reserved().signum() > 0)
				? " and up to " + cap.reserved().toPlainString() + " reserved by requests that are running" : "";
		return ApiError.of(ApiError.Code.USAGE_CAP_REACHED,
				"The usage cap of " + cap.cap().toPlainString() + " " + cap.chargeBy().text() + " is reached: "
						+ cap.used().toPlainString() + " used" + reserved + ". It resets at " + cap.resetsAt());
	}

	private static ApiError rateExceeded(RateExceeded rate) {
		return ApiError.of(
				ApiError.Code.RATE_LIMIT_EXCEEDED, "The rate limit of " + rate.perMinute() + " " + rate.what()
						+ " per minute is reached. Try again in " + RateHeaders.text(rate.retryAfter()),
				rate.retryAfter());
	}

}
