package io.tallygate.billing;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

import com.stripe.net.Webhook;
import io.tallygate.fault.Matrix;
import io.tallygate.sandbox.stripe.AcceptedEvent;
import io.tallygate.sandbox.stripe.SandboxKey;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Agency;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Webhooks over the socket: forged ones, and those of the sandbox's Stripe, each test in
 * an account of its own.
 */
class WebhookIntegrationTests {

	private static final AtomicInteger NUMBERS = new AtomicInteger();

	private static final String SECRET = "whsec_secret_of_a_test";

	private static final String ROLLED = "whsec_the_one_before_it";

	private static final String FOREIGN = "whsec_of_another_agency";

	/** Every right but the one to event destinations. */
	private static final Set<String> ENDPOINTS_ONLY = Set.of("rak_accounts_read", "rak_billing_meter_write",
			"rak_billing_meter_event_write", "rak_billing_meter_event_adjustment_write", "rak_product_write",
			"rak_plan_write", "rak_customer_write", "rak_subscription_write", "rak_invoice_read",
			"rak_checkout_session_write", "rak_setup_intent_write", "rak_customer_portal_write", "rak_event_read",
			"rak_webhook_write");

	private static RunningGateway gateway;

	private static Told agencyOfMatrix;

	private static Told otherOfMatrix;

