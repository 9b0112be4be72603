package io.tallygate.billing;

import java.time.Duration;
import java.util.List;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.Report;
import io.tallygate.client.StripeGuard.StripeChoice;
import io.tallygate.client.StripeGuard.StripeTerms;
import io.tallygate.client.TokenWeights;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.stripe.StripePrice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

import static io.tallygate.billing.StripeRoom.AGENCY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

/** A client's terms before Stripe. */
class StripeTermsGuardIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private static final StripeChoice CHOICE = new StripeChoice("cus_1", "prod_1", "price_1");

	private static final ChargePolicy UNITS = new ChargePolicy(ChargeBy.TOKENS, 1_000, Report.UNITS, TokenWeights.ONE);

	private static final PageRequest FIRST = PageRequest.of(null, null, null);

	private final StripeRoom room = new StripeRoom();

	@BeforeEach
	void anAccountWithAPriceAndACustomerWhoIsSubscribed() {
		this.room.stripe().hasAccount("acct_1");
		this.room.stripe().hasPrice("price_1", "prod_1", "mtr_1");
		this.room.stripe().hasMeter("mtr_1", "tokens");
		this.room.stripe().hasCustomer("cus_1", "price_1");
	}

	@AfterEach
	void close() {
		this.room.close();
	}

	@Test
	void termsThatFitNameTheLane() {
		connect();

		assertThat(this.room.guard().check(AGENCY, CHOICE, UNITS).block(PATIENCE))
			.isEqualTo(new StripeTerms("acct_1", false, "cus_1", "price_1", "mtr_1", "tokens", List.of()));
	}

	@Test
	void withoutAConnectionNothingCanBeChecked() {
		expectProblem(this.room.guard().check(AGENCY, CHOICE, UNITS), 422, "stripe_not_connected");
	}

	@Test
	void anUnknownPriceIsNamed() {
		connect();

		expectProblem(this.room.guard().check(AGENCY, new StripeChoice("cus_1", null, "price_2"), UNITS), 422,
				"stripe_price_not_found");
	}

	@Test
	void anUnknownCustomerIsNamed() {
		connect();

		expectProblem(this.room.guard().check(AGENCY, new StripeChoice("cus_2", null, "price_1"), UNITS), 422,
				"stripe_customer_not_found");
	}

	@Test
	void aPriceThatDividesAgainIsRefused() {
		connect();
		this.room.stripe().hasPackagePrice("price_1", "prod_1", "mtr_1", 1_000);

		expectProblem(this.room.guard().check(AGENCY, CHOICE, UNITS), 422, "price_mode_mismatch");
	}

	@Test
	void aKeyThatWasRevokedIsSaidToBe() {
		connect();
		this.room.stripe().refusesTheKey("Expired API Key provided");

		expectProblem(this.room.guard().check(AGENCY, CHOICE, UNITS), 422, "stripe_key_rejected");
	}

	@Test
	void withoutAConnectionTheModeIsTest() {
		assertThat(this.room.guard().livemode(AGENCY).block(PATIENCE)).isFalse();
	}

	@Test
	void pricesAreListedWithTheNamesOfTheirProducts() {
		connect();
		this.room.stripe().listsPrices("price_1", "price_2");

		assertThat(this.room.catalogue().prices(AGENCY, null, false, FIRST).block(PATIENCE).data())
			.extracting(StripePrice::id, StripePrice::productName, StripePrice::meterId)
			.containsExactly(tuple("price_1", "AI usage", "mtr_1"), tuple("price_2", "AI usage", "mtr_1"));
	}

	@Test
	void customersAreFoundByNameWhereStripesSearchIsNotOffered() {
		connect();
		this.room.stripe().listsCustomers("Acme Dental", "Beta Law");

		assertThat(this.room.catalogue().customers(AGENCY, "dental", FIRST).block(PATIENCE).data()).singleElement()
			.satisfies((customer) -> assertThat(customer.name()).isEqualTo("Acme Dental"));
	}

	@Test
	void anUnknownCustomerIdFindsNobody() {
		connect();

		assertThat(this.room.catalogue().customers(AGENCY, "cus_9", FIRST).block(PATIENCE).data()).isEmpty();
	}

	private void connect() {
		this.room.connecting().connect(AGENCY, "sk_test_0123456789", null).block(PATIENCE);
	}

	private static void expectProblem(Mono<?> outcome, int status, String code) {
		StepVerifier.create(outcome).expectErrorSatisfies((error) -> {
			assertThat(error).isInstanceOf(Problem.class);
			assertThat(((Problem) error).status()).isEqualTo(status);
			assertThat(((Problem) error).code()).isEqualTo(code);
		}).verify(PATIENCE);
	}

}
