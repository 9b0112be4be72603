package io.tallygate.stripe;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * A page that Stripe hosts for one customer. Who has its address may use it.
 *
 * @param id {@code cs_…} or {@code bps_…}
 * @param url where to send the customer
 * @param status of a checkout: open, complete or expired
 * @param expiresAt when a checkout's page is gone
 */
public record StripePage(String id, String url, @Nullable String status, @Nullable Instant expiresAt) {

	@Override
	public String toString() {
		return "StripePage[" + this.id + "]";
	}

}
