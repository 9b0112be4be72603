package io.tallygate.billing;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.Report;
import io.tallygate.client.StripeGuard.StripeChoice;
import io.tallygate.client.TokenWeights;
import io.tallygate.core.Problem;
import io.tallygate.stripe.StripeCustomer;
import io.tallygate.stripe.StripeMeter;
import io.tallygate.stripe.StripePrice;
import io.tallygate.stripe.StripeSubscription;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/** Which terms are refused or raised, and what the agency is told. */
class TermsCheckTests {

	/**
	 * Price kinds × report modes × states at Stripe, with everything that is found, what
	 * weighs most first. The billing unit is 1,000 tokens.
	 */
	@ParameterizedTest(name = "{0}, {1}, {2}")
	@CsvSource(delimiter = '|', nullValues = "-", textBlock = """
			# price        | report | state                | found
			per_unit       | units  | subscribed           | -
			decimal        | units  | subscribed           | -
			graduated      | units  | subscribed           | -
			volume         | units  | subscribed           | -
			package_1      | units  | subscribed           | -
			package_1000   | units  | subscribed           | divided_twice
			package_60     | units  | subscribed           | divided_twice
			free           | units  | subscribed           | price_free
			licensed       | units  | subscribed           | price_unmetered
			one_time       | units  | subscribed           | price_unmetered
			per_unit       | usage  | subscribed           | not_divided
			decimal        | usage  | subscribed           | not_divided
			graduated      | usage  | subscribed           | not_divided
			volume         | usage  | subscribed           | not_divided
			package_1      | usage  | subscribed           | not_divided
			package_1000   | usage  | subscribed           | -
			package_60     | usage  | subscribed           | package_differs
			free           | usage  | subscribed           | price_free, not_divided
			licensed       | usage  | subscribed           | price_unmetered
			one_time       | usage  | subscribed           | price_unmetered
			per_unit       | units  | archived             | price_archived
			package_1000   | usage  | archived             | price_archived
			per_unit       | units  | inactive_meter       | meter_inactive
			package_1000   | usage  | inactive_meter       | meter_inactive
			package_1000   | units  | inactive_meter       | meter_inactive, divided_twice
			per_unit       | units  | no_meter             | meter_inactive
			per_unit       | units  | counting_meter       | meter_formula
			package_1000   | usage  | last_meter           | meter_formula
			per_unit       | units  | hourly_meter         | meter_time_window
			package_1000   | usage  | daily_meter          | meter_time_window
			per_unit       | units  | mapped_meter         | meter_mapping
			package_1000   | usage  | mapped_meter         | meter_mapping
			per_unit       | units  | other_product        | price_of_another_product
			per_unit       | units  | deleted_customer     | customer_deleted
			per_unit       | units  | unsubscribed         | not_subscribed
			package_1000   | usage  | unsubscribed         | not_subscribed
			package_1000   | units  | unsubscribed         | divided_twice, not_subscribed
			per_unit       | units  | canceled             | not_subscribed
			per_unit       | units  | incomplete_expired   | not_subscribed
			per_unit       | units  | paused               | not_subscribed
			per_unit       | units  | past_due             | -
			per_unit       | units  | unpaid               | -
			per_unit       | units  | trialing             | -
			per_unit       | units  | incomplete           | -
			per_unit       | units  | subscribed_twice     | billed_twice
			package_1000   | usage  | subscribed_twice     | billed_twice
			per_unit       | units  | canceled_and_again   | -
			per_unit       | units  | other_price_of_meter | billed_besides
			per_unit       | units  | other_currency       | currency_differs, not_subscribed
			per_unit       | units  | same_currency        | not_subscribed
			per_unit       | units  | subscribed_in_another_currency | -
			per_unit       | units  | before_all_is_made   | -
			package_1000   | units  | before_all_is_made   | divided_twice
			licensed       | usage  | before_all_is_made   | price_unmetered
			""")
	void theMatrixOfPricesModesAndStates(String price, String report, String state, String found) {
		List<String> kinds = check(price, Report.valueOf(report.toUpperCase(Locale.ROOT)), state).findings()
			.stream()
			.map((finding) -> finding.kind().text())
			.toList();

		assertThat(String.join(", ", kinds)).isEqualTo((found != null) ? found : "");
	}

