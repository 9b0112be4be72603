package io.tallygate.billing;

import java.math.BigDecimal;
import java.util.List;

import io.tallygate.stripe.StripePrice;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class CreditProposalTests {

	@ParameterizedTest
	@CsvSource({ "-3, 4, , CREDIT, 12", "3, 4, , CHARGE, 12", "-1, 0.5, , CREDIT, 1", "-1, 0.4, , CREDIT, 0",
			"-1500, 10, 1000, CREDIT, 15", "-40, 10, 1000, CREDIT, 0", "-50, 10, 1000, CREDIT, 1" })
	void whatIsCorrectedCostsWhatThePriceSays(long value, BigDecimal each, @Nullable Long packageSize,
			CreditProposal.Kind kind, long amount) {
		CreditProposal proposal = CreditProposal.of(value, price("per_unit", each, packageSize));

		assertThat(proposal.kind()).isEqualTo(kind);
		assertThat(proposal.amount()).isEqualTo(amount);
		assertThat(proposal.currency()).isEqualTo("usd");
	}

	@Test
	void theAdviceNamesTheAmount() {
		assertThat(CreditProposal.of(-3, price("per_unit", new BigDecimal("40"), null)).advice())
			.contains("credit note of 1.20 USD before tax");
	}

	@Test
	void whatATieredPriceComesToIsNotGuessed() {
		CreditProposal tiered = CreditProposal.of(-3, price("tiered", null, null));
		CreditProposal unknown = CreditProposal.of(-3, null);

		assertThat(tiered.amount()).isNull();
		assertThat(unknown.amount()).isNull();
		assertThat(unknown.currency()).isNull();
		assertThat(unknown.advice()).contains("credit note of what it costs on that invoice");
	}

	private static StripePrice price(String scheme, @Nullable BigDecimal each, @Nullable Long packageSize) {
		return new StripePrice("price_1", true, null, "prod_1", null, "usd", each, scheme, null, List.of(), "metered",
				"month", 1L, "mtr_1", packageSize, (packageSize != null) ? "up" : null, null);
	}

}
