package io.tallygate.stripe;

import java.time.Duration;

import org.jspecify.annotations.Nullable;

/**
 * What Stripe said to one attempt to hand it a meter event. What follows from it, the
 * outbox decides.
 */
public sealed interface MeterEventAnswer {

	/** 200: Stripe has the event. */
	record Accepted() implements MeterEventAnswer {
	}

	/** 400 "already exists with identifier": an earlier attempt arrived. */
	record Duplicate() implements MeterEventAnswer {
	}

	/**
	 * 429: nothing is known to be wrong with the event; it was not taken.
	 *
	 * @param reason what Stripe said
	 * @param retryAfter when Stripe asked to be tried again, if it did
	 */
	record Busy(String reason, @Nullable Duration retryAfter) implements MeterEventAnswer {
	}

	/**
	 * 5xx: Stripe failed, perhaps after it took the event.
	 *
	 * @param reason what Stripe said
	 */
	record Failed(String reason) implements MeterEventAnswer {
	}

	/**
	 * No answer, or one that was no Stripe answer: perhaps Stripe took the event.
	 *
	 * @param reason what happened
	 */
	record Unanswered(String reason) implements MeterEventAnswer {
	}

	/**
	 * 401 or 403: the agency's key does not open this door any more; the event itself is
	 * not at fault.
	 *
	 * @param reason what Stripe said
	 */
	record KeyRefused(String reason) implements MeterEventAnswer {
	}

	/**
	 * Any other 4xx: the event is refused and a repeat would be too.
	 *
	 * @param code Stripe's {@code error.code}, or its type where there is none
	 * @param reason what Stripe said
	 * @param kind what is at fault
	 */
	record Refused(String code, String reason, Fault kind) implements MeterEventAnswer {
	}

	/** What a refused event fails on. */
	enum Fault {

		/**
		 * Stripe does not know the customer (or it was deleted): the next event of the
		 * lane would fail as well.
		 */
		CUSTOMER,
		/**
		 * The meter is unknown or deactivated: the next event of the lane would fail as
		 * well.
		 */
		METER,
		/**
		 * The timestamp is outside of what Stripe takes (35 days back, 5 minutes ahead).
		 */
		AGE,
		/** The value, or something else about this one event. */
		VALUE

	}

}
