package io.tallygate.stripe;

import org.jspecify.annotations.Nullable;

/**
 * A customer that is to be made.
 *
 * @param name as it stands on invoices
 * @param email where invoices go
 * @param address for tax and invoices
 */
public record NewCustomer(String name, @Nullable String email, @Nullable Address address) {

	/**
	 * An address in Stripe's words.
	 *
	 * @param line1 street
	 * @param line2 more of it
	 * @param city town
	 * @param state or province
	 * @param postalCode zip
	 * @param country two letters
	 */
	public record Address(@Nullable String line1, @Nullable String line2, @Nullable String city, @Nullable String state,
			@Nullable String postalCode, @Nullable String country) {
	}

}
