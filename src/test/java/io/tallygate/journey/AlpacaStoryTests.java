package io.tallygate.journey;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Client;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The company of Stripe's guide to billing by use, from its meter to its paid invoice:
 * 0.04 USD for each 1,000 tokens begun, each month in arrears. The gateway reports tokens
 * as they are, and the price divides.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class AlpacaStoryTests {

	private static final List<String> REQUESTS = new ArrayList<>();

	private static RunningGateway gateway;

	private static Billed alpaca;

	private static String meter;

	private static String price;

	private static String customer;

	private static JsonNode subscription;

	private static Client client;

	@BeforeAll
	static void start() {
		gateway = Billed.gatewayInAHurry();
		alpaca = Billed.in(gateway, "Alpaca AI");
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@Test
	@Order(1)
	void thePriceIsFourCentsForAPackageOfAThousandTokens() {
		meter = alpaca.made("/meters", Map.of("display_name", "Alpaca AI tokens", "event_name", "alpaca_ai_tokens"));
		String product = alpaca.made("/products", Map.of("name", "Alpaca AI"));
		price = alpaca.made("/prices", Map.of("product_id", product, "meter_id", meter, "currency", "usd",
				"unit_amount", 4, "package_size", 1000, "round", "up", "interval", "month"));

		JsonNode made = alpaca.atStripe("/v1/prices/" + price);
		assertThat(made.path("unit_amount_decimal").asString()).isEqualTo("4");
		assertThat(made.at("/transform_quantity/divide_by").asInt()).isEqualTo(1000);
		assertThat(made.at("/transform_quantity/round").asString()).isEqualTo("up");
		assertThat(made.at("/recurring/meter").asString()).isEqualTo(meter);
		assertThat(made.at("/recurring/usage_type").asString()).isEqualTo("metered");
	}

	@Test
	@Order(2)
	void theSubscriptionWaitsForACardThatThePersonLeavesAtStripe() {
		customer = alpaca.made("/customers", Map.of("name", "Dental Ltd", "email", "billing@dental.example"));
		subscription = alpaca.agency()
			.call("POST", "/stripe/subscriptions", Map.of("customer_id", customer, "price_id", price));
		String intent = subscription.at("/pending_setup_intent/id").asString();
		assertThat(subscription.at("/pending_setup_intent/client_secret").asString()).startsWith(intent + "_secret_");

		gateway.press(gateway.stripe().baseUrl() + "/setup/" + intent, "pm_card_visa");

		JsonNode paying = alpaca.atStripe("/v1/subscriptions/" + subscription.path("id").asString());
		assertThat(paying.path("default_payment_method").asString()).startsWith("pm_");
		assertThat(paying.path("pending_setup_intent").isNull()).isTrue();
	}

	@Test
	@Order(3)
	void everyTokenThatTheProviderReportsReachesTheMeter() {
		client = alpaca.agency()
			.client("Dental Ltd", Map.of("stripe_customer_id", customer, "stripe_price_id", price, "charge_by",
					"tokens", "billing_unit", 1000, "report", "usage"));

		REQUESTS.add(alpaca.use(client, 1500));
		REQUESTS.add(alpaca.use(client, 1000));

		assertThat(alpaca.delivered(client, 2500)).allSatisfy((event) -> {
			assertThat(event.path("event_name").asString()).isEqualTo("alpaca_ai_tokens");
			assertThat(event.path("stripe_customer_id").asString()).isEqualTo(customer);
		});
		alpaca.counted(client, 2500);
	}

	@Test
	@Order(4)
	void theNextInvoiceIsThePackagesBegunAndSoIsOurOwnFigure() {
		JsonNode preview = alpaca.preview(client);

		assertThat(preview.path("subscription_id")).isEqualTo(subscription.path("id"));
		assertThat(preview.at("/stripe/amount_due").asLong()).isEqualTo(3 * 4);
		assertThat(preview.at("/stripe/lines").size()).isEqualTo(1);
		assertThat(preview.at("/stripe/lines/0/price_id").asString()).isEqualTo(price);
		assertThat(preview.at("/stripe/lines/0/quantity").asLong()).isEqualTo(2500);
		assertThat(preview.at("/stripe/lines/0/amount").asLong()).isEqualTo(12);
		assertThat(preview.at("/local/units_delivered").asLong()).isEqualTo(2500);
		assertThat(preview.at("/local/units_waiting").asLong()).isZero();
		assertThat(preview.at("/local/estimated_amount").asLong()).isEqualTo(12);
		assertThat(preview.at("/difference/amount").asLong()).isZero();
		assertThat(preview.at("/difference/explained").isEmpty()).isTrue();
	}

	@Test
	@Order(5)
	void theInvoiceLineLeadsToItsRequestsAndTheyLeadBack() {
		long line = alpaca.preview(client).at("/stripe/lines/0/quantity").asLong();
		alpaca.counted(client, line);
		List<JsonNode> events = alpaca.delivered(client, line);

		List<String> requests = alpaca.requestsThatLeadBack(events);

		assertThat(requests).containsExactlyInAnyOrderElementsOf(REQUESTS);
		List<JsonNode> entries = requests.stream().map(alpaca::entry).toList();
		assertThat(Billed.sum(entries, "quantity")).isEqualTo(line);
		assertThat(entries).allMatch((entry) -> entry.path("client_id").asString().equals(client.id())
				&& entry.path("status").asString().equals("billed"));
	}

	@Test
	@Order(6)
	void whatIsUsedJustBeforeThePeriodEndsIsStillOnItsInvoice() {
		REQUESTS.add(alpaca.use(client, 501));

		gateway.endPeriod(subscription.path("id").asString());

		JsonNode draft = alpaca.invoice(client, "draft");
		assertThat(alpaca.webhooks("invoice.created")).hasSize(1);
		alpaca.delivered(client, 3001);
		alpaca.counted(client, 3001);
		alpaca.lookedAtForAnInvoice(client);
		JsonNode books = alpaca.reconciled(client);
		for (String column : List.of("ledger_units", "outbox_units", "delivered_units", "stripe_units")) {
			assertThat(books.path(column).asLong()).as(column).isEqualTo(3001);
		}
		alpaca.finalise(draft);
		JsonNode lines = alpaca.atStripe("/v1/invoices/" + draft.path("id").asString() + "/lines").path("data");
		assertThat(lines.size()).isEqualTo(1);
		assertThat(lines.at("/0/quantity").asLong()).isEqualTo(3001);
		assertThat(lines.at("/0/amount").asLong()).isEqualTo(4 * 4);
	}

	@Test
	@Order(7)
	void theInvoiceIsPaidToTheCent() {
		JsonNode paid = alpaca.invoice(client, "paid");

		assertThat(alpaca.webhooks("invoice.paid")).hasSize(1);
		assertThat(paid.path("currency").asString()).isEqualTo("usd");
		assertThat(paid.path("total").asLong()).isEqualTo(16);
		assertThat(paid.path("amount_paid").asLong()).isEqualTo(16);
		assertThat(alpaca.agency().read("/clients/" + client.id() + "/payment").path("status").asString())
			.isEqualTo("active");
	}

	@Test
	@Order(8)
	void aPackageBegunIsChargedInEachPeriodAnew() {
		alpaca.use(client, 100);
		alpaca.delivered(client, 3101);
		alpaca.counted(client, 3101);

		gateway.endPeriod(subscription.path("id").asString());

		JsonNode draft = alpaca.invoice(client, "draft");
		alpaca.finalise(draft);
		JsonNode paid = alpaca.invoice(client, "paid");
		assertThat(paid.path("id")).isEqualTo(draft.path("id"));
		assertThat(paid.path("total").asLong()).isEqualTo(4);
	}

}
