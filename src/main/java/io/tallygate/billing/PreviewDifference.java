package io.tallygate.billing;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

import io.tallygate.stripe.StripeInvoice;
import io.tallygate.stripe.StripePrice;
import org.jspecify.annotations.Nullable;

/**
 * Why Stripe's preview and our own figure are not the same, line by line: the amounts of
 * the lines add up to the difference, to the minor unit.
 *
 * @param amount what Stripe would ask for, less what we reckon; none where the price does
 * not let us reckon
 * @param explained each cause with its part, in the order in which they come about
 */
record PreviewDifference(@Nullable BigDecimal amount, List<Part> explained) {

	PreviewDifference {
		explained = List.copyOf(explained);
	}

	/** The causes. */
	enum Cause {

		/** Units that Stripe has not been told yet. */
		UNITS_WAITING,
		/** Units that Stripe has accepted and does not count yet, or that others sent. */
		AGGREGATION_LAG,
		/** Usage of a trial is not charged. */
		TRIAL,
		/** Each line of an invoice is rounded to whole minor units. */
		ROUNDING,
		/** Lines that settle a change within the period. */
		PRORATION,
		/** Lines of other prices. */
		OTHER_ITEMS,
		/** What is taken off by coupons. */
		DISCOUNTS,
		/** What is taken off by prepaid credit. */
		CREDITS,
		/** What is added for tax. */
		TAX,
		/**
		 * What the customer's balance takes off or adds, and what is too little to ask
		 * for.
		 */
		BALANCE,
		/** What is left: lines that the preview does not show. */
		UNEXPLAINED

	}

	/**
	 * One cause.
	 *
	 * @param cause which
	 * @param amount minor units that it adds to Stripe's figure, or takes off
	 * @param message in plain words
	 */
	record Part(Cause cause, BigDecimal amount, String message) {
	}

	/**
	 * What is compared.
	 *
	 * @param price that bills the client
	 * @param trialing whether usage is not charged yet
	 * @param used units of the period
	 * @param delivered units of the period that Stripe has accepted
	 * @param counted units of the period that Stripe counts
	 * @param preview what Stripe would ask for
	 */
	record Figures(StripePrice price, boolean trialing, long used, long delivered, long counted,
			StripeInvoice preview) {

		/** What we reckon: all that was used, at the price. */
		@Nullable BigDecimal estimate() {
			return this.price.cost(Math.max(0, this.used));
		}

	}

	static PreviewDifference of(Figures figures) {
		BigDecimal used = figures.estimate();
		BigDecimal delivered = figures.price().cost(Math.max(0, figures.delivered()));
		BigDecimal counted = figures.price().cost(Math.max(0, figures.counted()));
		if (used == null || delivered == null || counted == null) {
			return new PreviewDifference(null, List.of());
		}
		StripeInvoice preview = figures.preview();
		BigDecimal ours = sum(preview, (line) -> isOurs(line, figures.price()));
		BigDecimal prorations = sum(preview, StripeInvoice.Line::proration);
		BigDecimal others = sum(preview, (line) -> !line.proration() && !isOurs(line, figures.price()));
		BigDecimal subtotal = BigDecimal.valueOf(preview.subtotal());
		BigDecimal discount = BigDecimal.valueOf(preview.discount());
		BigDecimal credit = BigDecimal.valueOf(preview.credit());
		BigDecimal total = BigDecimal.valueOf(preview.total());
		BigDecimal due = BigDecimal.valueOf(preview.amountDue());
		List<Part> parts = new ArrayList<>();
		add(parts, Cause.UNITS_WAITING, delivered.subtract(used),
				(figures.used() - figures.delivered()) + " units are used and not delivered to Stripe yet");
		add(parts, Cause.AGGREGATION_LAG, counted.subtract(delivered),
				"Stripe has accepted " + figures.delivered() + " units and counts " + figures.counted());
		add(parts, figures.trialing() ? Cause.TRIAL : Cause.ROUNDING, ours.subtract(counted), figures.trialing()
				? "Usage of the trial is not charged" : "Stripe rounds each line to whole minor units");
		add(parts, Cause.PRORATION, prorations, "Lines that settle a change within the period");
		add(parts, Cause.OTHER_ITEMS, others, "Lines of other prices");
		add(parts, Cause.UNEXPLAINED, subtotal.subtract(ours).subtract(prorations).subtract(others),
				"Lines that the preview does not show");
		add(parts, Cause.DISCOUNTS, discount.negate(), "Discounts");
		add(parts, Cause.CREDITS, credit.negate(), "Prepaid credit");
		add(parts, Cause.TAX, total.subtract(subtotal).add(discount).add(credit), "Tax that is added");
		add(parts, Cause.BALANCE, due.subtract(total),
				"The customer's balance (" + preview.startingBalance() + "), or an amount too small to ask for");
		return new PreviewDifference(due.subtract(used), parts);
	}

	private static boolean isOurs(StripeInvoice.Line line, StripePrice price) {
		return !line.proration() && price.id().equals(line.priceId());
	}

	private static BigDecimal sum(StripeInvoice preview, java.util.function.Predicate<StripeInvoice.Line> which) {
		return BigDecimal.valueOf(preview.lines().stream().filter(which).mapToLong(StripeInvoice.Line::amount).sum());
	}

	private static void add(List<Part> parts, Cause cause, BigDecimal amount, String message) {
		if (amount.signum() != 0) {
			parts.add(new Part(cause, amount.stripTrailingZeros().scale() < 0
					? amount.setScale(0, RoundingMode.UNNECESSARY) : amount.stripTrailingZeros(), message));
		}
	}

}
