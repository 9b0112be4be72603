package io.tallygate.stripe;

import java.time.Instant;

/**
 * One attempt to make something at Stripe.
 *
 * @param idempotencyKey under which Stripe answers a repeat as it answered the first
 * @param intent what is made carries it in its metadata, where it has any, so that it can
 * be found again
 * @param since nothing that this intent made is older
 */
public record StripeWrite(String idempotencyKey, String intent, Instant since) {

	/** Where the intent stands in the metadata of what is made. */
	public static final String METADATA = "tallygate_intent";

}