	@Test
	void whatFitsNamesTheMeter() {
		assertThat(check("per_unit", Report.UNITS, "subscribed").meterThatFits().id()).isEqualTo("mtr_1");
		assertThat(check("package_60", Report.USAGE, "subscribed").meterThatFits().id()).isEqualTo("mtr_1");
	}

	@ParameterizedTest
	@MethodSource
	void whatIsRefusedSaysWhatWouldBeBilled(String because, TermsCheck check) {
		assertThatExceptionOfType(Problem.class).isThrownBy(check::meterThatFits)
			.satisfies((problem) -> assertThat(problem.status()).isEqualTo(422))
			.satisfies((problem) -> assertThat(problem.code()).isEqualTo("price_mode_mismatch"))
			.withMessageContaining(because);
	}

	static Stream<Arguments> whatIsRefusedSaysWhatWouldBeBilled() {
		return Stream.of(
				arguments("every 1,000,000 tokens would bill one package (0.02 EUR)",
						check("package_1000", Report.UNITS, "subscribed")),
				arguments("every 1,000 tokens would bill 1,000 units (20.00 EUR)",
						check("per_unit", Report.USAGE, "subscribed")),
				arguments("every 1,000 tokens would bill 1,000 units (0.04 EUR)",
						check("decimal", Report.USAGE, "subscribed")),
				arguments("in its tiers: every 1,000 tokens would bill 1,000 units (7.75 EUR)",
						check("graduated", Report.USAGE, "subscribed")),
				arguments("in its tiers: every 1,000 tokens would bill 1,000 units (5.25 EUR)",
						check("volume", Report.USAGE, "subscribed")),
				arguments("same amount whatever is used", check("licensed", Report.UNITS, "subscribed")),
				arguments("is archived", check("per_unit", Report.UNITS, "archived")),
				arguments("takes no events: nothing would be billed",
						check("per_unit", Report.UNITS, "inactive_meter")),
				arguments("one for each report", check("per_unit", Report.UNITS, "counting_meter")),
				arguments("the last report only", check("per_unit", Report.UNITS, "last_meter")),
				arguments("only the last report of each day", check("per_unit", Report.UNITS, "daily_meter")),
				arguments("every report would be refused", check("per_unit", Report.UNITS, "mapped_meter")),
				arguments("counted and never billed", check("per_unit", Report.UNITS, "unsubscribed")),
				arguments("(sub_1 is canceled)", check("per_unit", Report.UNITS, "canceled")),
				arguments("every 1,000 tokens would be billed 2 times (0.02 EUR)",
						check("per_unit", Report.UNITS, "subscribed_twice")),
				arguments("in USD, and the price price_1 is in EUR", check("per_unit", Report.UNITS, "other_currency")),
				arguments("belongs to the product prod_1, not to prod_2",
						check("per_unit", Report.UNITS, "other_product")));
	}

	@Test
	void aDeletedCustomerIsNotThere() {
		assertThatExceptionOfType(Problem.class)
			.isThrownBy(check("per_unit", Report.UNITS, "deleted_customer")::meterThatFits)
			.satisfies((problem) -> assertThat(problem.code()).isEqualTo("stripe_customer_not_found"));
	}

	@ParameterizedTest
	@CsvSource({ "4, usd, 0.04 USD", "0.004, usd, 0.00004 USD", "1000, jpy, 1000 JPY", "1500, kwd, 1.500 KWD",
			"0, eur, 0.00 EUR", "12345, xyz, 123.45 XYZ" })
	void moneyIsReadInMajorUnits(BigDecimal minor, String currency, String text) {
		assertThat(new Money(minor, currency).text()).isEqualTo(text);
	}

