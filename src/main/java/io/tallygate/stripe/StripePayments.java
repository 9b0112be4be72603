package io.tallygate.stripe;

import java.time.Instant;

import com.stripe.param.SetupIntentCreateParams;
import com.stripe.param.checkout.SessionCreateParams;
import io.tallygate.core.AgencyId;
import reactor.core.publisher.Mono;

/**
 * Ways for a customer to pay what an agency's Stripe bills: pages that Stripe hosts, and
 * the card on the agency's own. Everything fails with a {@link StripeProblem} only.
 */
public final class StripePayments {

	private final StripeCalls calls;

	StripePayments(StripeCalls calls) {
		this.calls = calls;
	}

	/** A page on which the customer subscribes to a metered price. */
	public Mono<StripePage> createCheckout(AgencyId agency, StripeWrite write, String customer, String price,
			String successUrl, String cancelUrl) {
		SessionCreateParams params = SessionCreateParams.builder()
			.setMode(SessionCreateParams.Mode.SUBSCRIPTION)
			.setCustomer(customer)
			// A metered price takes no quantity: usage is the quantity.
			.addLineItem(SessionCreateParams.LineItem.builder().setPrice(price).build())
			.setSuccessUrl(successUrl)
			.setCancelUrl(cancelUrl)
			.putMetadata(StripeWrite.METADATA, write.intent())
			.setSubscriptionData(SessionCreateParams.SubscriptionData.builder()
				.putMetadata(StripeWrite.METADATA, write.intent())
				.build())
			.build();
		return this.calls
			.call(agency, (stripe) -> stripe.v1().checkout().sessions().create(params, StripeSetup.options(write)))
			.map((session) -> new StripePage(session.getId(), session.getUrl(), session.getStatus(),
					(session.getExpiresAt() != null) ? Instant.ofEpochSecond(session.getExpiresAt()) : null));
	}

	/** A card in the making, to be charged later without the customer. */
	public Mono<StripeSetupIntent> createSetupIntent(AgencyId agency, StripeWrite write, String customer) {
		SetupIntentCreateParams params = SetupIntentCreateParams.builder()
			.setCustomer(customer)
			.setUsage(SetupIntentCreateParams.Usage.OFF_SESSION)
			.putMetadata(StripeWrite.METADATA, write.intent())
			.build();
		return this.calls.call(agency, (stripe) -> StripeSetupIntent
			.of(stripe.v1().setupIntents().create(params, StripeSetup.options(write))));
	}

	/** A page on which the customer sees invoices and changes the card. */
	public Mono<StripePage> createPortalSession(AgencyId agency, StripeWrite write, String customer, String returnUrl) {
		var params = com.stripe.param.billingportal.SessionCreateParams.builder()
			.setCustomer(customer)
			.setReturnUrl(returnUrl)
			.build();
		return this.calls
			.call(agency, (stripe) -> stripe.v1().billingPortal().sessions().create(params, StripeSetup.options(write)))
			.map((session) -> new StripePage(session.getId(), session.getUrl(), null, null));
	}

}
