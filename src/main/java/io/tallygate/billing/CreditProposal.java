package io.tallygate.billing;

import java.math.BigDecimal;
import java.math.RoundingMode;

import io.tallygate.stripe.StripePrice;
import org.jspecify.annotations.Nullable;

/**
 * What a person does at Stripe about a correction that no meter event can make any more.
 *
 * @param kind whether the customer is owed, or owes
 * @param amount minor units before tax; none where the price has tiers or is not known
 * @param currency lower case
 * @param priceId {@code price_…}
 * @param advice in plain words
 */
record CreditProposal(Kind kind, @Nullable Long amount, @Nullable String currency, @Nullable String priceId,
		String advice) {

	/** Which way money goes. */
	enum Kind {

		/** Too much was billed. */
		CREDIT,
		/** Too little was billed. */
		CHARGE

	}

	/**
	 * Proposes what {@code value} comes to at this price.
	 * @param value in the unit of the client's meter events, negative where too much was
	 * reported
	 * @param price as far as Stripe says it
	 */
	static CreditProposal of(long value, @Nullable StripePrice price) {
		Kind kind = (value < 0) ? Kind.CREDIT : Kind.CHARGE;
		Long amount = (price != null) ? amount(Math.abs(value), price) : null;
		String money = (amount == null || price == null) ? "what it costs on that invoice"
				: new Money(BigDecimal.valueOf(amount), price.currency()).text() + " before tax";
		String advice = (kind == Kind.CREDIT)
				? "The invoice of that time has left draft, or Stripe takes no event of that age. Issue a credit note of "
						+ money + " on that invoice, or add it to the customer's credit balance"
				: "Stripe takes no event of that age. Add an invoice item of " + money
						+ " to the customer's next invoice";
		return new CreditProposal(kind, amount, (price != null) ? price.currency() : null,
				(price != null) ? price.id() : null, advice);
	}

	/** Parts of a package cost their part: Stripe rounds a period, not a correction. */
	private static @Nullable Long amount(long value, StripePrice price) {
		BigDecimal each = price.unitAmountDecimal();
		return (price.isTiered() || each == null) ? null
				: each.multiply(BigDecimal.valueOf(value))
					.divide(BigDecimal.valueOf(price.unitsInPackage()), 0, RoundingMode.HALF_UP)
					.longValueExact();
	}

}
