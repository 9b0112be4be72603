package io.tallygate.stripe;

import com.stripe.model.Product;
import org.jspecify.annotations.Nullable;

/**
 * A product at Stripe.
 *
 * @param id {@code prod_…}
 * @param name as the customer sees it on an invoice
 * @param description the agency's, for the customer
 */
public record StripeProduct(String id, String name, @Nullable String description) {

	static StripeProduct of(Product product) {
		return new StripeProduct(product.getId(), product.getName(), product.getDescription());
	}

}
