package io.tallygate.billing;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

import io.tallygate.client.UsagePeriod;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.sandbox.stripe.SandboxKey;
import io.tallygate.stripe.StripeInvoice;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Agency;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Ledger, outbox and Stripe held against each other, after real traffic and damage of
 * each kind; each test in an account of its own.
 */
class ReconciliationIntegrationTests {

	private static final AtomicInteger NUMBERS = new AtomicInteger();

	private static RunningGateway gateway;

	@BeforeAll
	static void start() {
		gateway = RunningGateway.start("tallygate.billing.reconciliations-every=200ms",
				"tallygate.billing.reconciliation-settle=3s", "tallygate.billing.reconciliation-spread=1s",
				"tallygate.outbox.scan-every=500ms");
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	/** A client that pays four cents a message, and what it is at Stripe. */
	private record Payer(Agency agency, SandboxKey key, RunningGateway.Client client, String agencyId, String customer,
			String eventName) {
	}

	@Test
	void whatAgreesIsClean() {
		Payer payer = payer();
		chat(payer, 3);

		JsonNode run = awaitClean(payer);

		JsonNode row = run.at("/rows/0");
		assertThat(row.path("client_id").asString()).isEqualTo(payer.client().id());
		for (String column : List.of("ledger_units", "outbox_units", "delivered_units", "stripe_units")) {
			assertThat(row.path(column).asLong()).as(column).isEqualTo(3);
		}
		assertThat(row.path("difference").asLong()).isZero();
		assertThat(row.path("explanation").asString()).isEqualTo("Ledger, outbox and Stripe agree");
	}

	@Test
	void unitsThatAreNotSentAreNotClean() {
		Payer payer = payer();
		payer.agency().call("POST", "/delivery/pause", Map.of("reason", "test"));
		send(payer, 2);

		JsonNode run = reconciled(payer);

		assertThat(run.path("clean").asBoolean()).isFalse();
		assertThat(run.at("/rows/0/ledger_units").asLong()).isEqualTo(2);
		assertThat(run.at("/rows/0/outbox_units").asLong()).isZero();
		assertThat(run.at("/rows/0/explanation").asString()).contains("2 units stand in no meter event yet");
		payer.agency().call("POST", "/delivery/resume", Map.of());
		awaitClean(payer);
	}

	@Test
	void whatStripeHasLostIsSentAgainAndCountsOnce() {
		Payer payer = payer();
		chat(payer, 3);
		awaitClean(payer);
		String identifier = identifiers(payer).get(0);
		gateway.stripe().refuseLater(payer.key().account(), payer.eventName(), "unknown", List.of(identifier));

		reconciledUntilFound(payer, "missing");

		await().atMost(RunningGateway.PATIENCE).until(() -> {
			// As if each run came long after the last attempt.
			gateway.sql()
				.sql("update meter_event set last_attempt_at = now() - interval '6 minutes' where client_id = :client"
						+ " and state in ('delivered', 'parked') and last_attempt_at < now() - interval '4 seconds'")
				.param("client", payer.client().id())
				.update();
			return reconciled(payer).path("clean").asBoolean();
		});
		assertThat(counted(payer)).isEqualTo(3);
	}

	@Test
	void whatCountsTwiceIsTakenBack() {
		Payer payer = payer();
		chat(payer, 2);
		awaitClean(payer);
		countTwice(payer);

		reconciledUntilFound(payer, "doubled");

		assertThat(gateway.sql()
			.sql("select repair || ', ' || outcome from reconciliation_finding where agency_id = :agency and kind = 'doubled'")
			.param("agency", payer.agencyId())
			.query(String.class)
			.list()).contains("cancel, is taken back at Stripe");
		awaitClean(payer);
	}

	@Test
	void whatIsLateIsFoundAndFlushed() {
		Payer payer = payer();
		payer.agency().call("POST", "/delivery/pause", Map.of("reason", "test"));
		send(payer, 2);
		gateway.sql()
			.sql("update ledger set occurred_at = occurred_at - interval '2 hours' where client_id = :client")
			.param("client", payer.client().id())
			.update();
		gateway.sql()
			.sql("""
					update bucket set hour = hour - interval '2 hours', last_crossing_at = last_crossing_at - interval '2 hours'
					where client_id = :client
					""")
			.param("client", payer.client().id())
			.update();

		JsonNode run = reconciled(payer);

		assertThat(kinds(run)).containsExactly("late");
		assertThat(finding(run, "late").path("units").asLong()).isEqualTo(2);
		payer.agency().call("POST", "/delivery/resume", Map.of());
		awaitClean(payer);
	}

	@Test
	void whatIsParkedIsToldAndSentAgainWhereItMayBeMended() {
		Payer payer = payer();
		chat(payer, 1);
		awaitClean(payer);
		gateway.stripe()
			.refuseLater(payer.key().account(), payer.eventName(), "meter_event_customer_not_found",
					identifiers(payer));
		gateway.sql()
			.sql("""
					update meter_event set state = 'parked', reason = 'customer: meter_event_customer_not_found', stops_lane = true,
					  last_error = 'No such customer', last_attempt_at = now() - interval '10 minutes'
					where client_id = :client
					""")
			.param("client", payer.client().id())
			.update();

		reconciledUntilFound(payer, "parked");

		assertThat(gateway.sql()
			.sql("select message from reconciliation_finding where agency_id = :agency and kind = 'parked'")
			.param("agency", payer.agencyId())
			.query(String.class)
			.list()).anySatisfy((message) -> assertThat(message).contains("No such customer"));
		awaitClean(payer);
		assertThat(counted(payer)).isEqualTo(1);
	}

	@Test
	void whatAnotherProgramReportsIsNamedAndNeverClean() {
		Payer payer = payer();
		chat(payer, 1);
		awaitClean(payer);
		report(payer, "of_another_program_" + payer.eventName(), 7);

		JsonNode run = await().atMost(RunningGateway.PATIENCE)
			.until(() -> reconciled(payer), (each) -> kinds(each).contains("foreign"));

		assertThat(run.path("clean").asBoolean()).isFalse();
		assertThat(run.at("/rows/0/difference").asLong()).isEqualTo(7);
		assertThat(run.at("/rows/0/explanation").asString()).contains("another program");
		assertThat(reconciled(payer).path("clean").asBoolean()).isFalse();
	}

	@Test
	void whatWasGivenUpIsNotClean() {
		Payer payer = payer();
		chat(payer, 1);
		awaitClean(payer);
		gateway.stripe().refuseLater(payer.key().account(), payer.eventName(), "unknown", identifiers(payer));
		gateway.sql()
			.sql("update meter_event set state = 'parked', reason = 'discarded' where client_id = :client")
			.param("client", payer.client().id())
			.update();

		JsonNode run = await().atMost(RunningGateway.PATIENCE)
			.until(() -> reconciled(payer), (each) -> kinds(each).equals(List.of("discarded")));

		assertThat(run.path("clean").asBoolean()).isFalse();
		assertThat(run.at("/rows/0/explanation").asString()).contains("1 units were given up by a person");
	}

	@Test
	void everyRunIsKeptAndAnotherAgencySeesNone() {
		Payer payer = payer();
		chat(payer, 1);
		String first = awaitClean(payer).path("id").asString();
		reconciled(payer);

		assertThat(payer.agency().read("/reconciliations/" + first).path("clean").asBoolean()).isTrue();
		assertThat(payer.agency().read("/reconciliations?limit=100").path("data").size()).isGreaterThan(1);
		assertThat(payer().agency().ask("GET", "/reconciliations/" + first, null).statusCode()).isEqualTo(404);
	}

	@Test
	void aWholePeriodIsAskedForWhileItRuns() {
		Payer payer = payer();
		Instant now = Instant.now();
		Instant from = now.atZone(ZoneOffset.UTC).withDayOfMonth(1).truncatedTo(ChronoUnit.DAYS).toInstant();
		Instant to = from.atZone(ZoneOffset.UTC).plusMonths(1).toInstant();

		JsonNode run = asked(payer, Map.of("from", from.toString(), "to", to.toString()));

		assertThat(Instant.parse(run.path("from").asString())).isEqualTo(from);
		assertThat(Instant.parse(run.path("to").asString()))
			.isBeforeOrEqualTo(now.truncatedTo(ChronoUnit.HOURS).plus(Duration.ofHours(2)));
	}

	@Test
	void anEndAloneMeansTheMonthThatItEnds() {
		JsonNode run = asked(payer(), Map.of("to", "2026-03-01T00:00:00Z"));

		assertThat(run.path("from").asString()).isEqualTo("2026-02-01T00:00:00Z");
		assertThat(run.path("to").asString()).isEqualTo("2026-03-01T00:00:00Z");
	}

	@ParameterizedTest
	@CsvSource({ "2026-03-01T00:00:00Z, 2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z, 2026-03-01T00:00:00Z",
			"2026-01-01T00:00:00Z, 2026-06-01T00:00:00Z", "2999-01-01T00:00:00Z, 2999-02-01T00:00:00Z" })
	void aPeriodThatIsNoneOrTooLongOrHasNotBegunIsRefused(String from, String to) {
		HttpResponse<byte[]> answer = payer().agency().ask("POST", "/reconciliations", Map.of("from", from, "to", to));

		assertThat(answer.statusCode()).isEqualTo(422);
		assertThat(new String(answer.body())).contains("\"/from\"");
	}

	@Test
	void aStrangersClientIsNotThereAndOneThatIsMeteredOnlyHasNoRows() {
		Payer payer = payer();
		RunningGateway.Client metered = payer.agency().client("Metered", Map.of());
		String stranger = payer().client().id();

		for (String id : List.of(stranger, "cli_" + "0".repeat(26), "nobody")) {
			assertThat(payer.agency().ask("POST", "/reconciliations", Map.of("client", id)).statusCode())
				.isEqualTo(404);
		}
		String run = asked(payer, Map.of("client", metered.id())).path("id").asString();

		JsonNode done = await().atMost(RunningGateway.PATIENCE)
			.until(() -> payer.agency().read("/reconciliations/" + run),
					(each) -> each.path("state").asString().equals("done"));
		assertThat(done.path("rows").isEmpty()).isTrue();
		assertThat(done.path("clean").asBoolean()).isTrue();
	}

	@Test
	void aRunIsMadeEveryHourForEachAgency() {
		Payer payer = payer();

		await().atMost(RunningGateway.PATIENCE)
			.until(() -> payer.agency()
				.read("/reconciliations?limit=100")
				.path("data")
				.valueStream()
				.filter((run) -> run.path("cause").asString().equals("hourly"))
				.anyMatch((run) -> run.path("state").asString().equals("done")));
	}

	@Test
	void aDraftInvoiceIsLookedAtAtOnceAndShortlyBeforeItIsFinal() {
		Payer payer = payer();
		Instant now = Instant.now();
		StripeInvoice draft = new StripeInvoice("in_1", payer.customer(), "sub_1", "draft", "usd", 0, 0, 0, 0, 0, 0, 0,
				0, now.minus(Duration.ofDays(30)), now, now, now.plus(Duration.ofHours(1)), null, List.of());
		ReconciliationJobs jobs = gateway.bean(ReconciliationJobs.class);

		for (int i = 0; i < 2; i++) {
			jobs.drafted(new AgencyId(payer.agencyId()), new ClientId(payer.client().id()), draft).block();
		}

		List<Instant> due = gateway.sql()
			.sql("select due_at from reconciliation where agency_id = :agency and cause = 'invoice' order by due_at")
			.param("agency", payer.agencyId())
			.query(java.sql.Timestamp.class)
			.list()
			.stream()
			.map(java.sql.Timestamp::toInstant)
			.toList();
		assertThat(due).hasSize(2);
		assertThat(Duration.between(due.get(0), due.get(1))).isBetween(Duration.ofMinutes(47), Duration.ofMinutes(49));
	}

	@Test
	void thePreviewStandsBesideOurFigureAndTheDifferenceIsExplained() {
		Payer payer = payer();
		chat(payer, 3);
		awaitClean(payer);
		JsonNode agreed = preview(payer);
		payer.agency().call("POST", "/delivery/pause", Map.of("reason", "test"));
		send(payer, 2);

		JsonNode waiting = preview(payer);

		assertThat(agreed.at("/stripe/currency").asString()).isEqualTo("usd");
		assertThat(agreed.at("/stripe/amount_due").asLong()).isEqualTo(12);
		assertThat(agreed.at("/stripe/lines").size()).isEqualTo(1);
		assertThat(agreed.at("/local/units_delivered").asLong()).isEqualTo(3);
		assertThat(agreed.at("/local/estimated_amount").asLong()).isEqualTo(12);
		assertThat(agreed.at("/difference/explained").isEmpty()).isTrue();
		assertThat(waiting.at("/local/units_waiting").asLong()).isEqualTo(2);
		assertThat(waiting.at("/local/estimated_amount").asLong()).isEqualTo(20);
		assertThat(waiting.at("/difference/amount").asLong()).isEqualTo(-8);
		assertThat(waiting.at("/difference/explained/0/cause").asString()).isEqualTo("units_waiting");
	}

	@Test
	void whatStripeCountsIsShownByHour() {
		Payer payer = payer();
		chat(payer, 2);
		awaitClean(payer);

		JsonNode counted = payer.agency()
			.read("/clients/" + payer.client().id() + "/event_summaries?from="
					+ Instant.now().minus(Duration.ofHours(3)));

		assertThat(counted.path("units").asLong()).isEqualTo(2);
		assertThat(counted.path("hours").size()).isBetween(1, 2);
	}

	@Test
	void useAndWhatStripeCountsAreThoseOfTheBillingPeriodThatRuns() {
		Payer payer = payer();
		Instant month = UsagePeriod.monthOf(Instant.now()).start();
		JsonNode period = await().atMost(RunningGateway.PATIENCE)
			.until(() -> payer.agency().read("/clients/" + payer.client().id()).path("period"),
					(each) -> !Instant.parse(each.path("start").asString()).equals(month));

		JsonNode used = payer.agency().read("/clients/" + payer.client().id() + "/usage");
		JsonNode counted = payer.agency().read("/clients/" + payer.client().id() + "/event_summaries");

		assertThat(used.path("from").asString()).isEqualTo(period.path("start").asString());
		assertThat(used.path("to").asString()).isEqualTo(period.path("end").asString());
		assertThat(Instant.parse(counted.path("from").asString()))
			.isEqualTo(Instant.parse(period.path("start").asString()).truncatedTo(ChronoUnit.HOURS));
	}

	private static JsonNode preview(Payer payer) {
		return payer.agency().read("/clients/" + payer.client().id() + "/invoice_preview");
	}

	private static JsonNode awaitClean(Payer payer) {
		return await().atMost(RunningGateway.PATIENCE)
			.until(() -> reconciled(payer), (run) -> run.path("clean").asBoolean());
	}

	private static JsonNode reconciled(Payer payer) {
		Map<String, Object> body = new HashMap<>();
		body.put("from", Instant.now().minus(Duration.ofHours(5)).toString());
		body.put("to", Instant.now().plus(Duration.ofHours(1)).toString());
		body.put("client", payer.client().id());
		HttpResponse<byte[]> asked = payer.agency().ask("POST", "/reconciliations", body);
		assertThat(asked.statusCode()).as(new String(asked.body())).isEqualTo(202);
		String id = new tools.jackson.databind.json.JsonMapper().readTree(asked.body()).path("id").asString();
		return await().atMost(RunningGateway.PATIENCE)
			.until(() -> payer.agency().read("/reconciliations/" + id),
					(run) -> run.path("state").asString().equals("done"));
	}

	private static JsonNode asked(Payer payer, Map<String, Object> body) {
		return payer.agency().call("POST", "/reconciliations", body);
	}

	/** The run that finds it may be another than the one that is asked for. */
	private static void reconciledUntilFound(Payer payer, String kind) {
		await().atMost(RunningGateway.PATIENCE).until(() -> {
			reconciled(payer);
			return gateway.sql()
				.sql("select count(*) from reconciliation_finding where agency_id = :agency and kind = :kind")
				.param("agency", payer.agencyId())
				.param("kind", kind)
				.query(Long.class)
				.single() > 0;
		});
	}

	private static List<String> kinds(JsonNode run) {
		return run.at("/rows/0/findings")
			.valueStream()
			.map((finding) -> finding.path("kind").asString())
			.distinct()
			.toList();
	}

	private static JsonNode finding(JsonNode run, String kind) {
		return run.at("/rows/0/findings")
			.valueStream()
			.filter((finding) -> finding.path("kind").asString().equals(kind))
			.findFirst()
			.orElseThrow();
	}

	private static void chat(Payer payer, int times) {
		send(payer, times);
		await().atMost(RunningGateway.PATIENCE).until(() -> gateway.sql().sql("""
				select coalesce(sum(value), 0) from meter_event where client_id = :client and state = 'delivered'
				""").param("client", payer.client().id()).query(Long.class).single() == times);
	}

	private static void send(Payer payer, int times) {
		int before = gateway.lines(payer.client()).size();
		for (int i = 0; i < times; i++) {
			assertThat(gateway
				.chat(payer.client(),
						Map.of("model", "fake-small", "messages", List.of(Map.of("role", "user", "content", "Hi"))))
				.statusCode()).isEqualTo(200);
		}
		gateway.lines(payer.client(), before + times);
	}

	private static List<String> identifiers(Payer payer) {
		return gateway.sql()
			.sql("select identifier from meter_event where client_id = :client order by id")
			.param("client", payer.client().id())
			.query(String.class)
			.list();
	}

	/** What Stripe has in the end, taken back and refused ones apart. */
	private static long counted(Payer payer) {
		return gateway.stripe()
			.transcript()
			.stream()
			.filter((event) -> event.customer().equals(payer.customer()) && !event.isCancelled())
			.mapToLong(io.tallygate.sandbox.stripe.AcceptedEvent::value)
			.sum();
	}

	/** As if a row had been replaced, and Stripe had both. */
	private static void countTwice(Payer payer) {
		String identifier = "tg_replaced_" + NUMBERS.incrementAndGet();
		report(payer, identifier, 1);
		gateway.sql()
			.sql("""
					insert into meter_event
					select (jsonb_populate_record(m, jsonb_build_object('id', left(m.id, 24) || 'zzzzzz', 'identifier', :identifier,
					  'value', 1, 'state', 'replaced', 'last_attempt_at', now()))).*
					from meter_event m where m.client_id = :client order by m.id limit 1
					""")
			.param("identifier", identifier)
			.param("client", payer.client().id())
			.update();
	}

	private static void report(Payer payer, String identifier, long value) {
		gateway.atStripe(payer.key(), "POST", "/v1/billing/meter_events",
				"event_name=" + payer.eventName() + "&identifier=" + identifier + "&payload[stripe_customer_id]="
						+ payer.customer() + "&payload[value]=" + value);
	}

	private static Payer payer() {
		int number = NUMBERS.incrementAndGet();
		SandboxKey key = gateway.stripe().newKey("acct_rec_" + number, "Alpaca", null);
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
		agency.call("POST", "/stripe/subscriptions", Map.of("customer_id", customer, "price_id", price));
		RunningGateway.Client client = agency.client("Acme", Map.of("stripe_customer_id", customer, "stripe_price_id",
				price, "charge_by", "messages", "billing_unit", 1, "report", "units"));
		String agencyId = gateway.sql()
			.sql("select agency_id from client where id = :client")
			.param("client", client.id())
			.query(String.class)
			.single();
		return new Payer(agency, key, client, agencyId, customer, name);
	}

	private static String id(JsonNode object) {
		return object.path("id").asString();
	}

}
