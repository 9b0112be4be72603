package io.tallygate.journey;

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
import static org.awaitility.Awaitility.await;

/**
 * An agency that charges its clients 10 cents for every 1,000 tokens, from the price to
 * the paid invoice. The gateway counts, and reports a unit when it is complete; what is
 * left below a unit at a period's end is not charged then, and completes a unit later.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class AgencyStoryTests {

	private static final String SUCCESS = "https://agency.example/thanks";

	private static RunningGateway gateway;

	private static Billed agency;

	private static String customer;

	private static String price;

	private static String subscription;

	private static Client client;

	@BeforeAll
	static void start() {
		gateway = Billed.gatewayInAHurry();
		agency = Billed.in(gateway, "Rebill Agency");
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@Test
	@Order(1)
	void theClientSubscribesAndLeavesACardOnAPageOfStripes() {
		String meter = agency.made("/meters", Map.of("display_name", "AI units", "event_name", "ai_units"));
		String product = agency.made("/products", Map.of("name", "AI assistant"));
		price = agency.made("/prices", Map.of("product_id", product, "meter_id", meter, "currency", "usd",
				"unit_amount", 10, "interval", "month"));
		customer = agency.made("/customers", Map.of("name", "Acme Dental", "email", "billing@acme.example"));
		JsonNode session = agency.agency()
			.call("POST", "/stripe/checkout_sessions", Map.of("customer_id", customer, "price_id", price, "success_url",
					SUCCESS, "cancel_url", "https://agency.example/back"));

		String leads = gateway.press(session.path("url").asString(), "pm_card_visa");

		assertThat(leads).isEqualTo(SUCCESS);
		JsonNode complete = agency.atStripe("/v1/checkout/sessions/" + session.path("id").asString());
		subscription = complete.path("subscription").asString();
		JsonNode subscribed = agency.atStripe("/v1/subscriptions/" + subscription);
		assertThat(subscribed.path("status").asString()).isEqualTo("active");
		assertThat(subscribed.path("default_payment_method").asString()).startsWith("pm_");
	}

	@Test
	@Order(2)
	void aUnitIsReportedForEachThousandTokensAndTheRestIsKept() {
		client = agency.agency()
			.client("Acme Dental", Map.of("stripe_customer_id", customer, "stripe_price_id", price, "charge_by",
					"tokens", "billing_unit", 1000, "report", "units"));

		String first = agency.use(client, 1500);
		String second = agency.use(client, 1200);

		assertThat(agency.entry(first).path("units").asLong()).isEqualTo(1);
		assertThat(agency.entry(second).path("units").asLong()).isEqualTo(1);
		assertThat(agency.requestsThatLeadBack(agency.delivered(client, 2))).containsExactlyInAnyOrder(first, second);
		assertProgress(700, 2);
	}

	@Test
	@Order(3)
	void theNextInvoiceIsTheUnitsAndSoIsOurOwnFigure() {
		agency.counted(client, 2);

		JsonNode preview = agency.preview(client);

		assertThat(preview.at("/stripe/amount_due").asLong()).isEqualTo(2 * 10);
		assertThat(preview.at("/stripe/lines/0/quantity").asLong()).isEqualTo(2);
		assertThat(preview.at("/local/estimated_amount").asLong()).isEqualTo(20);
		assertThat(preview.at("/difference/explained").isEmpty()).isTrue();
	}

	@Test
	@Order(4)
	void theInvoiceIsPaidToTheCentAndTheRestIsNotOnIt() {
		gateway.endPeriod(subscription);

		JsonNode draft = agency.invoice(client, "draft");
		agency.lookedAtForAnInvoice(client);
		assertThat(agency.reconciled(client).path("stripe_units").asLong()).isEqualTo(2);
		agency.finalise(draft);
		JsonNode paid = agency.invoice(client, "paid");
		assertThat(paid.path("total").asLong()).isEqualTo(20);
		assertThat(paid.path("amount_paid").asLong()).isEqualTo(20);
		assertProgress(700, 2);
	}

	@Test
	@Order(5)
	void theRestCompletesAUnitOfTheNextPeriod() {
		String third = agency.use(client, 200);
		assertThat(agency.entry(third).path("total_before").asLong()).isEqualTo(2700);
		assertThat(agency.reportedIn(third)).isEmpty();
		assertProgress(900, 2);

		String fourth = agency.use(client, 100);

		List<JsonNode> events = agency.delivered(client, 3);
		assertThat(events.get(0).path("value").asLong()).isEqualTo(1);
		assertThat(agency.requestsThatLeadBack(events.subList(0, 1))).containsExactly(third, fourth);
		assertProgress(0, 3);
		agency.counted(client, 3);
		JsonNode preview = agency.preview(client);
		assertThat(preview.at("/stripe/amount_due").asLong()).isEqualTo(10);
		assertThat(preview.at("/local/units_used").asLong()).isEqualTo(1);
		assertThat(preview.at("/local/units_delivered").asLong()).isEqualTo(1);
		assertThat(preview.at("/local/estimated_amount").asLong()).isEqualTo(10);
	}

	@Test
	@Order(6)
	void theNextInvoiceHasThatUnitAndNoOther() {
		gateway.endPeriod(subscription);

		agency.finalise(agency.invoice(client, "draft"));

		assertThat(agency.invoice(client, "paid").path("total").asLong()).isEqualTo(10);
	}

	@Test
	@Order(7)
	void aClientThatIsChargedByMessagesPaysForEach() {
		String meter = agency.made("/meters", Map.of("display_name", "AI messages", "event_name", "ai_messages"));
		String perMessage = agency.made("/prices", Map.of("product_name", "AI messages", "meter_id", meter, "currency",
				"usd", "unit_amount", 2, "interval", "month"));
		Client bolt = agency.agency()
			.client("Bolt Fitness",
					Map.of("create_customer", Map.of("name", "Bolt Fitness", "email", "billing@bolt.example"),
							"create_subscription", true, "stripe_price_id", perMessage, "charge_by", "messages",
							"billing_unit", 1, "report", "units"));

		String one = agency.use(bolt, 1500);
		String other = agency.use(bolt, 40);

		assertThat(agency.requestsThatLeadBack(agency.delivered(bolt, 2))).containsExactlyInAnyOrder(one, other);
		agency.counted(bolt, 2);
		JsonNode preview = agency.preview(bolt);
		assertThat(preview.at("/stripe/amount_due").asLong()).isEqualTo(2 * 2);
		assertThat(preview.at("/local/estimated_amount").asLong()).isEqualTo(4);
	}

	private static void assertProgress(long tokensInUnit, long units) {
		await().atMost(RunningGateway.PATIENCE).untilAsserted(() -> {
			JsonNode progress = agency.agency().read("/clients/" + client.id() + "/usage").path("progress");
			assertThat(progress.path("quantity_in_unit").asLong()).isEqualTo(tokensInUnit);
			assertThat(progress.path("billing_unit").asLong()).isEqualTo(1000);
			assertThat(progress.path("units_crossed").asLong()).isEqualTo(units);
			assertThat(progress.path("units_delivered").asLong()).isEqualTo(units);
		});
	}

}
