package io.tallygate.outbox;

import org.jspecify.annotations.Nullable;

/** What a person can do about a parked meter event, by the reason for which it is. */
final class Remedy {

	private Remedy() {
	}

	/** A sentence; {@code null} where nothing is to be done. */
	static @Nullable String of(@Nullable String reason) {
		if (reason == null || reason.equals(Delivery.DISCARDED)) {
			return null;
		}
		if (reason.startsWith("customer:")) {
			return "Stripe does not know the customer, or it was deleted. Put it right at Stripe and retry; "
					+ "or discard the event and give the client another customer";
		}
		if (reason.startsWith("meter:")) {
			return "The meter is unknown or deactivated. Reactivate it and retry";
		}
		if (reason.equals("age: timestamp_in_future")) {
			return "Stripe found the event's time in its future: see that clocks agree, and retry";
		}
		if (reason.startsWith("age:") || reason.equals(Delivery.TOO_OLD)) {
			return "Stripe takes nothing older than 35 days. Bill it by hand and discard the event";
		}
		if (reason.equals(Delivery.IN_DOUBT)) {
			return "Stripe may have the event, and its summaries do not say. Look at the customer's meter at Stripe: "
					+ "retry if it lacks the value, discard if it has it";
		}
		if (reason.equals(Delivery.MISSING)) {
			return "Stripe accepted the event and does not count it. Retry: a successor goes out once the summaries "
					+ "lack it";
		}
		return "Stripe refuses this event for what stands in last_error. Retry after that is mended, or discard it";
	}

}
