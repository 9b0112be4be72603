package io.tallygate.billing;

import java.math.BigDecimal;
import java.util.List;

import io.tallygate.stripe.StripePrice;
import org.jspecify.annotations.Nullable;

/**
 * A price as the admin API shows it: what {@link StripePrice} explains, amounts as Stripe
 * writes them.
 *
 * @param unitAmount minor units, where they are whole
 * @param unitAmountDecimal minor units as a decimal in text
 * @param metered whether it bills what a meter counted
 */
record PriceView(String id, boolean active, @Nullable String nickname, String productId, @Nullable String productName,
		String currency, @Nullable Long unitAmount, @Nullable String unitAmountDecimal, @Nullable String billingScheme,
		@Nullable String tiersMode, List<Tier> tiers, boolean metered, @Nullable String interval,
		@Nullable Long intervalCount, @Nullable String meterId, @Nullable Long packageSize, @Nullable String round,
		@Nullable String taxBehavior) {

	PriceView {
		tiers = List.copyOf(tiers);
	}

	/**
	 * One step of a tiered price.
	 *
	 * @param upTo its last unit; none of the last tier
	 * @param unitAmountDecimal minor units for each unit in it
	 * @param flatAmountDecimal minor units once
	 */
	record Tier(@Nullable Long upTo, @Nullable String unitAmountDecimal, @Nullable String flatAmountDecimal) {
	}

	static PriceView of(StripePrice price) {
		return new PriceView(price.id(), price.active(), price.nickname(), price.productId(), price.productName(),
				price.currency(), whole(price.unitAmountDecimal()), text(price.unitAmountDecimal()),
				price.billingScheme(), price.tiersMode(),
				price.tiers()
					.stream()
					.map((tier) -> new Tier(tier.upTo(), text(tier.unitAmountDecimal()),
							text(tier.flatAmountDecimal())))
					.toList(),
				price.isMetered(), price.interval(), price.intervalCount(), price.meterId(), price.packageSize(),
				price.round(), price.taxBehavior());
	}

	private static @Nullable Long whole(@Nullable BigDecimal amount) {
		return (amount != null && amount.stripTrailingZeros().scale() <= 0) ? amount.longValueExact() : null;
	}

	private static @Nullable String text(@Nullable BigDecimal amount) {
		return (amount != null) ? amount.stripTrailingZeros().toPlainString() : null;
	}

}
