package io.tallygate.billing;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import io.tallygate.sandbox.stripe.AcceptedEvent;
import io.tallygate.sandbox.stripe.SandboxKey;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Agency;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Corrections from the call to Stripe's summaries, over a real PostgreSQL and the fake
 * Stripe; each test in an account of its own.
 */
class AdjustmentIntegrationTests {

	private static final JsonMapper JSON = new JsonMapper();

	private static final AtomicInteger NUMBERS = new AtomicInteger();

	private static RunningGateway gateway;

	@BeforeAll
	static void start() {
		gateway = RunningGateway.start("tallygate.billing.reconciliation-settle=3s",
				"tallygate.billing.reconciliations-every=200ms", "tallygate.outbox.scan-every=500ms");
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	/** A client that pays four cents for every two messages, and what it is at Stripe. */
	private record Payer(Agency agency, RunningGateway.Client client, String customer, String subscription) {

		String path() {
			return "/clients/" + this.client.id() + "/adjustments";
		}

		HttpResponse<byte[]> adjust(Map<String, ?> body, String... headers) {
			return this.agency.ask("POST", path(), body, headers);
		}

	}

	@Test
	void aCorrectionIsALineOfTheLedgerAndAMeterEventThatStripeCounts() {
		Payer payer = payer();
		chat(payer, 5);

		JsonNode made = made(payer.adjust(Map.of("quantity", -2, "reason", "Our own test calls")));

		assertThat(made.path("way").asString()).isEqualTo("event");
		assertThat(made.path("quantity").asLong()).isEqualTo(-2);
		assertThat(made.path("value").asLong()).isEqualTo(-1);
		JsonNode event = delivered(payer, made);
		assertThat(event.path("kind").asString()).isEqualTo("adjustment");
		assertThat(event.path("value").asLong()).isEqualTo(-1);
		assertThat(event.path("requests").isEmpty()).isTrue();
		JsonNode line = payer.agency().read("/ledger/" + made.path("id").asString());
		assertThat(line.path("kind").asString()).isEqualTo("adjustment");
		assertThat(line.path("note").asString()).isEqualTo("Our own test calls");
		assertThat(line.path("quantity").asLong()).isEqualTo(-2);
		assertThat(line.path("total_before")).isEqualTo(line.path("total_after"));
		assertThat(line.at("/meter_events/0/id")).isEqualTo(made.path("meter_event_id"));
		assertThat(counted(payer)).isEqualTo(1);
	}

	@Test
	void totalsAndUnitsAreLeftAloneAndTheCorrectionIsAFigureOfItsOwn() {
		Payer payer = payer();
		chat(payer, 3);
		JsonNode before = payer.agency().read("/clients/" + payer.client().id() + "/usage");

		delivered(payer, made(payer.adjust(Map.of("quantity", 4, "reason", "Calls of the old system"))));

		JsonNode after = payer.agency().read("/clients/" + payer.client().id() + "/usage");
		assertThat(after.path("total")).isEqualTo(before.path("total"));
		assertThat(after.path("progress")).isEqualTo(before.path("progress"));
		assertThat(after.at("/adjustments/count").asLong()).isEqualTo(1);
		assertThat(after.at("/adjustments/quantity").asLong()).isEqualTo(4);
		assertThat(gateway.sql()
			.sql("select total from account where client_id = :client")
			.param("client", payer.client().id())
			.query(Long.class)
			.single()).isEqualTo(3_000);
		assertThat(counted(payer)).isEqualTo(3);
	}

	@Test
	void whatIsCorrectedIsExplainedAndClean() {
		Payer payer = payer();
		chat(payer, 4);
		delivered(payer, made(payer.adjust(Map.of("quantity", -2, "reason", "Counted for a test"))));

		JsonNode run = awaitClean(payer);

		assertThat(run.at("/rows/0/stripe_units").asLong()).isEqualTo(1);
		assertThat(run.at("/rows/0/delivered_units").asLong()).isEqualTo(2);
		assertThat(run.at("/rows/0/other_units").asLong()).isEqualTo(-1);
		assertThat(run.at("/rows/0/explanation").asString())
			.isEqualTo("Ledger, outbox and Stripe agree. Stripe was told of 1 corrections of -1 units in all");
	}

	@Test
	void anEventOfTodayIsTakenBackWhole() {
		Payer payer = payer();
		chat(payer, 2);
		String event = events(payer).get(0).path("id").asString();

		JsonNode made = made(
				payer.adjust(Map.of("quantity", -2, "reason", "Sent by mistake", "meter_event_id", event)));

		assertThat(made.path("way").asString()).isEqualTo("cancellation");
		assertThat(delivered(payer, made).path("cancels")).isEqualTo(made.path("cancels"));
		assertThat(gateway.stripe().transcript()).filteredOn((each) -> each.customer().equals(payer.customer()))
			.singleElement()
			.satisfies((each) -> {
				assertThat(each.identifier()).isEqualTo(made.path("cancels").asString());
				assertThat(each.isCancelled()).isTrue();
			});
		JsonNode run = awaitClean(payer);
		assertThat(run.at("/rows/0/stripe_units").asLong()).isZero();
		assertThat(payer.adjust(Map.of("quantity", -2, "reason", "Again", "meter_event_id", event)).statusCode())
			.isEqualTo(409);
	}

	@Test
	void anEventOfTheDayBeforeIsMadeUpForByANegativeOneOfItsOwnTime() {
		Payer payer = payer();
		chat(payer, 2);
		JsonNode event = events(payer).get(0);
		gateway.sql()
			.sql("update meter_event set created_at = created_at - interval '23 hours 1 minute' where id = :id")
			.param("id", event.path("id").asString())
			.update();

		JsonNode made = made(payer
			.adjust(Map.of("quantity", -2, "reason", "Too late", "meter_event_id", event.path("id").asString())));

		assertThat(made.path("way").asString()).isEqualTo("event");
		assertThat(made.path("cancels").isMissingNode() || made.path("cancels").isNull()).isTrue();
		assertThat(Instant.parse(made.path("occurred_at").asString()))
			.isEqualTo(Instant.parse(event.path("occurred_at").asString()));
		delivered(payer, made);
		assertThat(counted(payer)).isZero();
		awaitClean(payer);
	}

	@Test
	void whatIsInvoicedIsProposedAsACreditAndStripeIsToldNothing() {
		Payer payer = payer();
		Instant end = Instant.now().truncatedTo(ChronoUnit.HOURS).minus(Duration.ofHours(2));
		invoice(payer, end.minus(Duration.ofDays(20)), end, "open");

		JsonNode made = made(payer.adjust(
				Map.of("quantity", -6, "reason", "A double import", "occurred_at", end.minusSeconds(1).toString())));

		assertThat(made.path("way").asString()).isEqualTo("credit_proposal");
		assertThat(made.at("/credit/kind").asString()).isEqualTo("credit");
		assertThat(made.at("/credit/amount").asLong()).isEqualTo(12);
		assertThat(made.at("/credit/currency").asString()).isEqualTo("usd");
		assertThat(made.at("/credit/advice").asString()).contains("credit note of 0.12 USD");
		assertThat(made.path("value").isNumber()).isFalse();
		assertThat(events(payer)).isEmpty();
		assertThat(payer.agency().read("/ledger/" + made.path("id").asString()).path("kind").asString())
			.isEqualTo("adjustment");
		assertThat(gateway.sql()
			.sql("select count(*) from adjustment where client_id = :client and lane_id is not null")
			.param("client", payer.client().id())
			.query(Long.class)
			.single()).isZero();
	}

	@Test
	void aDraftIsStillOpen() {
		Payer payer = payer();
		Instant end = Instant.now().truncatedTo(ChronoUnit.HOURS).minus(Duration.ofHours(2));
		invoice(payer, end.minus(Duration.ofDays(20)), end, "draft");

		JsonNode made = made(payer.adjust(
				Map.of("quantity", -6, "reason", "A double import", "occurred_at", end.minusSeconds(1).toString())));

		assertThat(made.path("way").asString()).isEqualTo("event");
		assertThat(Instant.parse(made.path("occurred_at").asString())).isEqualTo(end.minusSeconds(1));
	}

	@Test
	void whatWasNotReportedBeforeTheInvoiceGoesIntoTheNextPeriod() {
		Payer payer = payer();
		Instant end = Instant.now().truncatedTo(ChronoUnit.HOURS).minus(Duration.ofHours(2));
		invoice(payer, end.minus(Duration.ofDays(20)), end, "paid");

		JsonNode made = made(payer
			.adjust(Map.of("quantity", 6, "reason", "Forgotten", "occurred_at", end.minusSeconds(1).toString())));

		assertThat(made.path("way").asString()).isEqualTo("event");
		assertThat(made.path("late").asBoolean()).isTrue();
		assertThat(Instant.parse(made.path("occurred_at").asString())).isEqualTo(end);
		assertThat(delivered(payer, made).path("late").asBoolean()).isTrue();
	}

	@Test
	void unitsThatAreCutAfterTheInvoiceAreLateAndExplained() {
		Payer payer = payer();
		payer.agency().call("POST", "/delivery/pause", Map.of("reason", "a long outage"));
		send(payer, 2);
		Instant end = Instant.now().truncatedTo(ChronoUnit.HOURS).minus(Duration.ofHours(1));
		for (String sql : List.of(
				"update ledger set occurred_at = occurred_at - interval '3 hours' where client_id = :client",
				"update bucket set hour = hour - interval '3 hours', last_crossing_at = last_crossing_at - interval '3 hours'"
						+ " where client_id = :client")) {
			gateway.sql().sql(sql).param("client", payer.client().id()).update();
		}
		invoice(payer, end.minus(Duration.ofDays(20)), end, "open");

		payer.agency().call("POST", "/delivery/resume", Map.of());

		JsonNode event = await().atMost(RunningGateway.PATIENCE)
			.until(() -> events(payer),
					(events) -> events.size() == 1 && events.get(0).path("state").asString().equals("delivered"))
			.get(0);
		assertThat(event.path("late").asBoolean()).isTrue();
		assertThat(Instant.parse(event.path("occurred_at").asString())).isEqualTo(end);
		assertThat(awaitClean(payer).at("/rows/0/explanation").asString())
			.contains("1 units of an earlier period are dated into this one");
	}

	@Test
	void aCorrectionWaitsWhileDeliveryIsPausedAndIsNotLost() {
		Payer payer = payer();
		payer.agency().call("POST", "/delivery/pause", Map.of("reason", "audit"));

		JsonNode first = made(payer.adjust(Map.of("quantity", 4, "reason", "First")));
		JsonNode second = made(payer.adjust(Map.of("quantity", -2, "reason", "Second")));

		assertThat(payer.agency().read("/delivery").path("adjustments_waiting").asLong()).isEqualTo(2);
		JsonNode run = reconciled(payer);
		assertThat(run.path("clean").asBoolean()).isFalse();
		assertThat(run.at("/rows/0/explanation").asString()).contains("2 corrections are not at Stripe");
		payer.agency().call("POST", "/delivery/resume", Map.of());
		delivered(payer, first);
		delivered(payer, second);
		assertThat(counted(payer)).isEqualTo(1);
		awaitClean(payer);
	}

	@Test
	void aRepeatUnderTheSameKeyCorrectsNothingTwice() {
		Payer payer = payer();
		Map<String, ?> body = Map.of("quantity", 2, "reason", "Once");

		JsonNode first = made(payer.adjust(body, "Idempotency-Key", "a"));
		JsonNode again = made(payer.adjust(body, "Idempotency-Key", "a"));
		HttpResponse<byte[]> other = payer.adjust(Map.of("quantity", 4, "reason", "Once"), "Idempotency-Key", "a");

		assertThat(again).isEqualTo(first);
		assertThat(other.statusCode()).isEqualTo(400);
		delivered(payer, first);
		assertThat(counted(payer)).isEqualTo(1);
	}

	/** It was written, and its answer was not kept: who repeats it finds it. */
	@Test
	void aRepeatAfterALostAnswerFindsWhatWasWritten() {
		Payer payer = payer();
		Map<String, ?> body = Map.of("quantity", 2, "reason", "Once");
		gateway.sql().sql("""
				create or replace function crash() returns trigger language plpgsql as $$
				begin raise exception 'crashed'; end $$
				""").update();
		gateway.sql()
			.sql("create trigger crash before update on admin_request for each row when (new.status is not null)"
					+ " execute function crash()")
			.update();

		HttpResponse<byte[]> died = payer.adjust(body, "Idempotency-Key", "b");
		gateway.sql().sql("drop trigger crash on admin_request").update();
		JsonNode again = made(await().atMost(RunningGateway.PATIENCE)
			.until(() -> payer.adjust(body, "Idempotency-Key", "b"), (answer) -> answer.statusCode() != 409));

		assertThat(died.statusCode()).isGreaterThanOrEqualTo(500);
		delivered(payer, again);
		assertThat(gateway.sql()
			.sql("select count(*) from ledger where client_id = :client and kind = 'adjustment'")
			.param("client", payer.client().id())
			.query(Long.class)
			.single()).isEqualTo(1);
		assertThat(counted(payer)).isEqualTo(1);
	}

	@Test
	void aClientThatIsMeteredOnlyGetsALineAndMayBeCorrectedByParts() {
		Payer payer = payer();
		String metered = id(payer.agency().call("POST", "/clients", Map.of("nickname", "Metered only")));

		JsonNode made = made(payer.agency()
			.ask("POST", "/clients/" + metered + "/adjustments", Map.of("quantity", -0.125, "reason", "Weights")));

		assertThat(made.path("way").asString()).isEqualTo("ledger");
		assertThat(made.path("quantity").decimalValue()).isEqualByComparingTo("-0.125");
		assertThat(payer.agency().read("/ledger?client=" + metered).path("data").size()).isEqualTo(1);
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', nullValues = "absent", textBlock = """
			absent    | Why    | absent | absent | 422 | /quantity
			0         | Why    | absent | absent | 422 | /quantity
			0.0001    | Why    | absent | absent | 422 | /quantity
			1e13      | Why    | absent | absent | 422 | /quantity
			-1e13     | Why    | absent | absent | 422 | /quantity
			1e999999  | Why    | absent | absent | 422 | /quantity
			1         | Why    | absent | absent | 422 | /quantity
			2.5       | Why    | absent | absent | 422 | /quantity
			2         | absent | absent | absent | 422 | /reason
			2         | ' '    | absent | absent | 422 | /reason
			2         | LONG   | absent | absent | 422 | /reason
			2         | Why    | 2999-01-01T00:00:00Z | absent | 422 | /occurred_at
			2         | Why    | yesterday | absent | 422 | absent
			2         | Why    | 2026-01-01T00:00:00Z | mev_00000000000000000000000000 | 422 | /occurred_at
			-2        | Why    | absent | mev_00000000000000000000000000 | 404 | /meter_event_id
			-2        | Why    | absent | ../1 | 404 | /meter_event_id
			""")
	void whatIsAtFaultIsNamed(@Nullable String quantity, @Nullable String reason, @Nullable String occurredAt,
			@Nullable String event, int status, @Nullable String pointer) {
		Payer payer = theOne();
		Map<String, Object> body = new HashMap<>();
		body.put("quantity", (quantity != null) ? new java.math.BigDecimal(quantity) : null);
		body.put("reason", "LONG".equals(reason) ? "x".repeat(501) : reason);
		body.put("occurred_at", occurredAt);
		body.put("meter_event_id", event);

		HttpResponse<byte[]> answer = payer.adjust(body);

		assertThat(answer.statusCode()).as(new String(answer.body())).isIn(status, (pointer == null) ? 400 : status);
		if (pointer != null) {
			assertThat(JSON.readTree(answer.body()).at("/errors/0/pointer").asString()).isEqualTo(pointer);
		}
		assertThat(payer.agency().read("/ledger?client=" + payer.client().id()).path("data").isEmpty()).isTrue();
	}

	@Test
	void moreThanTheEventReportedIsNotTakenBackAndNotInItsDirection() {
		Payer payer = payer();
		chat(payer, 2);
		String event = events(payer).get(0).path("id").asString();

		for (int quantity : List.of(-4, 2)) {
			HttpResponse<byte[]> answer = payer
				.adjust(Map.of("quantity", quantity, "reason", "Why", "meter_event_id", event));
			assertThat(answer.statusCode()).as(new String(answer.body())).isEqualTo(422);
		}
	}

	@Test
	void anotherAgencysMeterEventIsNotThere() {
		Payer payer = payer();
		Payer stranger = payer();
		chat(stranger, 2);
		String event = events(stranger).get(0).path("id").asString();

		HttpResponse<byte[]> answer = payer.adjust(Map.of("quantity", -2, "reason", "Why", "meter_event_id", event));

		assertThat(answer.statusCode()).isEqualTo(404);
		assertThat(JSON.readTree(answer.body()).path("code").asString()).isEqualTo("not_found");
	}

	@Test
	void anotherAgencysClientIsNotThereAndSupportMayOnlyRead() {
		Payer payer = payer();
		Payer stranger = payer();
		String agency = gateway.sql()
			.sql("select agency_id from client where id = :client")
			.param("client", payer.client().id())
			.query(String.class)
			.single();
		String support = payer.agency()
			.call("POST", "/agencies/" + agency + "/admin_tokens", Map.of("name", "Support", "role", "support"))
			.path("admin_token")
			.asString();
		Map<String, ?> body = Map.of("quantity", 2, "reason", "Why");

		assertThat(stranger.agency().ask("POST", payer.path(), body).statusCode()).isEqualTo(404);
		assertThat(new Agency(gateway, support).ask("POST", payer.path(), body).statusCode()).isEqualTo(403);
		assertThat(payer.agency().ask("POST", "/clients/none/adjustments", body).statusCode()).isEqualTo(404);
	}

	private static JsonNode made(HttpResponse<byte[]> answer) {
		assertThat(answer.statusCode()).as(new String(answer.body())).isEqualTo(201);
		return JSON.readTree(answer.body());
	}

	private static JsonNode delivered(Payer payer, JsonNode made) {
		String path = "/meter_events/" + made.path("meter_event_id").asString();
		HttpResponse<byte[]> answer = await().atMost(RunningGateway.PATIENCE)
			.until(() -> payer.agency().ask("GET", path, null), (read) -> read.statusCode() == 200
					&& JSON.readTree(read.body()).path("state").asString().equals("delivered"));
		return JSON.readTree(answer.body());
	}

	private static List<JsonNode> events(Payer payer) {
		return payer.agency()
			.read("/meter_events?limit=100&client=" + payer.client().id())
			.path("data")
			.valueStream()
			.toList();
	}

	/** What Stripe has in the end. */
	private static long counted(Payer payer) {
		return gateway.stripe()
			.transcript()
			.stream()
			.filter((event) -> event.customer().equals(payer.customer()) && !event.isCancelled())
			.mapToLong(AcceptedEvent::value)
			.sum();
	}

	private static JsonNode awaitClean(Payer payer) {
		return await().atMost(RunningGateway.PATIENCE)
			.until(() -> reconciled(payer), (run) -> run.path("clean").asBoolean());
	}

	private static JsonNode reconciled(Payer payer) {
		JsonNode asked = payer.agency()
			.call("POST", "/reconciliations", Map.of("from", Instant.now().minus(Duration.ofHours(30)).toString(), "to",
					Instant.now().plus(Duration.ofHours(1)).toString(), "client", payer.client().id()));
		return await().atMost(RunningGateway.PATIENCE)
			.until(() -> payer.agency().read("/reconciliations/" + id(asked)),
					(run) -> run.path("state").asString().equals("done"));
	}

	/** As a webhook would have told of it. */
	private static void invoice(Payer payer, Instant start, Instant end, String status) {
		gateway.sql().sql("""
				insert into client_payment (client_id, agency_id, subscription_id)
				select id, agency_id, :subscription from client where id = :client
				on conflict (client_id) do update set subscription_id = excluded.subscription_id
				""").param("subscription", payer.subscription()).param("client", payer.client().id()).update();
		gateway.sql()
			.sql("""
					insert into client_invoice (invoice_id, agency_id, client_id, subscription_id, status, currency, total,
					  amount_due, amount_paid, period_start, period_end, created_at, read_at)
					select 'in_of_a_test', agency_id, id, :subscription, :status, 'usd', 0, 0, 0, cast(:start as timestamptz),
					  cast(:end as timestamptz), now(), now()
					from client where id = :client
					""")
			.param("subscription", payer.subscription())
			.param("status", status)
			.param("start", start.toString())
			.param("end", end.toString())
			.param("client", payer.client().id())
			.update();
	}

	private static void chat(Payer payer, int messages) {
		send(payer, messages);
		await().atMost(RunningGateway.PATIENCE).until(() -> gateway.sql().sql("""
				select coalesce(sum(value), 0) from meter_event where client_id = :client and state = 'delivered'
				""").param("client", payer.client().id()).query(Long.class).single() == messages / 2);
	}

	private static void send(Payer payer, int messages) {
		for (int i = 0; i < messages; i++) {
			assertThat(gateway
				.chat(payer.client(),
						Map.of("model", "fake-small", "messages", List.of(Map.of("role", "user", "content", "Hi"))))
				.statusCode()).isEqualTo(200);
		}
		gateway.lines(payer.client(), messages);
	}

	private static @Nullable Payer one;

	/** One for what changes nothing. */
	private static synchronized Payer theOne() {
		if (one == null) {
			one = payer();
		}
		return one;
	}

	private static Payer payer() {
		int number = NUMBERS.incrementAndGet();
		SandboxKey key = gateway.stripe().newKey("acct_adj_" + number, "Alpaca", null);
		Agency agency = gateway.agencyWith(key.secret().reveal());
		agency.call("POST", "/providers",
				Map.of("name", "Models", "kind", "openai_compatible", "base_url",
						gateway.provider().baseUrl().toString(), "api_key", "sk-provider-of-a-test", "models",
						List.of("*"), "default", true));
		String name = "messages_" + number;
		String meter = id(
				agency.call("POST", "/stripe/meters", Map.of("display_name", "Messages", "event_name", name)));
		String price = id(agency.call("POST", "/stripe/prices", Map.of("product_name", "AI", "meter_id", meter,
				"currency", "usd", "unit_amount", 4, "interval", "month")));
		String customer = id(
				agency.call("POST", "/stripe/customers", Map.of("name", "Acme", "email", "acme@example.com")));
		String subscription = id(
				agency.call("POST", "/stripe/subscriptions", Map.of("customer_id", customer, "price_id", price)));
		RunningGateway.Client client = agency.client("Acme", Map.of("stripe_customer_id", customer, "stripe_price_id",
				price, "charge_by", "messages", "billing_unit", 2, "report", "units"));
		return new Payer(agency, client, customer, subscription);
	}

	private static String id(JsonNode object) {
		return object.path("id").asString();
	}

}
