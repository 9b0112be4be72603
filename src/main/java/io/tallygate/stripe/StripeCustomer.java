package io.tallygate.stripe;

import com.stripe.model.Customer;
import org.jspecify.annotations.Nullable;

/**
 * A customer at Stripe: Stripe's object for a client.
 *
 * @param id {@code cus_…}
 * @param name the customer's
 * @param email the customer's
 * @param currency in which it has been billed; none before the first time
 * @param deleted whether only the id is left of it
 */
public record StripeCustomer(String id, @Nullable String name, @Nullable String email, @Nullable String currency,
		boolean deleted) {

	static StripeCustomer of(Customer customer) {
		return new StripeCustomer(customer.getId(), customer.getName(), customer.getEmail(), customer.getCurrency(),
				Boolean.TRUE.equals(customer.getDeleted()));
	}

}
