package io.tallygate.client;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * A subscription at Stripe, in the answer that made it.
 *
 * @param id {@code sub_…}
 * @param status Stripe's word
 * @param currentPeriodStart when the period that runs began
 * @param currentPeriodEnd when it ends, exclusive, on a full minute
 * @param pendingSetupIntent for the card that it still lacks
 */
public record NewSubscription(String id, String status, @Nullable Instant currentPeriodStart,
		@Nullable Instant currentPeriodEnd, @Nullable SetupIntent pendingSetupIntent) {

	/**
	 * A card in the making.
	 *
	 * @param id {@code seti_…}
	 * @param status Stripe's word
	 * @param clientSecret for the page on which the card is entered
	 */
	public record SetupIntent(String id, String status, String clientSecret) {

		@Override
		public String toString() {
			return "SetupIntent[" + this.id + "]";
		}

	}

}