	private static TermsCheck check(String price, Report report, String state) {
		StripeChoice choice = new StripeChoice("cus_1", state.equals("other_product") ? "prod_2" : "prod_1", "price_1");
		ChargePolicy policy = new ChargePolicy(ChargeBy.TOKENS, 1_000, report, TokenWeights.ONE);
		boolean isBefore = state.equals("before_all_is_made");
		return new TermsCheck(choice, policy, price(price, !state.equals("archived")), meter(state),
				isBefore ? null : customer(state), isBefore ? null : subscriptions(state));
	}

	private static StripePrice price(String kind, boolean active) {
		boolean isTiered = kind.equals("graduated") || kind.equals("volume");
		boolean isMetered = !kind.equals("licensed") && !kind.equals("one_time");
		Long size = kind.startsWith("package_") ? Long.valueOf(kind.substring(8)) : null;
		BigDecimal amount = switch (kind) {
			case "decimal" -> new BigDecimal("0.004");
			case "free" -> BigDecimal.ZERO;
			default -> new BigDecimal("2");
		};
		List<StripePrice.Tier> tiers = isTiered ? List.of(new StripePrice.Tier(500L, BigDecimal.ONE, null),
				new StripePrice.Tier(null, new BigDecimal("0.5"), new BigDecimal("25"))) : List.of();
		return new StripePrice("price_1", active, null, "prod_1", "AI usage", "eur", isTiered ? null : amount,
				isTiered ? "tiered" : "per_unit", isTiered ? kind : null, tiers,
				isMetered ? "metered" : kind.equals("licensed") ? "licensed" : null,
				kind.equals("one_time") ? null : "month", 1L, isMetered ? "mtr_1" : null, size,
				(size != null) ? "up" : null, "unspecified");
	}

	private static StripeMeter meter(String state) {
		if (state.equals("no_meter")) {
			return null;
		}
		String formula = state.equals("counting_meter") ? "count" : state.equals("last_meter") ? "last" : "sum";
		String window = state.equals("hourly_meter") ? "hour" : state.equals("daily_meter") ? "day" : null;
		return new StripeMeter("mtr_1", "Tokens", "tokens", !state.equals("inactive_meter"), formula, window,
				!state.equals("mapped_meter"));
	}

	private static StripeCustomer customer(String state) {
		String currency = switch (state) {
			case "other_currency", "subscribed_in_another_currency" -> "usd";
			case "same_currency" -> "eur";
			default -> null;
		};
		return new StripeCustomer("cus_1", "Client Inc", null, currency, state.equals("deleted_customer"));
	}

	private static List<StripeSubscription> subscriptions(String state) {
		List<StripeSubscription> all = new ArrayList<>();
		switch (state) {
			case "unsubscribed", "other_currency", "same_currency" -> {
			}
			case "canceled", "incomplete_expired", "paused", "past_due", "unpaid", "trialing", "incomplete" ->
				all.add(subscription(1, state, "price_1"));
			case "subscribed_twice" ->
				all.addAll(List.of(subscription(1, "active", "price_1"), subscription(2, "past_due", "price_1")));
			case "canceled_and_again" ->
				all.addAll(List.of(subscription(1, "canceled", "price_1"), subscription(2, "active", "price_1")));
			case "other_price_of_meter" ->
				all.addAll(List.of(subscription(1, "active", "price_1"), subscription(2, "active", "price_2")));
			default -> all.add(subscription(1, "active", "price_1"));
		}
		return all;
	}

	private static StripeSubscription subscription(int number, String status, String price) {
		return new StripeSubscription("sub_" + number, status.toLowerCase(Locale.ROOT),
				List.of(new StripeSubscription.Item(price, "mtr_1", null, null)), null);
	}

}
