package io.tallygate.outbox;

import io.tallygate.core.AgencyId;

/**
 * One Stripe customer's way to one meter. Stripe takes one call at a time for each, and
 * so a lane has at most one meter event under way.
 *
 * @param id ours
 * @param agency whose key opens it
 * @param stripeAccount {@code acct_…}
 * @param livemode whether real money follows
 * @param customer {@code cus_…}
 * @param meterId {@code mtr_…}
 * @param eventName by which Stripe knows the meter in events
 */
public record Lane(long id, AgencyId agency, String stripeAccount, boolean livemode, String customer, String meterId,
		String eventName) {
}
