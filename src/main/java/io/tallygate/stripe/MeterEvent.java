package io.tallygate.stripe;

import java.time.Instant;

/**
 * What is sent to Stripe of a meter event. The names are Stripe's (POST
 * /v1/billing/meter_events).
 *
 * @param eventName the meter's
 * @param identifier by which Stripe knows a repeat, at most 100 characters
 * @param customer {@code cus_…}
 * @param value a whole number
 * @param timestamp when it occurred, sent in whole seconds
 * @param idempotencyKey of this attempt: the identifier and a number
 */
public record MeterEvent(String eventName, String identifier, String customer, long value, Instant timestamp,
		String idempotencyKey) {
}
