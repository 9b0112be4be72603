package io.tallygate.billing;

import io.tallygate.client.NewSubscription;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.Caller;
import io.tallygate.core.Faults;
import io.tallygate.stripe.StripePage;
import io.tallygate.stripe.StripeSetupIntent;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Subscribes an agency's customers and lets them pay. */
@RestController
@RequestMapping("/admin/v1/stripe")
class StripePaymentController {

	private static final String CUSTOMER = "cus_";

	private static final String PRICE = "price_";

	private final SubscriptionSetUp setUp;

	StripePaymentController(SubscriptionSetUp setUp) {
		this.setUp = setUp;
	}

	/** Subscribes a customer to a metered price, anchored on a full minute. */
	@PostMapping("/subscriptions")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<NewSubscription> subscribe(Caller.OfAgency caller, AdminRequest request,
			@RequestBody StripeBodies.Subscription body) {
		Faults faults = new Faults();
		String customer = StripeBodies.id(faults, "/customer_id", body.customerId(), CUSTOMER);
		String price = StripeBodies.id(faults, "/price_id", body.priceId(), PRICE);
		faults.throwIfAny();
		return this.setUp.subscribe(caller.agency(), request, customer, price, Boolean.TRUE.equals(body.automaticTax()))
			.map(StripeTermsGuard::shown);
	}

	/** A page of Stripe's on which a customer subscribes and enters a card. */
	@PostMapping("/checkout_sessions")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<StripePage> checkout(Caller.OfAgency caller, AdminRequest request, @RequestBody StripeBodies.Checkout body) {
		Faults faults = new Faults();
		String customer = StripeBodies.id(faults, "/customer_id", body.customerId(), CUSTOMER);
		String price = StripeBodies.id(faults, "/price_id", body.priceId(), PRICE);
		String success = StripeBodies.url(faults, "/success_url", body.successUrl());
		String cancel = StripeBodies.url(faults, "/cancel_url", body.cancelUrl());
		faults.throwIfAny();
		return this.setUp.checkout(caller.agency(), request, customer, price, success, cancel);
	}

	/** A card to be entered on a page of the agency's own. */
	@PostMapping("/setup_intents")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<StripeSetupIntent> setupIntent(Caller.OfAgency caller, AdminRequest request,
			@RequestBody StripeBodies.SetupIntent body) {
		Faults faults = new Faults();
		String customer = StripeBodies.id(faults, "/customer_id", body.customerId(), CUSTOMER);
		faults.throwIfAny();
		return this.setUp.setupIntent(caller.agency(), request, customer);
	}

	/** A page of Stripe's on which a customer sees invoices and changes the card. */
	@PostMapping("/billing_portal_sessions")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<StripePage> portal(Caller.OfAgency caller, AdminRequest request,
			@RequestBody StripeBodies.PortalSession body) {
		Faults faults = new Faults();
		String customer = StripeBodies.id(faults, "/customer_id", body.customerId(), CUSTOMER);
		String back = StripeBodies.url(faults, "/return_url", body.returnUrl());
		faults.throwIfAny();
		return this.setUp.portalSession(caller.agency(), request, customer, back);
	}

}
