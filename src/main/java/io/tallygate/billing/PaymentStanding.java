package io.tallygate.billing;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

import io.tallygate.client.ClientAlarm;
import io.tallygate.stripe.StripeSubscription;
import org.jspecify.annotations.Nullable;

/**
 * How a client stands with its payments, and what follows from it.
 *
 * @param policy what is done about it when it owes
 * @param status of its subscription in Stripe's word, none before it was read
 * @param subscription that bills it
 * @param periodStart of the billing period that runs
 * @param periodEnd of the billing period that runs, exclusive
 * @param owingSince since when it owes, if it does
 */
record PaymentStanding(PaymentPolicy policy, @Nullable String status, @Nullable String subscription,
		@Nullable Instant periodStart, @Nullable Instant periodEnd, @Nullable Instant owingSince) {

	/**
	 * What a client is of whom Stripe was not asked, and about whom nobody has decided.
	 */
	static final PaymentStanding UNREAD = new PaymentStanding(PaymentPolicy.DEFAULT, null, null, null, null, null);

	/** No subscription bills the client at all: the guard of its terms says so. */
	static final String NONE = "none";

	private static final Set<String> OWING = Set.of("past_due", "unpaid", "canceled", "incomplete_expired");

	/** The better one comes first: a customer may have replaced one by another. */
	private static final List<String> ORDER = List.of("active", "trialing", "past_due", "unpaid", "incomplete",
			"paused", "canceled", "incomplete_expired");

	private static final Map<String, String> WORDS = Map.of("past_due", "is past due: a payment failed", "unpaid",
			"is unpaid: Stripe has given up charging", "canceled", "is canceled: what is used is billed to nobody",
			"incomplete_expired", "has expired before its first payment");

	/** The same under another policy. */
	PaymentStanding with(PaymentPolicy other) {
		return new PaymentStanding(other, this.status, this.subscription, this.periodStart, this.periodEnd,
				this.owingSince);
	}

	/**
	 * What the customer's subscriptions say now about the client.
	 * @param price that the client is billed by
	 * @param noticedAt when what was told happened; it begins what is owed
	 */
	PaymentStanding read(List<StripeSubscription> subscriptions, String price, Instant noticedAt) {
		Optional<StripeSubscription> best = subscriptions.stream()
			.filter((each) -> item(each, price).isPresent())
			.min(Comparator.comparingInt(PaymentStanding::rank));
		String found = best.map(StripeSubscription::status).orElse(NONE);
		boolean isOwing = OWING.contains(found);
		Optional<StripeSubscription.Item> item = best.flatMap((each) -> item(each, price));
		return new PaymentStanding(this.policy, found, best.map(StripeSubscription::id).orElse(null),
				item.map(StripeSubscription.Item::periodStart).orElse(null),
				item.map(StripeSubscription.Item::periodEnd).orElse(null),
				!isOwing ? null : (this.owingSince != null) ? this.owingSince : noticedAt);
	}

	private static Optional<StripeSubscription.Item> item(StripeSubscription subscription, String price) {
		return subscription.items().stream().filter((item) -> item.priceId().equals(price)).findFirst();
	}

	private static int rank(StripeSubscription subscription) {
		int place = ORDER.indexOf(subscription.status());
		return (place >= 0) ? place : ORDER.size();
	}

	/** When its keys stop working, if they do. */
	@Nullable Instant heldFrom() {
		return (isSuspending() && this.owingSince != null) ? this.owingSince.plus(this.policy.grace()) : null;
	}

	/** Whether its keys are answered 402. */
	boolean isHeld(Instant now) {
		Instant from = heldFrom();
		return from != null && !from.isAfter(now);
	}

	private boolean isSuspending() {
		return this.policy.onOwing() == PaymentPolicy.OnOwing.SUSPEND;
	}

	/** What a person is told. */
	List<ClientAlarm> alarms() {
		if (this.owingSince == null || this.status == null) {
			return List.of();
		}
		String then = isSuspending() ? "Its keys are answered 402 from " + heldFrom()
				: "Its keys go on working, because its payment policy is to warn";
		return List.of(new ClientAlarm("subscription_" + this.status, "The subscription " + this.subscription + " "
				+ WORDS.getOrDefault(this.status, this.status) + ", since " + this.owingSince + ". " + then));
	}

}
