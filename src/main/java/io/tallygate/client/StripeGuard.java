package io.tallygate.client;

import io.tallygate.core.AgencyId;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Asks Stripe whether a client can be billed as the agency chose, before anything is
 * stored. Implemented by the room that knows Stripe.
 */
public interface StripeGuard {

	/**
	 * What the choice means at Stripe, or a {@link io.tallygate.core.Problem} (422) when
	 * price, customer and policy do not fit.
	 */
	Mono<StripeTerms> check(AgencyId agency, StripeChoice choice, ChargePolicy policy);

	/**
	 * Whether the agency's Stripe connection is live; {@code false} without a connection.
	 */
	Mono<Boolean> livemode(AgencyId agency);

	/**
	 * The agency's choice of Stripe objects for a client.
	 *
	 * @param customer {@code cus_…}
	 * @param product {@code prod_…}; if given, the price must be its
	 * @param price {@code price_…}
	 */
	record StripeChoice(String customer, @Nullable String product, String price) {
	}

	/**
	 * What the guard found: all that identifies the client's lane.
	 *
	 * @param account {@code acct_…}
	 * @param livemode whether real money is meant
	 * @param customer {@code cus_…}
	 * @param price {@code price_…}
	 * @param meterId the meter that the price reads
	 * @param eventName the name under which the meter takes events
	 */
	record StripeTerms(String account, boolean livemode, String customer, String price, String meterId,
			String eventName) {
	}

}
