package io.tallygate.stripe;

import java.time.Instant;
import java.util.List;
import java.util.Set;

import com.stripe.model.Price;
import com.stripe.model.Subscription;
import com.stripe.model.SubscriptionItem;
import org.jspecify.annotations.Nullable;

/**
 * A customer's subscription at Stripe.
 *
 * @param id {@code sub_…}
 * @param status Stripe's word ("active")
 * @param items what it bills
 * @param pendingSetupIntent for the card that it still lacks; only where it was asked for
 */
public record StripeSubscription(String id, String status, List<Item> items,
		@Nullable StripeSetupIntent pendingSetupIntent) {

	/** In these it makes no invoices any more, or none yet again. */
	private static final Set<String> BILLS_NOTHING = Set.of("canceled", "incomplete_expired", "paused");

	public StripeSubscription {
		items = List.copyOf(items);
	}

	/**
	 * A price that it bills.
	 *
	 * @param priceId {@code price_…}
	 * @param meterId whose usage, if a meter's
	 * @param periodStart of the period that runs
	 * @param periodEnd of the period that runs, exclusive
	 */
	public record Item(String priceId, @Nullable String meterId, @Nullable Instant periodStart,
			@Nullable Instant periodEnd) {

		static Item of(SubscriptionItem item) {
			Price price = item.getPrice();
			return new Item(price.getId(), (price.getRecurring() != null) ? price.getRecurring().getMeter() : null,
					at(item.getCurrentPeriodStart()), at(item.getCurrentPeriodEnd()));
		}

		private static @Nullable Instant at(@Nullable Long seconds) {
			return (seconds != null) ? Instant.ofEpochSecond(seconds) : null;
		}

	}

	static StripeSubscription of(Subscription subscription) {
		return new StripeSubscription(subscription.getId(), subscription.getStatus(),
				subscription.getItems().getData().stream().map(Item::of).toList(),
				(subscription.getPendingSetupIntentObject() != null)
						? StripeSetupIntent.of(subscription.getPendingSetupIntentObject()) : null);
	}

	/** Whether it makes invoices at all. */
	public boolean isBilling() {
		return !BILLS_NOTHING.contains(this.status);
	}

	/** Whether it bills this price. */
	public boolean bills(String priceId) {
		return isBilling() && this.items.stream().anyMatch((item) -> item.priceId().equals(priceId));
	}

}
