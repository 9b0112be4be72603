package io.tallygate.billing;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.stripe.StripeInvoice;
import reactor.core.publisher.Mono;

/** Told of what Stripe tells that asks for a look at the books. */
interface BooksListener {

	/**
	 * A client has a new invoice, which is a draft, so that usage still counts to it. May
	 * be told more than once of the same.
	 */
	Mono<Void> drafted(AgencyId agency, ClientId client, StripeInvoice invoice);

	/** Stripe has refused more usage than it names. May be told more than once. */
	Mono<Void> refusedUnnamed(AgencyId agency, String eventId);

}