	@BeforeAll
	static void start() {
		gateway = RunningGateway.start("tallygate.billing.webhooks-every=200ms");
		agencyOfMatrix = connected(SECRET, ROLLED);
		otherOfMatrix = connected(FOREIGN);
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	/** An agency and where its webhooks are posted to. */
	private record Told(Agency agency, SandboxKey key, String id) {

		String account() {
			return this.key.account();
		}

		URI url() {
			return URI.create("http://127.0.0.1:" + gateway.port() + "/webhooks/stripe/" + this.id);
		}

	}

	/** What is posted. */
	private record Posted(URI url, String body, String header) {

		HttpResponse<String> post() {
			HttpRequest.Builder request = HttpRequest.newBuilder(this.url)
				.timeout(RunningGateway.PATIENCE)
				.header("Content-Type", "application/json; charset=utf-8")
				.POST(HttpRequest.BodyPublishers.ofString(this.body));
			if (this.header != null) {
				request.header("Stripe-Signature", this.header);
			}
			try {
				return HttpClient.newHttpClient()
					.send(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
			}
			catch (Exception ex) {
				throw new AssertionError(ex);
			}
		}

	}

	/** One row of the matrix: what is posted, and what becomes of it. */
	private record Row(String claim, Posted posted, int status, String code, boolean taken) {

		@Override
		public String toString() {
			return this.claim;
		}

	}

	static Stream<Row> matrix() {
		long now = Instant.now().getEpochSecond();
		Told to = agencyOfMatrix;
		String good = snapshot("customer.updated", Map.of());
		return Stream.of(taken("a snapshot", signed(to, good, SECRET, now)),
				taken("signed with the secret before it", signed(to, snapshot("x.y", Map.of()), ROLLED, now)),
				taken("signed with two secrets of which one is ours", with(to, snapshot("x.y", Map.of()),
						(body) -> header(FOREIGN, body, now) + ","
								+ header(SECRET, body, now).replaceFirst("t=\\d+,", ""))),
				taken("with a signature of an older scheme besides",
						with(to, snapshot("x.y", Map.of()),
								(body) -> header(SECRET, body, now) + ",v0=" + "0".repeat(64))),
				taken("a thin event", signed(to, thin("v1.billing.meter.no_meter_found", false, null), SECRET, now)),
				taken("a thin event in the account's own context",
						signed(to, thin("v1.x", false, to.key().account()), SECRET, now)),
				taken("of an older train of the API",
						signed(to, snapshot("x.y", Map.of("api_version", "2024-06-20")), SECRET, now)),
				taken("of a newer train of the API",
						signed(to, snapshot("x.y", Map.of("api_version", "2026-09-30.endive")), SECRET, now)),
				taken("of the connected account",
						signed(to, snapshot("x.y", Map.of("account", to.key().account())), SECRET, now)),
				taken("of a type nobody knows", signed(to, snapshot("a.type.of.tomorrow", Map.of()), SECRET, now)),
				taken("299 seconds old", signed(to, snapshot("x.y", Map.of()), SECRET, now - 290)),
				taken("290 seconds early", signed(to, snapshot("x.y", Map.of()), SECRET, now + 290)),
				taken("with white space that was signed",
						signed(to, "  " + snapshot("x.y", Map.of()) + "\n", SECRET, now)),
				refused("signed with a secret of nobody", signed(to, good, "whsec_of_nobody_at_all", now),
						"invalid_signature"),
				refused("signed with another agency's secret", signed(to, good, FOREIGN, now), "invalid_signature"),
				refused("ours, posted to another agency",
						new Posted(otherOfMatrix.url(), good, header(SECRET, good, now)), "invalid_signature"),
				refused("signed with nothing", with(to, good, (body) -> header(" ", body, now)), "invalid_signature"),
				refused("without a signature", new Posted(to.url(), good, null), "invalid_signature"),
				refused("with an empty signature", new Posted(to.url(), good, ""), "invalid_signature"),
				refused("with words for a signature", new Posted(to.url(), good, "let me in"), "invalid_signature"),
				refused("with the old scheme only",
						with(to, good, (body) -> header(SECRET, body, now).replace("v1=", "v0=")), "invalid_signature"),
				refused("with its body changed",
						new Posted(to.url(), good.replace("updated", "deleted"), header(SECRET, good, now)),
						"invalid_signature"),
				refused("with one blank more", new Posted(to.url(), good + " ", header(SECRET, good, now)),
						"invalid_signature"),
				refused("with its time changed",
						with(to, good, (body) -> header(SECRET, body, now - 600).replaceFirst("t=\\d+", "t=" + now)),
						"invalid_signature"),
				refused("replayed after ten minutes", signed(to, good, SECRET, now - 600), "stale_signature"),
				refused("signed in ten minutes", signed(to, good, SECRET, now + 600), "stale_signature"),
				refused("signed in 1970", signed(to, good, SECRET, 5), "stale_signature"),
				refused("with a live event", signed(to, snapshot("x.y", Map.of("livemode", true)), SECRET, now),
						"wrong_mode"),
				refused("with a live thin event", signed(to, thin("v1.x", true, null), SECRET, now), "wrong_mode"),
				refused("of another account",
						signed(to, snapshot("x.y", Map.of("account", "acct_somebody")), SECRET, now), "wrong_account"),
				refused("thin, of another account", signed(to, thin("v1.x", false, "acct_somebody"), SECRET, now),
						"wrong_account"),
				refused("with no JSON", signed(to, "{\"id\":", SECRET, now), "invalid_event"),
				refused("with nothing", signed(to, "", SECRET, now), "invalid_event"),
				refused("with JSON that is no event", signed(to, "{\"id\":\"evt_1\"}", SECRET, now), "invalid_event"),
				refused("with an id that would lead elsewhere",
						signed(to, snapshot("x.y", Map.of("id", "evt_../../v1/charges")), SECRET, now),
						"invalid_event"),
				new Row("to an agency that is none",
						new Posted(URI.create(to.url().toString().replaceFirst("agy_\\w+", "agy_none")), good,
								header(SECRET, good, now)),
						404, "not_found", false),
				new Row("to an agency that nobody made",
						new Posted(URI.create(to.url().toString().replaceFirst("agy_..", "agy_zz")), good,
								header(SECRET, good, now)),
						503, "webhooks_disabled", false));
	}

	@ParameterizedTest
	@MethodSource("matrix")
	@Matrix(54)
	void aWebhookIsTakenOrRefused(Row row) {
		long before = events();

		HttpResponse<String> answer = row.posted().post();

		assertThat(answer.statusCode()).as(answer.body()).isEqualTo(row.status());
		assertThat(json(answer).path("code").asString("")).isEqualTo(row.code());
		assertThat(events() - before).isEqualTo(row.taken() ? 1 : 0);
	}

	@ParameterizedTest
	@ValueSource(strings = { "none was entered", "they were taken away", "the account was disconnected" })
	@Matrix(54)
	void withoutASecretWebhooksAreOff(String how) {
		Told told = how.startsWith("none") ? connected() : connected(SECRET);
		if (how.startsWith("they")) {
			told.agency()
				.call("PUT", "/stripe_connection",
						Map.of("secret_key", told.key().secret().reveal(), "webhook_secrets", List.of()));
			gateway.sql()
				.sql("update webhook_secret set retired_at = now() - interval '25 hours' where agency_id = :id")
				.param("id", told.id())
				.update();
		}
		if (how.startsWith("the ")) {
			told.agency().ask("DELETE", "/stripe_connection", null);
		}
		String body = snapshot("x.y", Map.of());

		HttpResponse<String> answer = signed(told, body, SECRET, Instant.now().getEpochSecond()).post();
		HttpResponse<String> unsigned = new Posted(told.url(), body, null).post();

		assertThat(answer.statusCode()).isEqualTo(503);
		assertThat(json(answer).path("code").asString()).isEqualTo("webhooks_disabled");
		assertThat(unsigned.statusCode()).isEqualTo(503);
	}

	@ParameterizedTest
	@ValueSource(strings = { "", " ", "secret", "whsec_", "whsec_ with blanks" })
	void aSecretThatIsNoneIsRefused(String secret) {
		SandboxKey key = gateway.stripe().newKey("acct_wh_" + NUMBERS.incrementAndGet(), "Alpaca", null);
		Agency agency = gateway.agencyWith(key.secret().reveal());

		HttpResponse<byte[]> answer = agency.ask("PUT", "/stripe_connection",
				Map.of("secret_key", key.secret().reveal(), "webhook_secrets", List.of(secret)));

		assertThat(answer.statusCode()).isEqualTo(422);
		assertThat(new String(answer.body())).contains("/webhook_secrets/0");
	}

	@Test
	void aSecretThatWasReplacedIsBelievedForADay() {
		Told told = connected(ROLLED);
		told.agency()
			.call("PUT", "/stripe_connection",
					Map.of("secret_key", told.key().secret().reveal(), "webhook_secrets", List.of(SECRET)));
		long now = Instant.now().getEpochSecond();

		assertThat(signed(told, snapshot("x.y", Map.of()), ROLLED, now).post().statusCode()).isEqualTo(200);
		gateway.sql()
			.sql("update webhook_secret set retired_at = retired_at - interval '25 hours' where agency_id = :id")
			.param("id", told.id())
			.update();

		assertThat(signed(told, snapshot("x.y", Map.of()), ROLLED, now).post().statusCode()).isEqualTo(400);
		assertThat(signed(told, snapshot("x.y", Map.of()), SECRET, now).post().statusCode()).isEqualTo(200);
		assertThat(told.agency().read("/stripe_connection").at("/webhook_secrets/0/last4").asString())
			.isEqualTo("test");
	}

	@Test
	void noSecretStandsInTheDatabase() {
		assertThat(gateway.sql()
			.sql("select count(*) from webhook_secret where position(convert_to('whsec', 'UTF8') in sealed_secret) > 0")
			.query(Long.class)
			.single()).isZero();
	}

	@Test
	@Matrix(54)
	void anEventThatComesFiveTimesIsOne() {
		Told told = connected(SECRET);
		Posted posted = signed(told, snapshot("x.y", Map.of()), SECRET, Instant.now().getEpochSecond());

		List<Boolean> repeated = Stream.generate(posted::post)
			.limit(5)
			.map((answer) -> json(answer).path("repeated").asBoolean())
			.toList();

		assertThat(repeated).containsExactly(false, true, true, true, true);
		JsonNode events = told.agency().read("/webhook_events");
		assertThat(events.path("data").size()).isEqualTo(1);
		assertThat(events.at("/data/0/deliveries").asInt()).isEqualTo(5);
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> told.agency().read("/webhook_events").at("/data/0/state").asString().equals("ignored"));
	}

	@Test
	void anotherAgencysEventsAreNotShownOrReplayed() {
		Told told = connected(SECRET);
		signed(told, snapshot("x.y", Map.of()), SECRET, Instant.now().getEpochSecond()).post();
		String id = told.agency().read("/webhook_events").at("/data/0/id").asString();

		assertThat(otherOfMatrix.agency().ask("POST", "/webhook_events/" + id + "/replay", null).statusCode())
			.isEqualTo(404);
		assertThat(told.agency().ask("POST", "/webhook_events/" + id + "/replay", null).statusCode()).isEqualTo(200);
	}

	@Test
	@Matrix(54)
	void oldNewsComingLateChangesNothing() {
		Billed billed = billed();
		gateway.atStripe(billed.told().key(), "POST", "/v1/subscriptions/" + billed.subscription(),
				"description=changed");
		await().atMost(RunningGateway.PATIENCE).until(() -> payment(billed, "/status").equals("active"));
		String old = snapshot("customer.subscription.deleted",
				Map.of("created", Instant.now().getEpochSecond() - 86_400))
			.replace("cus_somebody", billed.customer());

		signed(billed.told(), old, SECRET, Instant.now().getEpochSecond()).post();

		await().atMost(RunningGateway.PATIENCE)
			.until(() -> billed.told()
				.agency()
				.read("/webhook_events?type=customer.subscription.deleted")
				.at("/data/0/state")
				.asString()
				.equals("done"));
		assertThat(payment(billed, "/status")).isEqualTo("active");
	}

	@Test
	void bothKindsOfEndpointAreRegisteredAndRegisteredAnewTheOldOnesGo() {
		Told told = connected();
		JsonNode first = register(told);

		JsonNode second = register(told);

		assertThat(first.path("url").asString()).isEqualTo(told.url().toString());
		assertThat(first.at("/snapshot/id").asString()).startsWith("we_");
		assertThat(first.at("/snapshot/api_version").asString()).isEqualTo(com.stripe.Stripe.API_VERSION);
		assertThat(first.at("/thin/id").asString()).startsWith("ed_");
		JsonNode endpoints = gateway.atStripe(told.key(), "GET", "/v1/webhook_endpoints", "");
		assertThat(endpoints.path("data").valueStream().filter((each) -> !each.path("deleted").asBoolean()))
			.extracting((each) -> each.path("id").asString())
			.containsExactly(second.at("/snapshot/id").asString());
		JsonNode kept = told.agency().read("/stripe_connection").path("webhook_secrets");
		assertThat(kept.valueStream()
			.filter((each) -> each.path("retired_at").isNull())
			.map((each) -> each.path("endpoint_id").asString()))
			.containsExactlyInAnyOrder(second.at("/snapshot/id").asString(), second.at("/thin/id").asString());
	}

	/**
	 * What Stripe says later about usage goes to an event destination, which is a right
	 * of its own.
	 */
	@Test
	void aKeyThatMayMakeOneKindOfEndpointOnlyIsToldWhichRightIsMissingAndRegistersBothOnceItHasIt() {
		Told told = connected();
		SandboxKey half = gateway.stripe().newKey(told.account(), "Alpaca", ENDPOINTS_ONLY);
		told.agency().call("PUT", "/stripe_connection", Map.of("secret_key", half.secret().reveal()));

		HttpResponse<byte[]> refused = told.agency()
			.ask("POST", "/stripe/webhook_endpoints", Map.of("url", "http://127.0.0.1:" + gateway.port()));

		JsonNode problem = new JsonMapper().readTree(refused.body());
		assertThat(problem.path("code").asString()).isEqualTo("stripe_permission_missing");
		assertThat(problem.path("detail").asString()).contains("rak_event_destinations_write");
		assertThat(missing(told)).containsExactly("event_destinations");
		told.agency().call("PUT", "/stripe_connection", Map.of("secret_key", told.key().secret().reveal()));
		JsonNode made = register(told);
		assertThat(gateway.atStripe(told.key(), "GET", "/v1/webhook_endpoints", "")
			.path("data")
			.valueStream()
			.filter((each) -> !each.path("deleted").asBoolean())).extracting((each) -> each.path("id").asString())
			.containsExactly(made.at("/snapshot/id").asString());
	}

	@Test
	void aClientThatOwesIsHeldByPolicyAndReleasedWhenItPays() {
		Billed billed = billed();
		RunningGateway.Client client = billed.client();
		billed.told()
			.agency()
			.call("PUT", "/clients/" + client.id() + "/payment", Map.of("on_owing", "suspend", "grace_hours", 0));
		assertThat(models(client)).isNotEqualTo(402);

		gateway.atStripe(billed.told().key(), "DELETE", "/v1/subscriptions/" + billed.subscription(), "");

		await().atMost(RunningGateway.PATIENCE).until(() -> models(client) == 402);
		assertThat(payment(billed, "/status")).isEqualTo("canceled");
		await().atMost(RunningGateway.PATIENCE)
			.until(() -> alarms(billed),
					(codes) -> codes.containsAll(List.of("subscription_canceled", "not_subscribed")));
		gateway.atStripe(billed.told().key(), "POST", "/v1/subscriptions",
				"customer=" + billed.customer() + "&items[0][price]=" + billed.price());
		await().atMost(RunningGateway.PATIENCE).until(() -> models(client) != 402);
		await().atMost(RunningGateway.PATIENCE).until(() -> alarms(billed).isEmpty());
	}

	@Test
	void aClientThatOwesGoesOnWhileItIsOnlyWarned() {
		Billed billed = billed();

		gateway.atStripe(billed.told().key(), "DELETE", "/v1/subscriptions/" + billed.subscription(), "");

		await().atMost(RunningGateway.PATIENCE).until(() -> payment(billed, "/status").equals("canceled"));
		assertThat(payment(billed, "/on_owing")).isEqualTo("warn");
		assertThat(payment(billed, "/decided_by")).isEqualTo("default");
		assertThat(models(billed.client())).isNotEqualTo(402);
	}

	/**
	 * Its decision reaches clients that owe already, those it was not asked about apart.
	 */
	@Test
	void whatAnAgencyDecidesHoldsForClientsAboutWhichNothingElseWasDecided() {
		Billed billed = billed();
		Agency agency = billed.told().agency();
		gateway.atStripe(billed.told().key(), "DELETE", "/v1/subscriptions/" + billed.subscription(), "");
		await().atMost(RunningGateway.PATIENCE).until(() -> payment(billed, "/status").equals("canceled"));

		agency.call("PUT", "/payment_policy", Map.of("on_owing", "suspend", "grace_hours", 0));

		assertThat(payment(billed, "/on_owing")).isEqualTo("suspend");
		assertThat(payment(billed, "/decided_by")).isEqualTo("agency");
		assertThat(payment(billed, "/suspended")).isEqualTo("true");
		await().atMost(RunningGateway.PATIENCE).until(() -> models(billed.client()) == 402);
		assertThat(alarm(billed, "subscription_canceled")).contains("answered 402");
		decide(billed, Map.of("on_owing", "warn"));
		await().atMost(RunningGateway.PATIENCE).until(() -> models(billed.client()) != 402);
		assertThat(payment(billed, "/decided_by")).isEqualTo("client");
		agency.call("PUT", "/payment_policy", Map.of("on_owing", "suspend", "grace_hours", 1));
		assertThat(payment(billed, "/on_owing")).isEqualTo("warn");
		decide(billed, Map.of("on_owing", "agency"));
		assertThat(payment(billed, "/grace_hours")).isEqualTo("1");
		assertThat(payment(billed, "/suspended")).isEqualTo("false");
	}

	@Test
	void aClientThatIsHeldByItsAgencysPolicyIsReleasedWithIt() {
		Billed billed = billed();
		Agency agency = billed.told().agency();
		agency.call("PUT", "/payment_policy", Map.of("on_owing", "suspend", "grace_hours", 0));
		gateway.atStripe(billed.told().key(), "DELETE", "/v1/subscriptions/" + billed.subscription(), "");
		await().atMost(RunningGateway.PATIENCE).until(() -> models(billed.client()) == 402);

		agency.call("PUT", "/payment_policy", Map.of("on_owing", "warn"));

		await().atMost(RunningGateway.PATIENCE).until(() -> models(billed.client()) != 402);
		assertThat(alarm(billed, "subscription_canceled")).contains("go on working");
	}

	/** Between a decision and the clients it is about, a process may end. */
	@Test
	void whoIsHeldOtherwiseThanThePolicySaysIsSettledByTheClock() {
		Billed billed = billed();
		gateway.atStripe(billed.told().key(), "DELETE", "/v1/subscriptions/" + billed.subscription(), "");
		await().atMost(RunningGateway.PATIENCE).until(() -> payment(billed, "/status").equals("canceled"));

		gateway.sql().sql("""
				insert into payment_policy (agency_id, policy, grace_hours) values (:agency, 'suspend', 0)
				""").param("agency", billed.told().id()).update();

		await().atMost(RunningGateway.PATIENCE).until(() -> models(billed.client()) == 402);
		gateway.sql()
			.sql("update payment_policy set policy = 'warn' where agency_id = :agency")
			.param("agency", billed.told().id())
			.update();
		await().atMost(RunningGateway.PATIENCE).until(() -> models(billed.client()) != 402);
	}

	@Test
	void oneAgencysPolicyIsNotAnothers() {
		Told told = connected();
		Told other = connected();

		told.agency().call("PUT", "/payment_policy", Map.of("on_owing", "suspend", "grace_hours", 5));

		assertThat(told.agency().read("/payment_policy").path("grace_hours").asInt()).isEqualTo(5);
		assertThat(other.agency().read("/payment_policy").path("on_owing").asString()).isEqualTo("warn");
		assertThat(other.agency().read("/payment_policy").path("decided_by").asString()).isEqualTo("default");
	}

	@Test
	void aPolicyThatSaysTooLittleOrTooMuchIsRefused() {
		Billed billed = billed();
		String payment = "/clients/" + billed.client().id() + "/payment";

		assertThat(refused(billed, "/payment_policy", Map.of())).isEqualTo("/on_owing");
		assertThat(refused(billed, "/payment_policy", Map.of("on_owing", "suspend", "grace_hours", -1)))
			.isEqualTo("/grace_hours");
		assertThat(refused(billed, payment, Map.of("on_owing", "suspend", "grace_hours", 8_761)))
			.isEqualTo("/grace_hours");
		assertThat(refused(billed, payment, Map.of("on_owing", "agency", "grace_hours", 1))).isEqualTo("/grace_hours");
	}

	@ParameterizedTest
	@ValueSource(strings = { "customer_deleted", "price_archived", "meter_inactive" })
	void whatIsTakenAwayAtStripeRaisesAnAlarm(String code) {
		Billed billed = billed();
		SandboxKey key = billed.told().key();
		switch (code) {
			case "customer_deleted" -> gateway.atStripe(key, "DELETE", "/v1/customers/" + billed.customer(), "");
			case "price_archived" -> gateway.atStripe(key, "POST", "/v1/prices/" + billed.price(), "active=false");
			default -> gateway.atStripe(key, "POST", "/v1/billing/meters/" + billed.meter() + "/deactivate", "");
		}

		await().atMost(RunningGateway.PATIENCE)
			.until(() -> billed.told()
				.agency()
				.read("/clients/" + billed.client().id())
				.path("alarms")
				.valueStream()
				.anyMatch((alarm) -> alarm.path("code").asString().equals(code)));
	}

	@Test
	void usageThatStripeRefusesLaterIsParkedWithAReason() {
		Billed billed = billed();
		JsonNode event = billed.told()
			.agency()
			.call("POST", "/clients/" + billed.client().id() + "/test_usage", Map.of("quantity", 5_000));
		String identifier = event.path("identifier").asString();
		assertThat(gateway.stripe().transcript()).extracting(AcceptedEvent::identifier).contains(identifier);

		gateway.stripe()
			.refuseLater(billed.told().key().account(), billed.eventName(), "meter_event_customer_not_found",
					List.of(identifier, "of_another_program"));

		await().atMost(RunningGateway.PATIENCE).until(() -> meterEvent(billed, event, "state").equals("parked"));
		assertThat(meterEvent(billed, event, "reason")).isEqualTo("customer: meter_event_customer_not_found");
		assertThat(meterEvent(billed, event, "stops_lane")).isEqualTo("true");
		assertThat(billed.told()
			.agency()
			.read("/webhook_events?type=v1.billing.meter.error_report_triggered")
			.at("/data/0/note")
			.asString()).contains("1 parked");
	}

	private static String meterEvent(Billed billed, JsonNode event, String field) {
		return billed.told().agency().read("/meter_events/" + event.path("id").asString()).path(field).asString();
	}

	/** A client that Stripe bills, with webhooks registered and one secret besides. */
	private record Billed(Told told, RunningGateway.Client client, String customer, String price, String meter,
			String eventName, String subscription) {
	}

	private static Billed billed() {
		Told told = connected(SECRET);
		Agency agency = told.agency();
		String name = "tokens_" + NUMBERS.incrementAndGet();
		String meter = id(agency.call("POST", "/stripe/meters", Map.of("display_name", "Tokens", "event_name", name)));
		String price = id(agency.call("POST", "/stripe/prices", Map.of("product_name", "AI", "meter_id", meter,
				"currency", "usd", "unit_amount", 4, "interval", "month")));
		String customer = id(
				agency.call("POST", "/stripe/customers", Map.of("name", "Acme", "email", "acme@example.com")));
		String subscription = id(
				agency.call("POST", "/stripe/subscriptions", Map.of("customer_id", customer, "price_id", price)));
		register(told);
		RunningGateway.Client client = agency.client("Acme", Map.of("stripe_customer_id", customer, "stripe_price_id",
				price, "charge_by", "tokens", "billing_unit", 1000, "report", "units"));
		return new Billed(told, client, customer, price, meter, name, subscription);
	}

	private static JsonNode register(Told told) {
		return told.agency()
			.call("POST", "/stripe/webhook_endpoints", Map.of("url", "http://127.0.0.1:" + gateway.port()));
	}

	/** The stream says so of a repeat, whose first has long been counted. */
	@Test
	void usageThatStripeKnowsAlreadyIsNotParked() {
		Billed billed = billed();
		JsonNode event = billed.told()
			.agency()
			.call("POST", "/clients/" + billed.client().id() + "/test_usage", Map.of("quantity", 5_000));
		String identifier = event.path("identifier").asString();

		gateway.stripe()
			.refuseLater(billed.told().key().account(), billed.eventName(), "duplicate_identifier",
					List.of(identifier));

		await().atMost(RunningGateway.PATIENCE)
			.until(() -> billed.told()
				.agency()
				.read("/webhook_events?type=v1.billing.meter.error_report_triggered")
				.at("/data/0/note")
				.asString(""), (note) -> note.equals("0 refused, 0 parked, 0 not named, 1 known before"));
		assertThat(meterEvent(billed, event, "state")).isEqualTo("delivered");
	}

	private static void decide(Billed billed, Map<String, ?> body) {
		billed.told().agency().call("PUT", "/clients/" + billed.client().id() + "/payment", body);
	}

	/** The field that a call is refused for. */
	private static String refused(Billed billed, String path, Map<String, ?> body) {
		HttpResponse<byte[]> answer = billed.told().agency().ask("PUT", path, body);
		assertThat(answer.statusCode()).isEqualTo(422);
		return new JsonMapper().readTree(answer.body()).at("/errors/0/pointer").asString();
	}

	/** What the client's alarm of this code says. */
	private static String alarm(Billed billed, String code) {
		return billed.told()
			.agency()
			.read("/clients/" + billed.client().id())
			.path("alarms")
			.valueStream()
			.filter((alarm) -> alarm.path("code").asString().equals(code))
			.map((alarm) -> alarm.path("message").asString())
			.findFirst()
			.orElse("");
	}

	/** What the agency's key may not do, each with the fix. */
	private static List<String> missing(Told told) {
		return told.agency()
			.read("/stripe_connection")
			.path("permissions")
			.valueStream()
			.filter((each) -> !each.path("ok").asBoolean())
			.peek((each) -> assertThat(each.path("fix").asString()).contains("'Event Destinations' to Write"))
			.map((each) -> each.path("resource").asString())
			.toList();
	}

	private static List<String> alarms(Billed billed) {
		return billed.told()
			.agency()
			.read("/clients/" + billed.client().id())
			.path("alarms")
			.valueStream()
			.map((alarm) -> alarm.path("code").asString())
			.toList();
	}

	private static String payment(Billed billed, String pointer) {
		return billed.told().agency().read("/clients/" + billed.client().id() + "/payment").at(pointer).asString("");
	}

	private static int models(RunningGateway.Client client) {
		try {
			return HttpClient.newHttpClient()
				.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port() + "/v1/models"))
					.timeout(Duration.ofSeconds(20))
					.header("Authorization", "Bearer " + client.key())
					.build(), HttpResponse.BodyHandlers.discarding())
				.statusCode();
		}
		catch (Exception ex) {
			throw new AssertionError(ex);
		}
	}

	private static Told connected(String... secrets) {
		String account = "acct_wh_" + NUMBERS.incrementAndGet();
		SandboxKey key = gateway.stripe().newKey(account, "Alpaca", null);
		Agency agency = gateway.agencyWith(key.secret().reveal());
		if (secrets.length > 0) {
			agency.call("PUT", "/stripe_connection",
					Map.of("secret_key", key.secret().reveal(), "webhook_secrets", List.of(secrets)));
		}
		String id = gateway.sql()
			.sql("select agency_id from stripe_connection where account_id = :account")
			.param("account", account)
			.query(String.class)
			.single();
		return new Told(agency, key, id);
	}

	private static long events() {
		return gateway.sql()
			.sql("select count(*) from webhook_event where agency_id in (:one, :other)")
			.param("one", agencyOfMatrix.id())
			.param("other", otherOfMatrix.id())
			.query(Long.class)
			.single();
	}

	private static String snapshot(String type, Map<String, Object> changes) {
		Map<String, Object> event = new java.util.LinkedHashMap<>(Map.of("id", "evt_" + NUMBERS.incrementAndGet(),
				"object", "event", "api_version", com.stripe.Stripe.API_VERSION, "created",
				Instant.now().getEpochSecond(), "livemode", false, "type", type, "data",
				Map.of("object", Map.of("id", "sub_1", "object", "subscription", "customer", "cus_somebody"))));
		event.putAll(changes);
		return new JsonMapper().writeValueAsString(event);
	}

	private static String thin(String type, boolean livemode, String context) {
		Map<String, Object> event = new java.util.LinkedHashMap<>(Map.of("id", "evt_test_" + NUMBERS.incrementAndGet(),
				"object", "v2.core.event", "created", Instant.now().toString(), "livemode", livemode, "type", type));
		event.put("context", context);
		return new JsonMapper().writeValueAsString(event);
	}

	private static Row taken(String claim, Posted posted) {
		return new Row(claim, posted, 200, "", true);
	}

	private static Row refused(String claim, Posted posted, String code) {
		return new Row(claim, posted, 400, code, false);
	}

	private static Posted signed(Told to, String body, String secret, long at) {
		return new Posted(to.url(), body, header(secret, body, at));
	}

	private static Posted with(Told to, String body, java.util.function.UnaryOperator<String> header) {
		return new Posted(to.url(), body, header.apply(body));
	}

	private static String header(String secret, String body, long at) {
		try {
			return Webhook.Signature.generateSignatureHeader(body, secret, at);
		}
		catch (Exception ex) {
			throw new AssertionError(ex);
		}
	}

	private static JsonNode json(HttpResponse<String> answer) {
		return new JsonMapper().readTree(answer.body());
	}

	private static String id(JsonNode object) {
		return object.path("id").asString();
	}

}
