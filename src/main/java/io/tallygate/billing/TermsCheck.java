package io.tallygate.billing;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Locale;

import io.tallygate.client.ChargePolicy;
import io.tallygate.client.Report;
import io.tallygate.client.StripeGuard.StripeChoice;
import io.tallygate.core.Problem;
import io.tallygate.stripe.StripeCustomer;
import io.tallygate.stripe.StripeMeter;
import io.tallygate.stripe.StripePrice;
import io.tallygate.stripe.StripeSubscription;
import org.jspecify.annotations.Nullable;

/**
 * Whether a price, as it stands at Stripe, bills what a charge policy means. Each refusal
 * says what would have been billed.
 *
 * @param choice what the agency chose
 * @param policy what is counted, and who divides
 * @param price the chosen price
 * @param meter the meter that the price reads, none when it reads none
 * @param customer the chosen customer
 * @param subscriptions the customer's
 */
record TermsCheck(StripeChoice choice, ChargePolicy policy, StripePrice price, @Nullable StripeMeter meter,
		StripeCustomer customer, List<StripeSubscription> subscriptions) {

	private static final String PRICE = "/stripe_price_id";

	/** The meter, if everything fits; else the first reason why it does not. */
	StripeMeter meterThatFits() {
		if (this.customer.deleted()) {
			throw new Problem(422, "stripe_customer_not_found",
					"The customer " + this.customer.id() + " is deleted at Stripe: nothing would be billed to anyone",
					List.of(new Problem.Field("/stripe_customer_id", "deleted at Stripe")));
		}
		checkPrice();
		StripeMeter found = checkMeter();
		checkDivision();
		checkSubscription();
		return found;
	}

	private void checkPrice() {
		if (this.choice.product() != null && !this.choice.product().equals(this.price.productId())) {
			throw mismatch(PRICE, "The price " + this.price.id() + " belongs to the product " + this.price.productId()
					+ ", not to " + this.choice.product());
		}
		if (!this.price.active()) {
			throw mismatch(PRICE,
					"The price " + this.price.id() + " is archived at Stripe: activate it or choose another");
		}
		if (!this.price.isMetered()) {
			throw mismatch(PRICE, "The price " + this.price.id()
					+ " reads no meter: it would bill the same amount whatever is used. Choose a metered price");
		}
	}

	private StripeMeter checkMeter() {
		StripeMeter found = this.meter;
		if (found == null || !found.active()) {
			throw mismatch(PRICE, "The meter " + this.price.meterId()
					+ " behind the price takes no events: nothing would be billed. Reactivate it at Stripe");
		}
		if (!found.formula().equals("sum")) {
			throw mismatch(PRICE,
					"The meter " + found.id() + " aggregates by '" + found.formula()
							+ "', not by 'sum': Stripe would bill " + (found.formula().equals("count")
									? "one for each report, whatever its value" : "the last report only"));
		}
		if (found.eventTimeWindow() != null) {
			throw mismatch(PRICE,
					"The meter " + found.id() + " keeps only the last report of each " + found.eventTimeWindow()
							+ ": all others would not be billed. Choose a meter without a time window");
		}
		if (!found.takesOurEvents()) {
			throw mismatch(PRICE,
					"The meter " + found.id()
							+ " looks for customer and value under other names than stripe_customer_id and value: "
							+ "every report would be refused");
		}
		return found;
	}

	private void checkDivision() {
		long packageSize = (this.price.packageSize() != null) ? this.price.packageSize() : 1;
		String what = this.policy.chargeBy().text();
		if (this.policy.report() == Report.UNITS && packageSize > 1) {
			throw mismatch("/report", "The gateway reports one unit for " + number(this.policy.billingUnit()) + " "
					+ what + ", and the price " + this.price.id() + " makes one package of " + number(packageSize)
					+ " units: " + number(product(packageSize)) + " " + what + " would bill one package"
					+ amount(BigDecimal.ONE) + ". Choose report 'usage', or a price without transform_quantity");
		}
		if (this.policy.report() == Report.USAGE && packageSize == 1) {
			throw mismatch("/report",
					"The gateway reports every one of the " + what + ", and the price " + this.price.id()
							+ " makes no packages of them: " + number(this.policy.billingUnit()) + " " + what
							+ " would bill " + number(this.policy.billingUnit()) + " units"
							+ amount(BigDecimal.valueOf(this.policy.billingUnit()))
							+ ". Choose report 'units' (with billing_unit 1 if each one has its price), "
							+ "or a price with transform_quantity");
		}
	}

	private void checkSubscription() {
		if (this.subscriptions.stream().noneMatch((each) -> each.bills(this.price.id()))) {
			throw mismatch("/stripe_customer_id",
					"The customer " + this.customer.id() + " has no subscription to the price " + this.price.id()
							+ ": usage would be counted and never billed");
		}
	}

	private BigDecimal product(long packageSize) {
		return BigDecimal.valueOf(this.policy.billingUnit()).multiply(BigDecimal.valueOf(packageSize));
	}

	private String amount(BigDecimal times) {
		BigDecimal minor = this.price.unitAmountDecimal();
		if (minor == null) {
			return "";
		}
		return " (" + minor.multiply(times).setScale(2, RoundingMode.HALF_UP).stripTrailingZeros().toPlainString()
				+ " minor units of " + this.price.currency().toUpperCase(Locale.ROOT) + ")";
	}

	private static String number(Number number) {
		return String.format(Locale.ROOT, "%,d", new BigDecimal(number.toString()).toBigInteger());
	}

	private static Problem mismatch(String pointer, String message) {
		return new Problem(422, "price_mode_mismatch", message, List.of(new Problem.Field(pointer, message)));
	}

}
