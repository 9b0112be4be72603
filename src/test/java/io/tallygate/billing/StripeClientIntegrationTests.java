package io.tallygate.billing;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;

import io.tallygate.sandbox.stripe.SandboxKey;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Agency;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Clients whose billing is set up with them, tried out and watched, over HTTP with the
 * real library against the sandbox's Stripe. A crash is a commit that PostgreSQL refuses:
 * what was said to Stripe before it stays said.
 */
class StripeClientIntegrationTests {

	private static final AtomicInteger ACCOUNTS = new AtomicInteger();

	private static final Duration PATIENCE = Duration.ofSeconds(20);

	private static RunningGateway gateway;

	private final String account = "acct_client_" + ACCOUNTS.incrementAndGet();

	private final SandboxKey key = gateway.stripe().newKey(this.account, "Clients Ltd", null);

	private final Agency agency = gateway.agencyWith(this.key.secret().reveal());

	private final String meter = id(
			made("/stripe/meters", Map.of("display_name", "Tokens", "event_name", "tokens_" + ACCOUNTS)));

	@BeforeAll
	static void start() {
		gateway = RunningGateway.start("tallygate.stripe.read-timeout=1s", "tallygate.admin-request-lease=1s",
				"tallygate.outbox.test-usage-wait-max=6s", "tallygate.billing.terms-check-every=1h");
		gateway.sql().sql("""
				create function crash() returns trigger language plpgsql as $$
				begin raise exception 'the gateway died here'; end $$
				""").update();
	}

