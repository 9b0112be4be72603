package io.tallygate.billing;

import java.math.BigDecimal;
import java.util.List;
import java.util.stream.Stream;

import io.tallygate.billing.PreviewDifference.Cause;
import io.tallygate.billing.PreviewDifference.Figures;
import io.tallygate.stripe.StripeInvoice;
import io.tallygate.stripe.StripePrice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import static org.assertj.core.api.Assertions.assertThat;

class PreviewDifferenceTests {

	private static final StripePrice FOUR_CENTS = price("4", null, null);

	private static final StripePrice DECIMAL = price("0.004", null, null);

	private static final StripePrice PACKAGE = price("4", 1000L, "up");

	private static final StripePrice UNKNOWN = price(null, null, null);

	/** A case: its figures, and what is to be said of them. */
	private record Case(String claim, Figures figures, Cause... causes) {

		@Override
		public String toString() {
			return this.claim;
		}

	}

	static Stream<Case> cases() {
		return Stream.of(new Case("all agrees", figures(FOUR_CENTS, 3, 3, 3, invoice(12, 0, 0, 0, 12, ours(12)))),
				new Case("units wait", figures(FOUR_CENTS, 5, 3, 3, invoice(12, 0, 0, 0, 12, ours(12))),
						Cause.UNITS_WAITING),
				new Case("Stripe lags", figures(FOUR_CENTS, 5, 5, 3, invoice(12, 0, 0, 0, 12, ours(12))),
						Cause.AGGREGATION_LAG),
				new Case("units wait and Stripe lags", figures(FOUR_CENTS, 9, 5, 3, invoice(12, 0, 0, 0, 12, ours(12))),
						Cause.UNITS_WAITING, Cause.AGGREGATION_LAG),
				new Case("lines are rounded", figures(DECIMAL, 1_100, 1_100, 1_100, invoice(4, 0, 0, 0, 4, ours(4))),
						Cause.ROUNDING),
				new Case("packages are rounded by both",
						figures(PACKAGE, 1_100, 1_100, 1_100, invoice(8, 0, 0, 0, 8, ours(8)))),
				new Case("a trial", new Figures(FOUR_CENTS, true, 3, 3, 3, invoice(0, 0, 0, 0, 0, ours(0))),
						Cause.TRIAL),
				new Case("tax on top", figures(FOUR_CENTS, 100, 100, 100, invoice(400, 0, 0, 76, 476, ours(400))),
						Cause.TAX),
				new Case("a coupon", figures(FOUR_CENTS, 100, 100, 100, invoice(400, 40, 0, 0, 360, ours(400))),
						Cause.DISCOUNTS),
				new Case("prepaid credit", figures(FOUR_CENTS, 100, 100, 100, invoice(400, 0, 150, 0, 250, ours(400))),
						Cause.CREDITS),
				new Case("a balance", figures(FOUR_CENTS, 100, 100, 100, invoice(400, 0, 0, 0, 300, ours(400))),
						Cause.BALANCE),
				new Case("a seat besides",
						figures(FOUR_CENTS, 3, 3, 3,
								invoice(1_012, 0, 0, 0, 1_012, ours(12), line("price_2", 1_000, false))),
						Cause.OTHER_ITEMS),
				new Case("a proration",
						figures(FOUR_CENTS, 3, 3, 3, invoice(512, 0, 0, 0, 512, ours(12), line("price_1", 500, true))),
						Cause.PRORATION),
				new Case("a line that is not shown", figures(FOUR_CENTS, 3, 3, 3, invoice(99, 0, 0, 0, 99, ours(12))),
						Cause.UNEXPLAINED),
				new Case("everything at once",
						figures(DECIMAL, 9_000, 5_100, 3_100,
								invoice(1_512, 100, 50, 200, 1_500, ours(12), line("price_2", 1_000, false),
										line("price_1", 500, true))),
						Cause.UNITS_WAITING, Cause.AGGREGATION_LAG, Cause.ROUNDING, Cause.PRORATION, Cause.OTHER_ITEMS,
						Cause.DISCOUNTS, Cause.CREDITS, Cause.TAX, Cause.BALANCE));
	}

	@ParameterizedTest
	@MethodSource("cases")
	void theDifferenceIsExplainedToTheCent(Case given) {
		PreviewDifference difference = PreviewDifference.of(given.figures());

		assertThat(difference.explained()).extracting(PreviewDifference.Part::cause).containsExactly(given.causes());
		BigDecimal sum = difference.explained()
			.stream()
			.map(PreviewDifference.Part::amount)
			.reduce(BigDecimal.ZERO, BigDecimal::add);
		assertThat(sum).isEqualByComparingTo(difference.amount());
	}

	@Test
	void whatTheUnitsThatWaitAreWorthIsTold() {
		PreviewDifference difference = PreviewDifference
			.of(figures(FOUR_CENTS, 5, 3, 3, invoice(12, 0, 0, 0, 12, ours(12))));

		assertThat(difference.amount()).isEqualByComparingTo("-8");
		assertThat(difference.explained().get(0).amount()).isEqualByComparingTo("-8");
		assertThat(difference.explained().get(0).message()).contains("2 units");
	}

	@Test
	void aPriceThatSaysNothingExplainsNothing() {
		PreviewDifference difference = PreviewDifference
			.of(figures(UNKNOWN, 5, 3, 3, invoice(12, 0, 0, 0, 12, ours(12))));

		assertThat(difference.amount()).isNull();
		assertThat(difference.explained()).isEmpty();
	}

	private static Figures figures(StripePrice price, long used, long delivered, long counted, StripeInvoice invoice) {
		return new Figures(price, false, used, delivered, counted, invoice);
	}

	private static StripeInvoice invoice(long subtotal, long discount, long credit, long tax, long due,
			StripeInvoice.Line... lines) {
		return new StripeInvoice(null, "cus_1", "sub_1", "draft", "usd", subtotal, subtotal - discount - credit + tax,
				due, 0, tax, discount, credit, 0, null, null, null, null, null, List.of(lines));
	}

	private static StripeInvoice.Line ours(long amount) {
		return line("price_1", amount, false);
	}

	private static StripeInvoice.Line line(String price, long amount, boolean proration) {
		return new StripeInvoice.Line("", price, null, null, amount, proration, null, null);
	}

	private static StripePrice price(String amount, Long packageSize, String round) {
		return new StripePrice("price_1", true, null, "prod_1", "AI", "usd",
				(amount != null) ? new BigDecimal(amount) : null, "per_unit", null, List.of(), "metered", "month", 1L,
				"mtr_1", packageSize, round, null);
	}

}
