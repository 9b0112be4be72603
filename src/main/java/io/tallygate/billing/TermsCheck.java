package io.tallygate.billing;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;

import io.tallygate.billing.TermsFinding.Kind;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.Report;
import io.tallygate.client.StripeGuard.StripeChoice;
import io.tallygate.stripe.StripeCustomer;
import io.tallygate.stripe.StripeMeter;
import io.tallygate.stripe.StripePrice;
import io.tallygate.stripe.StripeSubscription;
import org.jspecify.annotations.Nullable;

/**
 * Whether a price, as it stands at Stripe, bills what a charge policy means:
 * <ol>
 * <li>the price bills by use, through a meter that adds up what we report;</li>
 * <li>exactly one of the gateway and the price divides;</li>
 * <li>the customer is there, and subscribed to the price once.</li>
 * </ol>
 * Each finding says what would have been billed.
 *
 * @param choice what the agency chose
 * @param policy what is counted, and who divides
 * @param price the chosen price
 * @param meter the meter that the price reads, none when it reads none
 * @param customer the chosen customer, none before it is made
 * @param subscriptions the customer's, none before they are made
 */
record TermsCheck(StripeChoice choice, ChargePolicy policy, StripePrice price, @Nullable StripeMeter meter,
		@Nullable StripeCustomer customer, @Nullable List<StripeSubscription> subscriptions) {

	private static final String PRICE = "/stripe_price_id";

	private static final String CUSTOMER = "/stripe_customer_id";

	/**
	 * The meter, if nothing speaks against the terms; else the first reason that does.
	 */
	StripeMeter meterThatFits() {
		findings().stream().filter(TermsFinding::isRefused).findFirst().ifPresent((finding) -> {
			throw finding.problem();
		});
		if (this.meter == null) {
			throw new IllegalStateException("A price without a meter was found to fit");
		}
		return this.meter;
	}

	/** All that speaks against the terms, what weighs most first. */
	List<TermsFinding> findings() {
		List<TermsFinding> findings = new ArrayList<>();
		checkPrice(findings);
		if (this.price.isMetered()) {
			checkMeter(findings);
			checkDivision(findings);
		}
		checkCustomer(findings);
		return findings;
	}

	private void checkPrice(List<TermsFinding> findings) {
		if (this.choice.product() != null && !this.choice.product().equals(this.price.productId())) {
			findings.add(new TermsFinding(Kind.PRICE_OF_ANOTHER_PRODUCT, PRICE, "The price " + this.price.id()
					+ " belongs to the product " + this.price.productId() + ", not to " + this.choice.product()));
		}
		if (!this.price.active()) {
			findings.add(new TermsFinding(Kind.PRICE_ARCHIVED, PRICE,
					"The price " + this.price.id() + " is archived at Stripe: nobody new can be subscribed to it. "
							+ "Activate it or choose another"));
		}
		if (!this.price.isMetered()) {
			findings.add(new TermsFinding(Kind.PRICE_UNMETERED, PRICE, "The price " + this.price.id()
					+ " reads no meter: it would bill the same amount whatever is used. Choose a metered price"));
		}
		BigDecimal cost = this.price.cost(this.price.unitsInPackage());
		if (cost != null && cost.signum() == 0) {
			findings.add(new TermsFinding(Kind.PRICE_FREE, PRICE,
					"The price " + this.price.id() + " costs nothing: usage is reported and billed at 0"));
		}
	}

	private void checkMeter(List<TermsFinding> findings) {
		StripeMeter found = this.meter;
		if (found == null || !found.active()) {
			findings.add(new TermsFinding(Kind.METER_INACTIVE, PRICE, "The meter " + this.price.meterId()
					+ " behind the price takes no events: nothing would be billed. Reactivate it"));
		}
		if (found == null) {
			return;
		}
		if (!found.formula().equals("sum")) {
			findings.add(new TermsFinding(Kind.METER_FORMULA, PRICE,
					"The meter " + found.id() + " aggregates by '" + found.formula()
							+ "', not by 'sum': Stripe would bill " + (found.formula().equals("count")
									? "one for each report, whatever its value" : "the last report only")));
		}
		if (found.eventTimeWindow() != null) {
			findings.add(new TermsFinding(Kind.METER_TIME_WINDOW, PRICE,
					"The meter " + found.id() + " keeps only the last report of each " + found.eventTimeWindow()
							+ ": all others would not be billed. Choose a meter without a time window"));
		}
		if (!found.takesOurEvents()) {
			findings.add(new TermsFinding(Kind.METER_MAPPING, PRICE,
					"The meter " + found.id()
							+ " looks for customer and value under other names than stripe_customer_id and value: "
							+ "every report would be refused"));
		}
	}

	private void checkDivision(List<TermsFinding> findings) {
		long packageSize = this.price.unitsInPackage();
		long unit = this.policy.billingUnit();
		String what = this.policy.chargeBy().text();
		if (this.policy.report() == Report.UNITS && packageSize > 1) {
			findings.add(new TermsFinding(Kind.DIVIDED_TWICE, "/report",
					"The gateway reports one unit for " + number(unit) + " " + what + ", and the price "
							+ this.price.id() + " makes one package of " + number(packageSize) + " units: every "
							+ number(BigDecimal.valueOf(unit).multiply(BigDecimal.valueOf(packageSize))) + " " + what
							+ " would bill one package" + cost(packageSize)
							+ ". Choose report 'usage', or a price without transform_quantity"));
		}
		if (this.policy.report() == Report.USAGE && packageSize == 1) {
			findings.add(new TermsFinding(Kind.NOT_DIVIDED, "/report",
					"The gateway reports every one of the " + what + ", and the price " + this.price.id()
							+ (this.price.isTiered() ? " counts each of them in its tiers: every "
									: " makes no packages of them: every ")
							+ number(unit) + " " + what + " would bill " + number(unit) + " units" + cost(unit)
							+ ". Choose report 'units' (with billing_unit 1 if each one has its price), "
							+ "or a price with transform_quantity"));
		}
		if (this.policy.report() == Report.USAGE && packageSize > 1 && packageSize != unit) {
			findings.add(new TermsFinding(Kind.PACKAGE_DIFFERS, "/billing_unit",
					"The gateway shows a unit for " + number(unit) + " " + what + ", and Stripe bills a package for "
							+ number(packageSize) + cost(packageSize) + ". Set billing_unit to " + number(packageSize)
							+ " to see what is billed"));
		}
	}

	private void checkCustomer(List<TermsFinding> findings) {
		StripeCustomer found = this.customer;
		if (found == null) {
			return;
		}
		if (found.deleted()) {
			findings.add(new TermsFinding(Kind.CUSTOMER_DELETED, CUSTOMER,
					"The customer " + found.id() + " is deleted at Stripe: nothing would be billed to anyone"));
			return;
		}
		boolean isSubscribed = this.subscriptions != null
				&& this.subscriptions.stream().anyMatch((each) -> each.bills(this.price.id()));
		if (!isSubscribed && found.currency() != null && !found.currency().equals(this.price.currency())) {
			findings.add(new TermsFinding(Kind.CURRENCY_DIFFERS, CUSTOMER,
					"Stripe bills the customer " + found.id() + " in " + upper(found.currency()) + ", and the price "
							+ this.price.id() + " is in " + upper(this.price.currency())
							+ ": the customer cannot be subscribed to it"));
		}
		if (this.subscriptions != null) {
			checkSubscriptions(found, this.subscriptions, findings);
		}
	}

	private void checkSubscriptions(StripeCustomer found, List<StripeSubscription> all, List<TermsFinding> findings) {
		List<String> billing = all.stream()
			.filter((each) -> each.bills(this.price.id()))
			.map(StripeSubscription::id)
			.toList();
		if (billing.isEmpty()) {
			findings.add(new TermsFinding(Kind.NOT_SUBSCRIBED, CUSTOMER,
					"The customer " + found.id() + " has no subscription to the price " + this.price.id() + ended(all)
							+ ": usage would be counted and never billed"));
		}
		if (billing.size() > 1) {
			findings.add(new TermsFinding(Kind.BILLED_TWICE, CUSTOMER,
					"The subscriptions " + String.join(" and ", billing) + " of the customer " + found.id()
							+ " both bill the price " + this.price.id() + ": every " + number(this.policy.billingUnit())
							+ " " + this.policy.chargeBy().text() + " would be billed " + billing.size() + " times"
							+ cost(this.price.unitsInPackage()) + ". Cancel all but one"));
		}
		Predicate<StripeSubscription.Item> besides = (item) -> this.price.meterId() != null
				&& this.price.meterId().equals(item.meterId()) && !this.price.id().equals(item.priceId());
		all.stream()
			.filter(StripeSubscription::isBilling)
			.filter((each) -> each.items().stream().anyMatch(besides))
			.findFirst()
			.ifPresent((other) -> findings.add(new TermsFinding(Kind.BILLED_BESIDES, CUSTOMER, "The subscription "
					+ other.id() + " of the customer " + found.id()
					+ " bills the same meter by another price: the same usage stands on two lines of the invoice")));
	}

	/** What became of the subscription, where there was one. */
	private String ended(List<StripeSubscription> all) {
		return all.stream()
			.filter((each) -> each.items().stream().anyMatch((item) -> item.priceId().equals(this.price.id())))
			.findFirst()
			.map((each) -> " (" + each.id() + " is " + each.status() + ")")
			.orElse("");
	}

	private String cost(long quantity) {
		BigDecimal minor = this.price.cost(quantity);
		return (minor != null) ? " (" + new Money(minor, this.price.currency()).text() + ")" : "";
	}

	private static String upper(String currency) {
		return currency.toUpperCase(Locale.ROOT);
	}

	private static String number(Number number) {
		return String.format(Locale.ROOT, "%,d", new BigDecimal(number.toString()).toBigInteger());
	}

}
