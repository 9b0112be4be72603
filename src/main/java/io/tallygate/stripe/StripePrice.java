package io.tallygate.stripe;

import java.math.BigDecimal;
import java.util.List;

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
 * @param unitAmountDecimal minor units for one unit or package, where it is not tiered
 * @param billingScheme "per_unit" or "tiered"
 * @param tiersMode "graduated" or "volume", where it is tiered
 * @param tiers lowest first; none where it is not tiered
 * @param usageType "metered", "licensed", or none for a price that is paid once
 * @param interval "month", for instance
 * @param intervalCount how many of them are billed at once
 * @param meterId the meter that it reads
 * @param packageSize how many units Stripe makes one package of, if it does
 * @param round "up" or "down", for the last package of a period
 * @param taxBehavior whether the amount includes tax
 */
public record StripePrice(String id, boolean active, @Nullable String nickname, String productId,
		@Nullable String productName, String currency, @Nullable BigDecimal unitAmountDecimal,
		@Nullable String billingScheme, @Nullable String tiersMode, List<Tier> tiers, @Nullable String usageType,
		@Nullable String interval, @Nullable Long intervalCount, @Nullable String meterId, @Nullable Long packageSize,
		@Nullable String round, @Nullable String taxBehavior) {

	public StripePrice {
		tiers = List.copyOf(tiers);
	}

	/**
	 * One step of a tiered price.
	 *
	 * @param upTo its last unit; none of the last tier
	 * @param unitAmountDecimal minor units for each unit in it
	 * @param flatAmountDecimal minor units once
	 */
	public record Tier(@Nullable Long upTo, @Nullable BigDecimal unitAmountDecimal,
			@Nullable BigDecimal flatAmountDecimal) {
	}

	static StripePrice of(Price price) {
		Price.Recurring recurring = price.getRecurring();
		Price.TransformQuantity packages = price.getTransformQuantity();
		return new StripePrice(price.getId(), Boolean.TRUE.equals(price.getActive()), price.getNickname(),
				price.getProduct(), (price.getProductObject() != null) ? price.getProductObject().getName() : null,
				price.getCurrency(), price.getUnitAmountDecimal(), price.getBillingScheme(), price.getTiersMode(),
				tiers(price), (recurring != null) ? recurring.getUsageType() : null,
				(recurring != null) ? recurring.getInterval() : null,
				(recurring != null) ? recurring.getIntervalCount() : null,
				(recurring != null) ? recurring.getMeter() : null, (packages != null) ? packages.getDivideBy() : null,
				(packages != null) ? packages.getRound() : null, price.getTaxBehavior());
	}

	private static List<Tier> tiers(Price price) {
		return (price.getTiers() == null) ? List.of()
				: price.getTiers()
					.stream()
					.map((tier) -> new Tier(tier.getUpTo(), tier.getUnitAmountDecimal(), tier.getFlatAmountDecimal()))
					.toList();
	}

	/** Whether it bills what a meter counted. */
	public boolean isMetered() {
		return "metered".equals(this.usageType) && this.meterId != null;
	}

	/** Whether what a unit costs depends on how many there are. */
	public boolean isTiered() {
		return "tiered".equals(this.billingScheme);
	}

	/** How many units Stripe makes one package of, 1 where it makes none. */
	public long unitsInPackage() {
		return (this.packageSize != null) ? this.packageSize : 1;
	}

	/**
	 * Minor units that Stripe would charge for this quantity in a period, before rounding
	 * to whole ones; none where that is not known, because tiers were not asked for.
	 */
	public @Nullable BigDecimal cost(long quantity) {
		if (isTiered()) {
			return this.tiers.isEmpty() ? null
					: "volume".equals(this.tiersMode) ? volume(quantity) : graduated(quantity);
		}
		if (this.unitAmountDecimal == null) {
			return null;
		}
		long size = unitsInPackage();
		boolean isRounded = "up".equals(this.round) && quantity % size > 0;
		return this.unitAmountDecimal.multiply(BigDecimal.valueOf(quantity / size + (isRounded ? 1 : 0)));
	}

	private BigDecimal volume(long quantity) {
		return this.tiers.stream()
			.filter((tier) -> tier.upTo() == null || quantity <= tier.upTo())
			.findFirst()
			.map((tier) -> cost(tier, quantity))
			.orElse(BigDecimal.ZERO);
	}

	private BigDecimal graduated(long quantity) {
		BigDecimal sum = BigDecimal.ZERO;
		long below = 0;
		for (Tier tier : this.tiers) {
			long upTo = (tier.upTo() != null) ? Math.min(tier.upTo(), quantity) : quantity;
			if (upTo <= below) {
				break;
			}
			sum = sum.add(cost(tier, upTo - below));
			below = upTo;
		}
		return sum;
	}

	private static BigDecimal cost(Tier tier, long quantity) {
		BigDecimal each = (tier.unitAmountDecimal() != null) ? tier.unitAmountDecimal() : BigDecimal.ZERO;
		BigDecimal flat = (tier.flatAmountDecimal() != null && quantity > 0) ? tier.flatAmountDecimal()
				: BigDecimal.ZERO;
		return each.multiply(BigDecimal.valueOf(quantity)).add(flat);
	}

}
