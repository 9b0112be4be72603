package io.tallygate.stripe;

import java.util.List;
import java.util.Set;

import com.stripe.model.Subscription;

/**
 * A customer's subscription at Stripe.
 *
 * @param id {@code sub_…}
 * @param status Stripe's word ("active")
 * @param priceIds what it bills
 */
public record StripeSubscription(String id, String status, List<String> priceIds) {

	private static final Set<String> ENDED = Set.of("canceled", "incomplete_expired");

	public StripeSubscription {
		priceIds = List.copyOf(priceIds);
	}

	static StripeSubscription of(Subscription subscription) {
		return new StripeSubscription(subscription.getId(), subscription.getStatus(),
				subscription.getItems().getData().stream().map((item) -> item.getPrice().getId()).toList());
	}

	/** Whether it still bills this price. */
	public boolean bills(String priceId) {
		return !ENDED.contains(this.status) && this.priceIds.contains(priceId);
	}

}
