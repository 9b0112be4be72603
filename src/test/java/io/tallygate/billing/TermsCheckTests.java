package io.tallygate.billing;

import java.math.BigDecimal;
import java.util.List;
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
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

/** Which terms are refused, and what the agency is told. */
class TermsCheckTests {

	private static final StripeMeter METER = meter(true, "sum", null, true);

	private static final StripeCustomer CUSTOMER = new StripeCustomer("cus_1", "Client Inc", null, false);

	private static final List<StripeSubscription> SUBSCRIBED = subscribed("active");

	@Test
	void aPriceWithoutPackagesFitsUnits() {
		TermsCheck check = check(Report.UNITS, price(null), METER, SUBSCRIBED);

		assertThat(check.meterThatFits()).isEqualTo(METER);
	}

	@Test
	void aPackagePriceFitsUsage() {
		TermsCheck check = check(Report.USAGE, price(1_000L), METER, SUBSCRIBED);

		assertThat(check.meterThatFits()).isEqualTo(METER);
	}

	@Test
	void packagesOfOneDivideNothing() {
		TermsCheck check = check(Report.UNITS, price(1L), METER, SUBSCRIBED);

		assertThat(check.meterThatFits()).isEqualTo(METER);
	}

	@ParameterizedTest
	@MethodSource
	void whatDoesNotFitIsRefused(String because, TermsCheck check) {
		assertThatExceptionOfType(Problem.class).isThrownBy(check::meterThatFits)
			.satisfies((problem) -> assertThat(problem.status()).isEqualTo(422))
			.satisfies((problem) -> assertThat(problem.code()).isEqualTo("price_mode_mismatch"))
			.withMessageContaining(because);
	}

	static Stream<Arguments> whatDoesNotFitIsRefused() {
		return Stream.of(
				arguments("1,000,000 tokens would bill one package (2 minor units of EUR)",
						check(Report.UNITS, price(1_000L), METER, SUBSCRIBED)),
				arguments("1,000 tokens would bill 1,000 units (2000 minor units of EUR)",
						check(Report.USAGE, price(null), METER, SUBSCRIBED)),
				arguments("1,000 tokens would bill 1,000 units", check(Report.USAGE, price(1L), METER, SUBSCRIBED)),
				arguments("is archived", check(Report.UNITS, price(false, "metered", "mtr_1"), METER, SUBSCRIBED)),
				arguments("reads no meter", check(Report.UNITS, price(true, "licensed", null), null, SUBSCRIBED)),
				arguments("reads no meter", check(Report.UNITS, price(true, null, null), null, SUBSCRIBED)),
				arguments("takes no events",
						check(Report.UNITS, price(null), meter(false, "sum", null, true), SUBSCRIBED)),
				arguments("one for each report",
						check(Report.UNITS, price(null), meter(true, "count", null, true), SUBSCRIBED)),
				arguments("the last report only",
						check(Report.UNITS, price(null), meter(true, "last", null, true), SUBSCRIBED)),
				arguments("only the last report of each day",
						check(Report.UNITS, price(null), meter(true, "sum", "day", true), SUBSCRIBED)),
				arguments("under other names",
						check(Report.UNITS, price(null), meter(true, "sum", null, false), SUBSCRIBED)),
				arguments("has no subscription", check(Report.UNITS, price(null), METER, List.of())),
				arguments("has no subscription", check(Report.UNITS, price(null), METER, subscribed("canceled"))),
				arguments("belongs to the product prod_1",
						new TermsCheck(new StripeChoice("cus_1", "prod_2", "price_1"), policy(Report.UNITS),
								price(null), METER, CUSTOMER, SUBSCRIBED)));
	}

	@Test
	void aDeletedCustomerIsRefused() {
		TermsCheck check = new TermsCheck(new StripeChoice("cus_1", null, "price_1"), policy(Report.UNITS), price(null),
				METER, new StripeCustomer("cus_1", null, null, true), SUBSCRIBED);

		assertThatExceptionOfType(Problem.class).isThrownBy(check::meterThatFits)
			.satisfies((problem) -> assertThat(problem.code()).isEqualTo("stripe_customer_not_found"));
	}

	private static TermsCheck check(Report report, StripePrice price, StripeMeter meter,
			List<StripeSubscription> subscriptions) {
		return new TermsCheck(new StripeChoice("cus_1", "prod_1", "price_1"), policy(report), price, meter, CUSTOMER,
				subscriptions);
	}

	private static ChargePolicy policy(Report report) {
		return new ChargePolicy(ChargeBy.TOKENS, 1_000, report, TokenWeights.ONE);
	}

	private static StripePrice price(Long packageSize) {
		return new StripePrice("price_1", true, null, "prod_1", "AI usage", "eur", 2L, new BigDecimal("2"), "per_unit",
				"metered", "month", "mtr_1", packageSize, (packageSize != null) ? "up" : null);
	}

	private static StripePrice price(boolean active, String usageType, String meter) {
		return new StripePrice("price_1", active, null, "prod_1", "AI usage", "eur", 2L, new BigDecimal("2"),
				"per_unit", usageType, "month", meter, null, null);
	}

	private static StripeMeter meter(boolean active, String formula, String window, boolean takesOurEvents) {
		return new StripeMeter("mtr_1", "Tokens", "tokens", active, formula, window, takesOurEvents);
	}

	private static List<StripeSubscription> subscribed(String status) {
		return List.of(new StripeSubscription("sub_1", status, List.of("price_1")));
	}

}
