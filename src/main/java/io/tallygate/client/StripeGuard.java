package io.tallygate.client;

import java.util.List;

import io.tallygate.core.AdminRequest;
import io.tallygate.core.AgencyId;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Asks Stripe whether a client can be billed as the agency chose, before anything is
 * stored, and makes there what the client still lacks. Implemented by the room that knows
 * Stripe.
 */
public interface StripeGuard {

	/**
	 * What the choice means at Stripe, or a {@link io.tallygate.core.Problem} (422) when
	 * price, customer and policy do not fit.
	 */
	Mono<StripeTerms> check(AgencyId agency, StripeChoice choice, ChargePolicy policy);

	/**
	 * Makes the customer and the subscription that are wanted, after everything else was
	 * found to fit. A repeat of the request finds what it made.
	 */
	Mono<SetUp> setUp(AgencyId agency, Wanted wanted, ChargePolicy policy, AdminRequest request);

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
	 * What is to be made at Stripe for a new client.
	 *
	 * @param customer to be made, or {@code null}
	 * @param customerId that is there already, or {@code null}
	 * @param product {@code prod_…}; if given, the price must be its
	 * @param price {@code price_…}
	 * @param subscribes whether the customer is to be subscribed to the price
	 */
	record Wanted(@Nullable CustomerToMake customer, @Nullable String customerId, @Nullable String product,
			String price, boolean subscribes) {

		public Wanted {
			if ((customer == null) == (customerId == null)) {
				throw new IllegalArgumentException("Either a customer is there or it is to be made");
			}
		}

	}

	/**
	 * A customer that is to be made.
	 *
	 * @param name as it stands on invoices
	 * @param email where invoices go
	 * @param address for tax and invoices
	 */
	record CustomerToMake(String name, String email, CustomerBody.@Nullable Address address) {
	}

	/**
	 * What was made, and what it means.
	 *
	 * @param choice with the customer that was made
	 * @param terms what identifies the client's lane
	 * @param subscription that was made, if one was
	 */
	record SetUp(StripeChoice choice, StripeTerms terms, @Nullable NewSubscription subscription) {
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
	 * @param warnings what fits and is worth a look all the same
	 */
	record StripeTerms(String account, boolean livemode, String customer, String price, String meterId,
			String eventName, List<ClientAlarm> warnings) {

		public StripeTerms {
			warnings = List.copyOf(warnings);
		}

	}

}
