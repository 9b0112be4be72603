package io.tallygate.billing;

import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

import io.tallygate.sandbox.stripe.AcceptedEvent;
import io.tallygate.sandbox.stripe.Fault;
import io.tallygate.sandbox.stripe.SandboxKey;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Agency;
import io.tallygate.support.RunningGateway.Client;
import io.tallygate.support.Together;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** An agency whose meter events go by Stripe's stream. */
class MeterEventStreamIntegrationTests {

	private static final AtomicInteger NUMBERS = new AtomicInteger();

	private static final int CLIENTS = 12;

	private static final int MESSAGES = 5;

	private static RunningGateway gateway;

	@BeforeAll
	static void start() {
		gateway = RunningGateway.start("tallygate.outbox.scan-every=300ms", "tallygate.billing.webhooks-every=200ms");
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	/** An agency and the key to its account. */
	private record Connected(Agency agency, SandboxKey key) {

		List<AcceptedEvent> accepted() {
			return gateway.stripe()
				.transcript()
				.stream()
				.filter((event) -> event.account().equals(this.key.account()) && !event.isCancelled())
				.toList();
		}

		long units() {
			return accepted().stream().mapToLong(AcceptedEvent::value).sum();
		}

		List<JsonNode> meterEvents(String state) {
			return this.agency.read("/meter_events?limit=100&state=" + state).path("data").valueStream().toList();
		}

	}

	/**
	 * Sessions end in between and answers are lost, so that events are sent again that
	 * Stripe has: it says so later, and none is parked for it.
	 */
	@Test
	void everyUnitIsDeliveredOnceThoughSessionsEndAndAnswersAreLost() {
		Connected connected = connected();
		streaming(connected);
		List<Client> clients = clients(connected, CLIENTS);

		send(clients);
		gateway.stripe().expireSessions(connected.key().account());
		gateway.stripe().fail(Fault.next(2, Fault.Kind.DROP_ANSWER).of(connected.key().account()));
		send(clients);
		gateway.stripe().expireSessions(connected.key().account());
		send(clients);

		long used = (long) CLIENTS * MESSAGES * 3;
		await().atMost(RunningGateway.PATIENCE).until(connected::units, (units) -> units == used);
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> connected.meterEvents("due").isEmpty() && connected.meterEvents("sending").isEmpty());
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> notes(connected), (notes) -> notes.stream().anyMatch((note) -> note.contains("known before")));
		assertThat(connected.meterEvents("parked")).isEmpty();
		assertThat(connected.meterEvents("delivered").stream().mapToLong((event) -> event.path("value").asLong()).sum())
			.isEqualTo(used);
		assertThat(connected.accepted()).extracting(AcceptedEvent::identifier).doesNotHaveDuplicates();
		assertThat(connected.units()).isEqualTo(used);
	}

	/** Nobody is told at once. */
	@Test
	void whatIsRefusedOfTheStreamIsParkedWhenStripeSaysSo() {
		Connected connected = connected();
		streaming(connected);
		Client client = clients(connected, 1).get(0);
		String customer = connected.agency().read("/clients/" + client.id()).path("stripe_customer_id").asString();

		gateway.atStripe(connected.key(), "DELETE", "/v1/customers/" + customer, "");
		send(List.of(client));

		await().atMost(RunningGateway.PATIENCE).until(() -> !connected.meterEvents("parked").isEmpty());
		JsonNode parked = connected.meterEvents("parked").get(0);
		assertThat(parked.path("reason").asString()).isEqualTo("customer: meter_event_customer_not_found");
		assertThat(parked.path("stops_lane").asBoolean()).isTrue();
		assertThat(connected.units()).isZero();
	}

	@Test
	void theStreamIsNotChosenWhereNobodyWouldHearWhatStripeRefuses() {
		Connected connected = connected();

		HttpResponse<byte[]> refused = choose(connected, "v2_stream");

		assertThat(refused.statusCode()).isEqualTo(422);
		assertThat(code(refused)).isEqualTo("webhooks_missing");
		assertThat(connected.agency().read("/stripe_connection").path("meter_events").asString()).isEqualTo("v1");
		register(connected);
		assertThat(choose(connected, "v2_stream").statusCode()).isEqualTo(200);
		connected.agency().call("PUT", "/stripe_connection", Map.of("secret_key", connected.key().secret().reveal()));
		assertThat(connected.agency().read("/stripe_connection").path("meter_events").asString())
			.isEqualTo("v2_stream");
		assertThat(choose(connected, "v3").statusCode()).isEqualTo(422);
	}

	/** Nobody says that one way knows the identifiers of the other. */
	@Test
	void theWayIsNotChangedWhileStripeMayHaveWhatWeDoNotKnowOf() {
		Connected connected = connected();
		register(connected);
		Client client = clients(connected, 1).get(0);
		gateway.stripe().fail(Fault.next(1_000, Fault.Kind.SERVER_ERROR_AFTER_COMMIT).of(connected.key().account()));
		send(List.of(client));
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> connected.meterEvents("due").stream().anyMatch((event) -> event.path("attempts").asInt() > 0));

		HttpResponse<byte[]> refused = choose(connected, "v2_stream");

		assertThat(refused.statusCode()).isEqualTo(409);
		assertThat(code(refused)).isEqualTo("delivery_under_way");
		gateway.stripe().clearFaults();
		await().atMost(RunningGateway.PATIENCE).until(() -> choose(connected, "v2_stream").statusCode() == 200);
		await().atMost(RunningGateway.PATIENCE).until(() -> connected.units() == MESSAGES);
	}

	private static Connected connected() {
		SandboxKey key = gateway.stripe().newKey("acct_stream_" + NUMBERS.incrementAndGet(), "Alpaca", null);
		Agency agency = gateway.agency();
		agency.call("PUT", "/stripe_connection", Map.of("secret_key", key.secret().reveal()));
		return new Connected(agency, key);
	}

	private static void register(Connected connected) {
		connected.agency()
			.call("POST", "/stripe/webhook_endpoints", Map.of("url", "http://127.0.0.1:" + gateway.port()));
	}

	private static void streaming(Connected connected) {
		register(connected);
		HttpResponse<byte[]> chosen = choose(connected, "v2_stream");
		assertThat(new JsonMapper().readTree(chosen.body()).path("meter_events").asString()).isEqualTo("v2_stream");
	}

	private static HttpResponse<byte[]> choose(Connected connected, String way) {
		return connected.agency().ask("PATCH", "/stripe_connection", Map.of("meter_events", way));
	}

	private static String code(HttpResponse<byte[]> answer) {
		return new JsonMapper().readTree(answer.body()).path("code").asString();
	}

	/** Clients who pay by the message, each with a lane of its own. */
	private static List<Client> clients(Connected connected, int count) {
		Agency agency = connected.agency();
		String name = "messages_" + NUMBERS.incrementAndGet();
		String meter = id(
				agency.call("POST", "/stripe/meters", Map.of("display_name", "Messages", "event_name", name)));
		String price = id(agency.call("POST", "/stripe/prices", Map.of("product_name", "AI", "meter_id", meter,
				"currency", "usd", "unit_amount", 4, "interval", "month")));
		List<Client> clients = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			String customer = id(agency.call("POST", "/stripe/customers",
					Map.of("name", "Client " + i, "email", "client" + i + "@example.com")));
			agency.call("POST", "/stripe/subscriptions", Map.of("customer_id", customer, "price_id", price));
			clients.add(agency.client("Client " + i, Map.of("stripe_customer_id", customer, "stripe_price_id", price,
					"charge_by", "messages", "billing_unit", 1, "report", "units")));
		}
		return clients;
	}

	private static void send(List<Client> clients) {
		List<Callable<Integer>> calls = new ArrayList<>();
		for (int i = 0; i < MESSAGES; i++) {
			clients.forEach((client) -> calls.add(
					() -> gateway
						.chat(client,
								Map.of("model", "fake:t=10", "messages",
										List.of(Map.of("role", "user", "content", "Hi"))))
						.statusCode()));
		}
		assertThat(Together.run(8, calls)).containsOnly(200);
	}

	private static List<String> notes(Connected connected) {
		return connected.agency()
			.read("/webhook_events?limit=100&type=v1.billing.meter.error_report_triggered")
			.path("data")
			.valueStream()
			.map((event) -> event.path("note").asString(""))
			.toList();
	}

	private static String id(JsonNode made) {
		return made.path("id").asString();
	}

}
