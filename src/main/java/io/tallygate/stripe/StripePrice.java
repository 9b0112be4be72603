package io.tallygate.stripe;

import java.math.BigDecimal;

import com.stripe.model.Price;
import org.jspecify.annotations.Nullable;

/**
 * A price at Stripe, slimmed to what decides whether usage can be billed by it.
 *
 * @param id {@code price_…}
 * @param active whether it can still be subscribed to
 * @param nickname the agency's word for it
 * @param productId {@code prod_…}
 * @param productName as the customer sees it on an invoice
 * @param currency lower case
 * @param unitAmount minor units for one unit or package, where it is a whole number
 * @param unitAmountDecimal minor units for one unit or package, where it is not tiered
 * @param billingScheme "per_unit" or "tiered"
 * @param usageType "metered", "licensed", or none for a price that is paid once
 * @param interval "month", for instance
 * @param meterId the meter that it reads
 * @param packageSize how many units Stripe makes one package of, if it does
 * @param round "up" or "down", for the last package of a period
 */
public record StripePrice(String id, boolean active, @Nullable String nickname, String productId,
		@Nullable String productName, String currency, @Nullable Long unitAmount,
		@Nullable BigDecimal unitAmountDecimal, @Nullable String billingScheme, @Nullable String usageType,
		@Nullable String interval, @Nullable String meterId, @Nullable Long packageSize, @Nullable String round) {

	static StripePrice of(Price price) {
		Price.Recurring recurring = price.getRecurring();
		Price.TransformQuantity packages = price.getTransformQuantity();
		return new StripePrice(price.getId(), Boolean.TRUE.equals(price.getActive()), price.getNickname(),
				price.getProduct(), (price.getProductObject() != null) ? price.getProductObject().getName() : null,
				price.getCurrency(), price.getUnitAmount(), price.getUnitAmountDecimal(), price.getBillingScheme(),
				(recurring != null) ? recurring.getUsageType() : null,
				(recurring != null) ? recurring.getInterval() : null, (recurring != null) ? recurring.getMeter() : null,
				(packages != null) ? packages.getDivideBy() : null, (packages != null) ? packages.getRound() : null);
	}

	/** Whether it bills what a meter counted. */
	public boolean isMetered() {
		return "metered".equals(this.usageType) && this.meterId != null;
	}

}
