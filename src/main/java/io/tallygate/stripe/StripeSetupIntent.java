package io.tallygate.stripe;

import com.stripe.model.SetupIntent;

/**
 * A customer's card in the making.
 *
 * @param id {@code seti_…}
 * @param status Stripe's word ("requires_payment_method")
 * @param clientSecret for the page on which the card is entered, with Stripe's own script
 */
public record StripeSetupIntent(String id, String status, String clientSecret) {

	static StripeSetupIntent of(SetupIntent intent) {
		return new StripeSetupIntent(intent.getId(), intent.getStatus(), intent.getClientSecret());
	}

	@Override
	public String toString() {
		return "StripeSetupIntent[" + this.id + "]";
	}

}
