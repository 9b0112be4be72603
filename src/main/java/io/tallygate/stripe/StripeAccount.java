package io.tallygate.stripe;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * The account behind a key, and what the key may do there.
 *
 * @param id {@code acct_…}
 * @param name as the account shows itself
 * @param defaultCurrency lower case
 * @param access one for each kind of object that we need
 */
public record StripeAccount(String id, @Nullable String name, @Nullable String defaultCurrency, List<Access> access) {

	public StripeAccount {
		access = List.copyOf(access);
	}

	/**
	 * Whether the key has a permission that we need.
	 *
	 * @param permission to do what
	 * @param refusal what Stripe said when it may not
	 */
	public record Access(StripePermission permission, @Nullable String refusal) {
	}

}
