package io.tallygate.billing;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.util.List;

import io.tallygate.core.AdminRequest;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Problem;
import io.tallygate.stripe.StripeCatalogue;
import io.tallygate.stripe.StripePage;
import io.tallygate.stripe.StripePayments;
import io.tallygate.stripe.StripePrice;
import io.tallygate.stripe.StripeSetup;
import io.tallygate.stripe.StripeSetupIntent;
import io.tallygate.stripe.StripeSubscription;
import reactor.core.publisher.Mono;

/**
 * Subscribes customers to metered prices, and lets them pay. A customer who is billed by
 * a meter already is not subscribed to it again: its usage would be billed twice.
 */
class SubscriptionSetUp {

	/**
	 * Our clock may be ahead of Stripe's, which takes no anchor beyond the first period.
	 */
	private static final Duration CLOCK_SLACK = Duration.ofMinutes(1);

	private final StripeIntents intents;

	private final StripeCatalogue catalogue;

	private final StripeSetup stripe;

	private final StripePayments payments;

	SubscriptionSetUp(StripeIntents intents, StripeCatalogue catalogue, StripeSetup stripe, StripePayments payments) {
		this.intents = intents;
		this.catalogue = catalogue;
		this.stripe = stripe;
		this.payments = payments;
	}

	/** Subscribes a customer; the card is still to be entered. */
	Mono<StripeSubscription> subscribe(AgencyId agency, AdminRequest request, String customer, String priceId,
			boolean automaticTax) {
		return subscribable(agency, request, "subscription", customer, priceId)
			.flatMap((price) -> this.intents.make(agency, request, "subscription",
					new StripeIntents.Making<>(
							(write) -> this.stripe.createSubscription(agency, write, customer, priceId,
									anchor(write.since(), price), automaticTax),
							(write) -> this.stripe.findSubscription(agency, write, customer), StripeSubscription::id)))
			.onErrorMap((trouble) -> StripeProblems.told(trouble, request));
	}

	/**
	 * Subscribes a customer who is not subscribed to this price; empty, and nothing is
	 * made, for one who is.
	 */
	Mono<StripeSubscription> subscribeWhoIsNot(AgencyId agency, AdminRequest request, String customer, String priceId) {
		Mono<Boolean> isSubscribed = this.intents.isBegun(agency, request, "subscription")
			.flatMap((begun) -> begun ? Mono.just(false) : this.catalogue.subscriptions(agency, customer)
				.map((all) -> all.stream().anyMatch((each) -> each.bills(priceId))));
		return isSubscribed
			.flatMap((subscribed) -> subscribed ? Mono.empty() : subscribe(agency, request, customer, priceId, false));
	}

	/** A page on which the customer subscribes and enters the card. */
	Mono<StripePage> checkout(AgencyId agency, AdminRequest request, String customer, String priceId, String successUrl,
			String cancelUrl) {
		return subscribable(agency, request, "checkout", customer, priceId)
			.flatMap((price) -> this.intents.make(agency, request, "checkout",
					new StripeIntents.Making<>((write) -> this.payments.createCheckout(agency, write, customer, priceId,
							successUrl, cancelUrl), (write) -> Mono.empty(), StripePage::id)))
			.onErrorMap((trouble) -> StripeProblems.told(trouble, request));
	}

	/** A card to be entered on a page of the agency's. */
	Mono<StripeSetupIntent> setupIntent(AgencyId agency, AdminRequest request, String customer) {
		return this.intents
			.make(agency, request, "setup_intent",
					new StripeIntents.Making<>((write) -> this.payments.createSetupIntent(agency, write, customer),
							(write) -> Mono.empty(), StripeSetupIntent::id))
			.onErrorMap((trouble) -> StripeProblems.told(trouble, request));
	}

	/** A page on which the customer sees invoices and changes the card. */
	Mono<StripePage> portalSession(AgencyId agency, AdminRequest request, String customer, String returnUrl) {
		return this.intents
			.make(agency, request, "portal_session",
					new StripeIntents.Making<>(
							(write) -> this.payments.createPortalSession(agency, write, customer, returnUrl),
							(write) -> Mono.empty(), StripePage::id))
			.onErrorMap((trouble) -> StripeProblems.told(trouble, request));
	}

	/**
	 * The price, if it bills by use and the customer is not billed so yet. What a request
	 * that is repeated has made itself is in nobody's way.
	 */
	private Mono<StripePrice> subscribable(AgencyId agency, AdminRequest request, String step, String customer,
			String priceId) {
		return this.catalogue.price(agency, priceId)
			.onErrorMap(StripeTermsGuard.missing("stripe_price_not_found", "price", "/price_id", priceId))
			.doOnNext(SubscriptionSetUp::refuseUnmetered)
			.delayUntil((price) -> this.intents.isBegun(agency, request, step)
				.flatMap((begun) -> begun ? Mono.empty() : refuseIfBilled(agency, customer, price)));
	}

	private static void refuseUnmetered(StripePrice price) {
		String message = !price.active() ? "The price " + price.id() + " is archived at Stripe: nobody can subscribe"
				: "The price " + price.id()
						+ " reads no meter: it would bill the same amount whatever is used. Choose a metered price";
		if (!price.active() || !price.isMetered()) {
			throw new Problem(422, "price_mode_mismatch", message, List.of(new Problem.Field("/price_id", message)));
		}
	}

	private Mono<Void> refuseIfBilled(AgencyId agency, String customer, StripePrice price) {
		return this.catalogue.subscriptions(agency, customer)
			.onErrorMap(StripeTermsGuard.missing("stripe_customer_not_found", "customer", "/customer_id", customer))
			.flatMap((subscriptions) -> subscriptions.stream()
				.filter((each) -> each.isBilling() && each.items()
					.stream()
					.anyMatch((item) -> String.valueOf(price.meterId()).equals(item.meterId())))
				.findFirst()
				.map((billed) -> Mono.<Void>error(billed(customer, price, billed)))
				.orElse(Mono.empty()));
	}

	private static Problem billed(String customer, StripePrice price, StripeSubscription subscription) {
		String message = "The customer " + customer + " is billed by the meter " + price.meterId()
				+ " already, through the subscription " + subscription.id()
				+ ": a second one would bill the same usage twice. For a card use that subscription's "
				+ "pending setup intent, or POST /admin/v1/stripe/billing_portal_sessions";
		return new Problem(409, "already_subscribed", message, List.of(new Problem.Field("/customer_id", message)));
	}

	/**
	 * The end of the first period: on a full minute, because Stripe sums usage up by
	 * minutes and what is compared with it must begin and end on one. It follows from the
	 * beginning of the intent, so that a repeat asks for the same.
	 */
	static Instant anchor(Instant begun, StripePrice price) {
		ZonedDateTime start = begun.minus(CLOCK_SLACK).truncatedTo(ChronoUnit.MINUTES).atZone(ZoneOffset.UTC);
		long count = (price.intervalCount() != null) ? price.intervalCount() : 1;
		return switch (String.valueOf(price.interval())) {
			case "day" -> start.plusDays(count).toInstant();
			case "week" -> start.plusWeeks(count).toInstant();
			case "year" -> start.plusYears(count).toInstant();
			default -> start.plusMonths(count).toInstant();
		};
	}

}
