package io.tallygate.stripe;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;

import com.stripe.model.Invoice;
import com.stripe.model.InvoiceLineItem;
import org.jspecify.annotations.Nullable;

/**
 * An invoice at Stripe, or the preview of one. Amounts are minor units.
 *
 * @param id {@code in_…}
 * @param customer {@code cus_…}
 * @param subscription that it bills, if it bills one
 * @param status Stripe's word ("draft"); none of a preview
 * @param currency lower case
 * @param subtotal before discounts and tax
 * @param total after them
 * @param amountDue what the customer is asked for
 * @param amountPaid what the customer has paid
 * @param tax within the total or on top of it
 * @param discount taken off the subtotal
 * @param credit prepaid credit taken off
 * @param startingBalance of the customer: negative is credit
 * @param periodStart of what it bills
 * @param periodEnd of what it bills, exclusive
 * @param createdAt when it was made
 * @param finalizesAt when a draft becomes final by itself
 * @param hostedUrl where the customer pays it
 * @param lines what it bills
 */
public record StripeInvoice(@Nullable String id, @Nullable String customer, @Nullable String subscription,
		@Nullable String status, String currency, long subtotal, long total, long amountDue, long amountPaid, long tax,
		long discount, long credit, long startingBalance, @Nullable Instant periodStart, @Nullable Instant periodEnd,
		@Nullable Instant createdAt, @Nullable Instant finalizesAt, @Nullable String hostedUrl, List<Line> lines) {

	public StripeInvoice {
		lines = List.copyOf(lines);
	}

	/**
	 * One line.
	 *
	 * @param description in Stripe's words
	 * @param priceId of its price, if it has one
	 * @param quantity units or packages
	 * @param unitAmount minor units for each, with decimals
	 * @param amount minor units
	 * @param proration whether it settles a change within the period
	 * @param periodStart of what it bills
	 * @param periodEnd of what it bills, exclusive
	 */
	public record Line(@Nullable String description, @Nullable String priceId, @Nullable BigDecimal quantity,
			@Nullable BigDecimal unitAmount, long amount, boolean proration, @Nullable Instant periodStart,
			@Nullable Instant periodEnd) {

		static Line of(InvoiceLineItem line) {
			InvoiceLineItem.Pricing pricing = line.getPricing();
			String price = (pricing != null && pricing.getPriceDetails() != null) ? pricing.getPriceDetails().getPrice()
					: null;
			BigDecimal quantity = (line.getQuantityDecimal() != null) ? line.getQuantityDecimal()
					: (line.getQuantity() != null) ? BigDecimal.valueOf(line.getQuantity()) : null;
			InvoiceLineItem.Period period = line.getPeriod();
			return new Line(line.getDescription(), price, quantity,
					(pricing != null) ? pricing.getUnitAmountDecimal() : null,
					(line.getAmount() != null) ? line.getAmount() : 0, isProration(line),
					at((period != null) ? period.getStart() : null), at((period != null) ? period.getEnd() : null));
		}

		private static boolean isProration(InvoiceLineItem line) {
			InvoiceLineItem.Parent parent = line.getParent();
			return parent != null && ((parent.getSubscriptionItemDetails() != null
					&& Boolean.TRUE.equals(parent.getSubscriptionItemDetails().getProration()))
					|| (parent.getInvoiceItemDetails() != null
							&& Boolean.TRUE.equals(parent.getInvoiceItemDetails().getProration())));
		}

	}

	static StripeInvoice of(Invoice invoice, List<InvoiceLineItem> lines) {
		Invoice.Parent parent = invoice.getParent();
		String subscription = (parent != null && parent.getSubscriptionDetails() != null)
				? parent.getSubscriptionDetails().getSubscription() : null;
		long subtotal = amount(invoice.getSubtotal());
		long tax = (invoice.getTotalTaxes() != null)
				? invoice.getTotalTaxes().stream().mapToLong((each) -> amount(each.getAmount())).sum() : 0;
		long discount = (invoice.getTotalDiscountAmounts() != null)
				? invoice.getTotalDiscountAmounts().stream().mapToLong((each) -> amount(each.getAmount())).sum() : 0;
		long credit = (invoice.getTotalPretaxCreditAmounts() != null) ? invoice.getTotalPretaxCreditAmounts()
			.stream()
			.filter((each) -> "credit_balance_transaction".equals(each.getType()))
			.mapToLong((each) -> amount(each.getAmount()))
			.sum() : 0;
		return new StripeInvoice(invoice.getId(), invoice.getCustomer(), subscription, invoice.getStatus(),
				String.valueOf(invoice.getCurrency()), subtotal, amount(invoice.getTotal()),
				amount(invoice.getAmountDue()), amount(invoice.getAmountPaid()), tax, discount, credit,
				amount(invoice.getStartingBalance()), at(invoice.getPeriodStart()), at(invoice.getPeriodEnd()),
				at(invoice.getCreated()), at(invoice.getAutomaticallyFinalizesAt()), invoice.getHostedInvoiceUrl(),
				lines.stream().map(Line::of).toList());
	}

	private static long amount(@Nullable Long minor) {
		return (minor != null) ? minor : 0;
	}

	private static @Nullable Instant at(@Nullable Long seconds) {
		return (seconds != null) ? Instant.ofEpochSecond(seconds) : null;
	}

}