	@AfterEach
	void clear() {
		gateway.stripe().clearFaults();
		for (String table : List.of("stripe_intent", "client", "admin_request")) {
			gateway.sql().sql("drop trigger if exists crash on " + table).update();
		}
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@Test
	void aClientIsTakenOnWithItsCustomerAndSubscription() {
		String price = price(Map.of("package_size", 1000));

		JsonNode client = made("/clients", body(price, Map.of("report", "usage")));

		assertThat(text(client, "stripe_customer_id")).startsWith("cus_");
		assertThat(text(client, "billing")).isEqualTo("on");
		assertThat(client.path("alarms").isEmpty()).isTrue();
		assertThat(client.at("/subscription/pending_setup_intent/client_secret").asString()).contains("_secret_");
		assertThat(Instant.parse(client.at("/subscription/current_period_end").asString()).getEpochSecond() % 60)
			.isZero();
		assertThat(this.agency.read("/clients/" + id(client)).has("subscription")).isFalse();
		JsonNode customer = stripe("GET", "/v1/customers/" + text(client, "stripe_customer_id"), "");
		assertThat(text(customer, "email")).isEqualTo("billing@echo.example");
		assertThat(customer.at("/address/country").asString()).isEqualTo("DE");
		assertThat(stripe("GET", "/v1/subscriptions?customer=" + text(customer, "id"), "")
			.at("/data/0/items/data/0/price/id")
			.asString()).isEqualTo(price);
	}

	@Test
	void aCustomerThatIsThereIsSubscribedOnce() {
		String price = price(Map.of());
		String customer = customer();
		made("/stripe/subscriptions", Map.of("customer_id", customer, "price_id", price));

		JsonNode client = made("/clients", Map.of("nickname", "Echo", "stripe_customer_id", customer, "stripe_price_id",
				price, "create_subscription", true, "charge_by", "tokens", "billing_unit", 1000, "report", "units"));

		assertThat(client.has("subscription")).isFalse();
		assertThat(stripe("GET", "/v1/subscriptions?customer=" + customer, "").path("data")).hasSize(1);
	}

	@Test
	void nothingIsMadeAtStripeForTermsThatDoNotFit() {
		String price = price(Map.of("package_size", 1000));

		HttpResponse<byte[]> answer = this.agency.ask("POST", "/clients", body(price, Map.of("report", "units")));

		assertThat(answer.statusCode()).isEqualTo(422);
		assertThat(text(json(answer), "code")).isEqualTo("price_mode_mismatch");
		assertThat(text(json(answer), "detail")).contains("every 1,000,000 tokens would bill one package (0.10 USD)");
		assertThat(stripe("GET", "/v1/customers", "").path("data").isEmpty()).isTrue();
	}

	@Test
	void aNewCustomerWithoutASubscriptionWouldNeverBeBilled() {
		HttpResponse<byte[]> answer = this.agency.ask("POST", "/clients",
				body(price(Map.of()), Map.of("create_subscription", false)));

		assertThat(answer.statusCode()).isEqualTo(422);
		assertThat(json(answer).path("code").asString()).isEqualTo("price_mode_mismatch");
		assertThat(json(answer).at("/errors/0/pointer").asString()).isEqualTo("/create_subscription");
	}

	/**
	 * Dead after Stripe's answer, before the commit that says so, and so on to the end.
	 */
	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			stripe_intent | before update | new.state = 'made' and new.step = 'customer'
			stripe_intent | before update | new.state = 'made' and new.step = 'subscription'
			client        | before insert | true
			admin_request | before update | new.status is not null
			""")
	void whereverItDiesARepeatFindsWhatWasMade(String table, String when, String condition) {
		String price = price(Map.of());
		Map<String, ?> body = body(price, Map.of());
		crash(table, when, condition);

		HttpResponse<byte[]> died = this.agency.ask("POST", "/clients", body, "Idempotency-Key", "echo");
		gateway.sql().sql("drop trigger crash on " + table).update();
		HttpResponse<byte[]> made = repeat("/clients", body, "echo");

		assertThat(died.statusCode()).isGreaterThanOrEqualTo(500);
		assertThat(made.statusCode()).as(new String(made.body())).isEqualTo(201);
		assertThat(this.agency.read("/clients").path("data")).hasSize(1);
		assertThat(this.agency.read("/clients").at("/data/0/id").asString()).isEqualTo(id(json(made)));
		assertThat(stripe("GET", "/v1/customers", "").path("data")).hasSize(1);
		assertThat(stripe("GET", "/v1/subscriptions", "").path("data")).hasSize(1);
		assertThat(json(made).at("/channels/0/keys")).hasSize(1);
	}

	@Test
	void aClientWhoseAnswerWasLostIsNotTakenOnTwice() {
		Map<String, ?> body = Map.of("nickname", "Metered only");
		crash("admin_request", "before update", "new.status is not null");

		HttpResponse<byte[]> died = this.agency.ask("POST", "/clients", body, "Idempotency-Key", "metered");
		gateway.sql().sql("drop trigger crash on admin_request").update();
		HttpResponse<byte[]> made = repeat("/clients", body, "metered");

		assertThat(died.statusCode()).isGreaterThanOrEqualTo(500);
		assertThat(made.statusCode()).isEqualTo(201);
		assertThat(this.agency.read("/clients").path("data")).hasSize(1);
	}

	@ParameterizedTest
	@ValueSource(strings = { "/stripe/meters", "/stripe/products", "/stripe/prices", "/stripe/customers",
			"/stripe/subscriptions", "/stripe/checkout_sessions", "/stripe/setup_intents",
			"/stripe/billing_portal_sessions" })
	void whatStripeMadeBeforeADeathIsNotMadeAgain(String path) {
		String price = price(Map.of());
		String customer = customer();
		Map<String, Map<String, ?>> bodies = Map.of("/stripe/meters",
				Map.of("display_name", "Once", "event_name", "once"), "/stripe/products", Map.of("name", "Once"),
				"/stripe/prices", priceBody(Map.of()), "/stripe/customers",
				Map.of("name", "Once", "email", "once@example.com"), "/stripe/subscriptions",
				Map.of("customer_id", customer, "price_id", price), "/stripe/checkout_sessions",
				Map.of("customer_id", customer, "price_id", price, "success_url", "https://a.example", "cancel_url",
						"https://a.example"),
				"/stripe/setup_intents", Map.of("customer_id", customer), "/stripe/billing_portal_sessions",
				Map.of("customer_id", customer, "return_url", "https://a.example"));
		Set<String> before = objects();
		crash("stripe_intent", "before update", "new.state = 'made'");

		HttpResponse<byte[]> died = this.agency.ask("POST", path, bodies.get(path), "Idempotency-Key", "k");
		Set<String> after = objects();
		gateway.sql().sql("drop trigger crash on stripe_intent").update();
		HttpResponse<byte[]> made = repeat(path, bodies.get(path), "k");

		assertThat(died.statusCode()).isGreaterThanOrEqualTo(500);
		assertThat(made.statusCode()).as(new String(made.body())).isEqualTo(201);
		assertThat(objects()).isEqualTo(after);
		if (!path.matches(".*(portal|checkout)_sessions")) {
			assertThat(after).hasSizeGreaterThan(before.size()).contains(id(json(made)));
		}
	}

	@Test
	void madeUpUsageIsReportedReadBackAndNoPartOfTheLedger() {
		String client = id(made("/clients", body(price(Map.of()), Map.of())));

		HttpResponse<byte[]> answer = this.agency.ask("POST", "/clients/" + client + "/test_usage",
				Map.of("quantity", 2_500), "Idempotency-Key", "try");
		HttpResponse<byte[]> again = this.agency.ask("POST", "/clients/" + client + "/test_usage",
				Map.of("quantity", 2_500), "Idempotency-Key", "try");

		JsonNode event = json(answer);
		assertThat(answer.statusCode()).as(new String(answer.body())).isEqualTo(201);
		assertThat(text(event, "kind")).isEqualTo("test");
		assertThat(text(event, "identifier")).startsWith("tg_test_");
		assertThat(text(event, "state")).isEqualTo("delivered");
		assertThat(event.path("value").asLong()).isEqualTo(2);
		assertThat(event.at("/read_back/aggregated").asLong()).isEqualTo(2);
		assertThat(event.at("/read_back/agrees").asBoolean()).isTrue();
		assertThat(json(again).path("id")).isEqualTo(event.path("id"));
		assertThat(this.agency.read("/meter_events?client=" + client).path("data")).hasSize(1);
		assertThat(this.agency.read("/ledger?client=" + client).path("data").isEmpty()).isTrue();
		JsonNode progress = this.agency.read("/clients/" + client + "/usage").path("progress");
		assertThat(progress.path("units_crossed").asLong()).isZero();
		assertThat(progress.path("units_delivered").asLong()).isZero();
	}

	@Test
	void madeUpUsageThatLostItsAnswerIsNotReportedTwice() {
		String client = id(made("/clients", body(price(Map.of()), Map.of())));
		String path = "/clients/" + client + "/test_usage";
		crash("admin_request", "before update", "new.status is not null");

		HttpResponse<byte[]> died = this.agency.ask("POST", path, Map.of("quantity", 1_000), "Idempotency-Key", "try");
		gateway.sql().sql("drop trigger crash on admin_request").update();
		HttpResponse<byte[]> again = repeat(path, Map.of("quantity", 1_000), "try");

		assertThat(died.statusCode()).isGreaterThanOrEqualTo(500);
		assertThat(json(again).at("/read_back/aggregated").asLong()).isEqualTo(1);
		assertThat(this.agency.read("/meter_events?client=" + client).path("data")).hasSize(1);
	}

	@Test
	void madeUpUsageGoesOnlyWhereItDoesNoHarm() {
		String billed = id(made("/clients", body(price(Map.of()), Map.of())));
		String metered = id(made("/clients", Map.of("nickname", "Metered only")));

		assertRefused(billed, 999, 422, "invalid_request");
		assertRefused(billed, 0, 422, "invalid_request");
		assertRefused(metered, 1_000, 422, "not_billed");
		made("/delivery/pause", Map.of("reason", "audit"), 200);
		assertRefused(billed, 1_000, 409, "delivery_paused");
		made("/delivery/resume", null, 200);
		gateway.sql().sql("update lane set livemode = true where client_id = :client").param("client", billed).update();
		assertRefused(billed, 1_000, 422, "test_mode_only");
		gateway.sql()
			.sql("update lane set livemode = false where client_id = :client")
			.param("client", billed)
			.update();
		this.agency.call("DELETE", "/clients/" + billed, Map.of());
		assertRefused(billed, 1_000, 409, "client_archived");
		assertThat(this.agency.read("/meter_events").path("data").isEmpty()).isTrue();
	}

	@ParameterizedTest
	@CsvSource({ "POST, /v1/billing/meters/METER/deactivate, meter_inactive",
			"POST, /v1/prices/PRICE?active=false, price_archived", "DELETE, /v1/customers/CUSTOMER, customer_deleted",
			"DELETE, /v1/subscriptions/SUBSCRIPTION, not_subscribed" })
	void whatWasChangedAtStripeIsRaisedInTheNight(String method, String path, String code) {
		JsonNode client = made("/clients", body(price(Map.of()), Map.of()));
		String filled = path.replace("METER", this.meter)
			.replace("PRICE", text(client, "stripe_price_id"))
			.replace("CUSTOMER", text(client, "stripe_customer_id"))
			.replace("SUBSCRIPTION", client.at("/subscription/id").asString());
		String[] parts = filled.split("\\?");

		night(client);
		assertThat(codes(client)).isEmpty();
		stripe(method, parts[0], (parts.length > 1) ? parts[1] : "");
		night(client);

		assertThat(codes(client)).contains(code);
		assertThat(this.agency.read("/clients/" + id(client)).at("/alarms/0/raised_at").isString()).isTrue();
		assertThat(this.agency.read("/clients").at("/data/0/alarms/0/code").isString()).isTrue();
	}

	@Test
	void whatIsMendedIsOverAndAPersonMayAskAtOnce() {
		JsonNode client = made("/clients", body(price(Map.of()), Map.of()));
		stripe("POST", "/v1/billing/meters/" + this.meter + "/deactivate", "");

		JsonNode raised = made("/clients/" + id(client) + "/terms_check", null, 200);
		String since = this.agency.read("/clients/" + id(client)).at("/alarms/0/raised_at").asString();
		made("/clients/" + id(client) + "/terms_check", null, 200);
		String still = this.agency.read("/clients/" + id(client)).at("/alarms/0/raised_at").asString();
		stripe("POST", "/v1/billing/meters/" + this.meter + "/reactivate", "");
		JsonNode mended = made("/clients/" + id(client) + "/terms_check", null, 200);

		assertThat(raised.path("fits").asBoolean()).isFalse();
		assertThat(raised.at("/alarms/0/message").asString()).contains("nothing would be billed");
		assertThat(still).isEqualTo(since);
		assertThat(mended.path("fits").asBoolean()).isTrue();
		assertThat(codes(client)).isEmpty();
	}

	@Test
	void aMeterThatIsSwitchedOffFromHereIsNotWaitedForTillTheNight() {
		JsonNode client = made("/clients", body(price(Map.of()), Map.of()));
		night(client);

		made("/stripe/meters/" + this.meter + "/deactivate", null, 200);
		gateway.bean(NightlyTermsCheck.class).round().block(PATIENCE);

		assertThat(codes(client)).containsExactly("meter_inactive");
	}

	@Test
	void aStripeThatCannotBeAskedIsAskedAgainAndNothingIsSaidToFit() {
		JsonNode client = made("/clients", body(price(Map.of()), Map.of()));
		SandboxKey other = gateway.stripe().newKey(this.account, "Clients Ltd", Set.of("rak_accounts_read"));
		this.agency.call("PUT", "/stripe_connection", Map.of("secret_key", other.secret().reveal()));

		night(client);

		assertThat(codes(client)).containsExactly("unchecked");
		assertThat(due(client)).isBetween(Instant.now().plus(Duration.ofMinutes(50)),
				Instant.now().plus(Duration.ofMinutes(61)));
	}

	@Test
	void aClientIsTakenUpByOneInstanceOfMany() {
		JsonNode client = made("/clients", body(price(Map.of()), Map.of()));
		TermsChecks checks = gateway.bean(TermsChecks.class);
		checks.addMissing(Instant.now()).block(PATIENCE);
		gateway.sql().sql("update terms_check set due_at = '2000-01-01', lease_until = '-infinity'").update();
		Instant now = Instant.now();

		List<TermsChecks.Due> first = checks.take("ins_1", now, Duration.ofMinutes(5), 100)
			.collectList()
			.block(PATIENCE);
		List<TermsChecks.Due> second = checks.take("ins_2", now, Duration.ofMinutes(5), 100)
			.collectList()
			.block(PATIENCE);
		List<TermsChecks.Due> after = checks.take("ins_2", now.plus(Duration.ofMinutes(6)), Duration.ofMinutes(5), 100)
			.collectList()
			.block(PATIENCE);

		assertThat(first).extracting((due) -> due.client().value()).contains(id(client));
		assertThat(second).isEmpty();
		assertThat(after).containsExactlyInAnyOrderElementsOf(first);
		gateway.sql().sql("update terms_check set lease_until = '-infinity'").update();
	}

	@Test
	void aClientThatIsArchivedIsLookedAtNoMore() {
		JsonNode client = made("/clients", body(price(Map.of()), Map.of()));
		night(client);
		this.agency.call("DELETE", "/clients/" + id(client), Map.of());

		night(client);

		assertThat(gateway.sql()
			.sql("select count(*) from terms_check where client_id = :client")
			.param("client", id(client))
			.query(Long.class)
			.single()).isZero();
	}

	@Test
	void anotherAgencysClientIsNotLookedAt() {
		JsonNode client = made("/clients", body(price(Map.of()), Map.of()));
		Agency stranger = gateway
			.agencyWith(gateway.stripe().newKey(this.account + "_other", "Other", null).secret().reveal());

		assertThat(stranger.ask("POST", "/clients/" + id(client) + "/terms_check", null).statusCode()).isEqualTo(404);
		assertThat(
				stranger.ask("POST", "/clients/" + id(client) + "/test_usage", Map.of("quantity", 1_000)).statusCode())
			.isEqualTo(404);
	}

	/** The night of this client comes. */
	private void night(JsonNode client) {
		gateway.bean(TermsChecks.class).addMissing(Instant.now()).block(PATIENCE);
		gateway.sql()
			.sql("update terms_check set due_at = now() - interval '1 second' where client_id = :client")
			.param("client", id(client))
			.update();
		gateway.bean(NightlyTermsCheck.class).round().block(PATIENCE);
	}

	private static Instant due(JsonNode client) {
		return gateway.sql()
			.sql("select due_at from terms_check where client_id = :client")
			.param("client", id(client))
			.query(java.time.OffsetDateTime.class)
			.single()
			.toInstant();
	}

	private List<String> codes(JsonNode client) {
		return this.agency.read("/clients/" + id(client))
			.path("alarms")
			.valueStream()
			.map((alarm) -> text(alarm, "code"))
			.toList();
	}

	/** All that there is at Stripe. */
	private Set<String> objects() {
		Set<String> ids = new TreeSet<>();
		for (String path : List.of("/v1/billing/meters", "/v1/products", "/v1/prices", "/v1/customers",
				"/v1/subscriptions", "/v1/setup_intents")) {
			stripe("GET", path + "?limit=100", "").path("data").forEach((each) -> ids.add(id(each)));
		}
		return ids;
	}

	private static void crash(String table, String when, String condition) {
		gateway.sql()
			.sql("create trigger crash " + when + " on " + table + " for each row when (" + condition
					+ ") execute function crash()")
			.update();
	}

	/** Repeated as soon as the dead one's lease has lapsed. */
	private HttpResponse<byte[]> repeat(String path, Map<String, ?> body, String idempotencyKey) {
		return await().atMost(PATIENCE)
			.until(() -> this.agency.ask("POST", path, body, "Idempotency-Key", idempotencyKey),
					(answer) -> answer.statusCode() != 409);
	}

	private void assertRefused(String client, long quantity, int status, String code) {
		HttpResponse<byte[]> answer = this.agency.ask("POST", "/clients/" + client + "/test_usage",
				Map.of("quantity", quantity));
		assertThat(answer.statusCode()).as(new String(answer.body())).isEqualTo(status);
		assertThat(text(json(answer), "code")).isEqualTo(code);
	}

	private static Map<String, Object> body(String price, Map<String, ?> more) {
		Map<String, Object> body = new HashMap<>(
				Map.of("nickname", "Echo", "create_customer",
						Map.of("name", "Echo Therapy", "email", "billing@echo.example", "address",
								Map.of("country", "de")),
						"stripe_price_id", price, "create_subscription", true, "charge_by", "tokens", "billing_unit",
						1000, "report", "units"));
		body.putAll(more);
		return body;
	}

	private String customer() {
		return id(made("/stripe/customers", Map.of("name", "Acme", "email", "a@example.com")));
	}

	private String price(Map<String, ?> more) {
		return id(made("/stripe/prices", priceBody(more)));
	}

	private Map<String, Object> priceBody(Map<String, ?> more) {
		Map<String, Object> body = new HashMap<>(Map.of("product_name", "AI", "meter_id", this.meter, "currency", "usd",
				"unit_amount", 10, "interval", "month"));
		body.putAll(more);
		return body;
	}

	private JsonNode made(String path, Map<String, ?> body) {
		return made(path, body, 201);
	}

	private JsonNode made(String path, Map<String, ?> body, int status) {
		HttpResponse<byte[]> answer = this.agency.ask("POST", path, body);
		assertThat(answer.statusCode()).as(() -> path + ": " + new String(answer.body())).isEqualTo(status);
		return json(answer);
	}

	/** Something done at Stripe itself, as in its Dashboard. */
	private JsonNode stripe(String method, String path, String form) {
		return gateway.atStripe(this.key, method, path, form);
	}

	private static JsonNode json(HttpResponse<byte[]> answer) {
		return JsonMapper.shared().readTree(answer.body());
	}

	private static String id(JsonNode node) {
		return text(node, "id");
	}

	private static String text(JsonNode node, String field) {
		return node.path(field).asString("");
	}

}
