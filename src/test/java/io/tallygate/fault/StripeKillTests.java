package io.tallygate.fault;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.stripe.net.Webhook;
import io.tallygate.sandbox.stripe.AcceptedEvent;
import io.tallygate.sandbox.stripe.DemoCatalogue;
import io.tallygate.sandbox.stripe.FakeStripe;
import io.tallygate.sandbox.stripe.FakeStripeOptions;
import io.tallygate.support.Books;
import io.tallygate.support.FaultyBilling;
import io.tallygate.support.FaultyGateway;
import io.tallygate.support.GatewayClient;
import io.tallygate.support.GatewayClient.Reply;
import io.tallygate.support.GatewayProcess;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The gateway is killed where something stands between our database and Stripe: what is
 * set up there, what Stripe tells, and what is mended there. Of each kind one is under
 * way, comes a step further with each life, and dies there; whoever asked for it asks
 * again. Stripe, which nobody kills, is the witness. One walk through all these deaths is
 * made before the tests, which look at what it has left.
 */
class StripeKillTests {

	private static final String MEASURED = "acme-dental";

	private static final String DOUBLED = "bolt-fitness";

	private static final String LOST = "chatty-ltd";

	private static final String WEBHOOK_SECRET = "whsec_of_a_test";

	private static final String REFUSAL = "v1.billing.meter.error_report_triggered";

	private static final String ADMIN = "/admin/v1";

	private static final JsonMapper JSON = JsonMapper.shared();

	private static final ExecutorService CALLERS = Executors.newFixedThreadPool(20);

	/** What is asked for until it is answered, and the answers. */
	private static final List<Asked> ASKED = new ArrayList<>();

	private static final Map<String, JsonNode> ANSWERS = new HashMap<>();

	@TempDir
	private static Path directory;

	private static FakeStripe stripe;

	private static GatewayProcess gateway;

	private static Books books;

	/** Who pays with the card that is to be entered. */
	private static String payer;

	private static String subscriber;

	/** The meter event that Stripe refuses later, and what Stripe posts about that. */
	private static JsonNode refused;

	private static String notice;

	/** The meter event that Stripe loses without a word. */
	private static JsonNode lost;

	/** Endpoints that are to go when others are registered. */
	private static List<String> endpointsBefore;

	private static long acceptedBefore;

	/**
	 * A request to the admin API.
	 *
	 * @param key its Idempotency-Key
	 * @param path that it is posted to
	 * @param body of it
	 * @param deaths where it is at the end of each life, the first life first; empty
	 * where it is not asked for
	 */
	private record Asked(String key, String path, Map<String, ?> body, List<String> deaths) {

		/** Makes one thing, from this life on. */
		static Asked once(String step, String path, Map<String, ?> body) {
			return new Asked(step, path, body, List.of("BEFORE_CREATION " + step, "AFTER_CREATION " + step,
					"AFTER_INTENT " + step, "BEFORE_ANSWER " + step, "AFTER_ANSWER " + step));
		}

		String death(int life) {
			return (life < this.deaths.size()) ? this.deaths.get(life) : "";
		}

		Reply post() {
			return gateway.client()
				.post(ADMIN + this.path, gateway.adminToken(), JSON.writeValueAsString(this.body),
						"Idempotency-Key: " + this.key);
		}

	}

	/** Where Stripe's notice, and the repairs, are at the end of each life. */
	private static List<List<String>> others() {
		return List.of(
				List.of("BEFORE_INBOX " + REFUSAL, "BEFORE_CANCEL " + client(DOUBLED),
						"BEFORE_RESEND " + lost.path("id").asString()),
				List.of("AFTER_INBOX " + REFUSAL, "BEFORE_HANDLING " + REFUSAL, "AFTER_CANCEL " + client(DOUBLED),
						"AFTER_RESEND " + lost.path("id").asString()),
				List.of("BEFORE_DONE " + REFUSAL, "BEFORE_RETRY " + client(LOST)),
				List.of("AFTER_DONE " + REFUSAL, "AFTER_RETRY " + client(LOST)), List.of(), List.of());
	}

	@BeforeAll
	static void diesAgainAndAgain() throws IOException {
		start();
		List<List<String>> others = others();
		for (int life = 0; life < others.size(); life++) {
			int now = life;
			List<Asked> asked = ASKED.stream().filter((each) -> !each.death(now).isEmpty()).toList();
			List<String> deaths = Stream
				.concat(asked.stream().map((each) -> each.death(now)), others.get(life).stream())
				.toList();
			Files.write(fault(), deaths);
			if (life > 0) {
				gateway.start();
			}
			List<CompletableFuture<Reply>> dying = new ArrayList<>(
					asked.stream().map((each) -> CompletableFuture.supplyAsync(each::post, CALLERS)).toList());
			if (life < 2) {
				dying.add(CompletableFuture.supplyAsync(StripeKillTests::stripePosts, CALLERS));
			}
			if (life == 0) {
				reconcileBoth();
			}
			if (life == 2) {
				assertThat(stripePosts().json().path("repeated").asBoolean()).isTrue();
				reconcileUntilStands(deaths);
			}
			awaitStanding(deaths);

			gateway.kill9();

			assertThat(dying).allMatch((reply) -> reply.join().status() == 0);
		}
		Files.delete(fault());
		gateway.start();
		ASKED.forEach((each) -> ANSWERS.put(each.key(), answered(each)));
	}

	private static void start() {
		stripe = FakeStripe.start(FakeStripeOptions.in(directory).withDemo().withAggregationLag(Duration.ZERO));
		gateway = GatewayProcess.fresh()
			.by(FaultyBilling.class, FaultyGateway.class)
			.set(FaultyGateway.FILE, fault().toString())
			.set("tallygate.stripe.sandbox-api-base", "http://127.0.0.1:" + stripe.port())
			.set("tallygate.admin-request-lease", "2s")
			.set("tallygate.outbox.scan-every", "500ms")
			.set("tallygate.outbox.lease", "3s")
			.set("tallygate.outbox.call-timeout", "2s")
			.set("tallygate.billing.webhooks-every", "500ms")
			.set("tallygate.billing.webhook-lease", "2s")
			.set("tallygate.billing.reconciliations-every", "500ms")
			.set("tallygate.billing.reconciliations-at-once", "8")
			.set("tallygate.billing.reconciliation-lease", "2s")
			.set("tallygate.billing.reconciliation-settle", "1s")
			.set("tallygate.billing.reconciliation-spread", "30d");
		gateway.start();
		books = new Books(gateway, gateway.provider(), new GatewayClient(stripe.port()));
		List.of(MEASURED, DOUBLED, LOST)
			.forEach((client) -> assertThat(
					gateway.client().chat(gateway.channelKey(client), "fake:t=3210,d=0").isComplete())
				.isTrue());
		books.agreeWithStripe();
		trouble();
		ask();
	}

	/** What Stripe refuses, has lost and counts twice. */
	private static void trouble() {
		String account = DemoCatalogue.KEY.account();
		refused = newest(MEASURED);
		lost = newest(LOST);
		stripe.refuseLater(account, DemoCatalogue.get().units().eventName(), "meter_event_customer_not_found",
				List.of(refused.path("identifier").asString()));
		stripe.refuseLater(account, DemoCatalogue.get().tokens().eventName(), "unknown",
				List.of(lost.path("identifier").asString()));
		ObjectNode event = (ObjectNode) atStripe("/v2/core/events").stream()
			.filter((each) -> each.toString().contains(refused.path("identifier").asString()))
			.findFirst()
			.orElseThrow();
		notice = event.without("data").toString();
		countTwice();
		acceptedBefore = accepted(MEASURED).count();
		gateway.client()
			.call("PUT", ADMIN + "/stripe_connection", gateway.adminToken(), Map.of("secret_key",
					DemoCatalogue.KEY.secret().reveal(), "webhook_secrets", List.of(WEBHOOK_SECRET)));
	}

	/** As if a meter event had been replaced, and Stripe had both. */
	private static void countTwice() {
		JsonNode event = newest(DOUBLED);
		Reply reported = new GatewayClient(stripe.port()).post("/v1/billing/meter_events",
				DemoCatalogue.KEY.secret().reveal(),
				"event_name=" + DemoCatalogue.get().messages().eventName() + "&identifier=of_the_replaced&timestamp="
						+ Instant.parse(event.path("occurred_at").asString()).getEpochSecond()
						+ "&payload[stripe_customer_id]=" + event.path("stripe_customer_id").asString()
						+ "&payload[value]=1",
				"Content-Type: application/x-www-form-urlencoded");
		assertThat(reported.status()).as(reported.body()).isEqualTo(200);
		gateway.postgres().execute("""
				insert into meter_event
				select (jsonb_populate_record(m, jsonb_build_object('id', left(m.id, 24) || 'zzzzzz',
				  'identifier', 'of_the_replaced', 'value', 1, 'state', 'replaced', 'last_attempt_at', now()))).*
				from meter_event m where m.id = '%s'
				""".formatted(event.path("id").asString()));
	}

	/**
	 * All kinds of things that are made at Stripe, and a list of what is there before.
	 */
	private static void ask() {
		DemoCatalogue.Charge tokens = DemoCatalogue.get().tokens();
		payer = made("/stripe/customers", Map.of("name", "Payer", "email", "payer@example.com"));
		subscriber = made("/stripe/customers", Map.of("name", "Subscriber", "email", "sub@example.com"));
		made("/stripe/webhook_endpoints", Map.of());
		endpointsBefore = endpoints();
		ASKED.add(Asked.once("meter", "/stripe/meters", Map.of("display_name", "Killed", "event_name", "killed")));
		ASKED.add(Asked.once("product", "/stripe/products", Map.of("name", "Killed")));
		ASKED.add(Asked.once("price", "/stripe/prices", Map.of("product_name", "Priced", "meter_id", tokens.meterId(),
				"currency", "usd", "unit_amount", 4321, "interval", "month")));
		ASKED.add(Asked.once("customer", "/stripe/customers",
				Map.of("name", "Killed customer", "email", "killed@example.com")));
		ASKED.add(Asked.once("checkout", "/stripe/checkout_sessions", Map.of("customer_id", payer, "price_id",
				tokens.priceId(), "success_url", "https://example.com/yes", "cancel_url", "https://example.com/no")));
		ASKED.add(Asked.once("setup_intent", "/stripe/setup_intents", Map.of("customer_id", payer)));
		ASKED.add(new Asked("subscribing", "/stripe/subscriptions",
				Map.of("customer_id", subscriber, "price_id", tokens.priceId()),
				List.of("", "", "BEFORE_CREATION subscription", "AFTER_CREATION subscription",
						"AFTER_INTENT subscription", "AFTER_ANSWER subscribing")));
		ASKED.add(new Asked("client", "/clients", Map.of("nickname", "Killed client", "create_customer",
				Map.of("name", "Killed client", "email", "client@example.com"), "stripe_price_id", tokens.priceId(),
				"create_subscription", true, "charge_by", "tokens", "billing_unit", 1000, "report", "usage"),
				List.of("BEFORE_CREATION customer", "AFTER_CREATION customer", "AFTER_INTENT customer",
						"AFTER_CREATION subscription", "AFTER_INTENT subscription", "BEFORE_ANSWER client")));
		ASKED.add(new Asked("endpoints", "/stripe/webhook_endpoints", Map.of(),
				List.of("BEFORE_CREATION webhook_snapshot", "AFTER_CREATION webhook_snapshot",
						"AFTER_INTENT webhook_snapshot", "AFTER_CREATION webhook_thin", "AFTER_INTENT webhook_thin",
						"BEFORE_ANSWER endpoints")));
	}

	@AfterAll
	static void stop() {
		gateway.close();
		CALLERS.shutdownNow();
		stripe.close();
	}

	@Test
	@Matrix(80)
	void whatIsMadeAtStripeIsMadeOnce() {
		String tokens = DemoCatalogue.get().tokens().priceId();

		assertThat(made("/v1/billing/meters", (meter) -> text(meter, "event_name").equals("killed")))
			.containsExactly(answer("meter"));
		assertThat(made("/v1/products", (product) -> text(product, "name").equals("Killed")))
			.containsExactly(answer("product"));
		assertThat(made("/v1/products", (product) -> text(product, "name").equals("Priced"))).hasSize(1);
		assertThat(made("/v1/prices", (price) -> price.path("unit_amount").asLong() == 4321))
			.containsExactly(answer("price"));
		assertThat(made("/v1/customers", (customer) -> text(customer, "name").equals("Killed customer")))
			.containsExactly(answer("customer"));
		assertThat(made("/v1/checkout/sessions?customer=" + payer, (session) -> true))
			.containsExactly(answer("checkout"));
		assertThat(made("/v1/setup_intents?customer=" + payer, (intent) -> true))
			.containsExactly(answer("setup_intent"));
		assertThat(made("/v1/subscriptions?customer=" + subscriber, (each) -> each.toString().contains(tokens)))
			.containsExactly(answer("subscribing"));
	}

	@Test
	@Matrix(80)
	void aClientIsStoredOnceWithOneCustomerAndOneSubscription() {
		List<JsonNode> stored = gateway.client()
			.all(ADMIN + "/clients", gateway.adminToken())
			.stream()
			.filter((client) -> text(client, "nickname").equals("Killed client"))
			.toList();
		List<String> customers = made("/v1/customers", (customer) -> text(customer, "name").equals("Killed client"));

		assertThat(stored).hasSize(1);
		assertThat(text(stored.get(0), "id")).isEqualTo(answer("client"));
		assertThat(customers).containsExactly(text(stored.get(0), "stripe_customer_id"));
		assertThat(made("/v1/subscriptions?customer=" + customers.get(0), (each) -> true)).hasSize(1);
		assertThat(stored.get(0).path("channels")).hasSize(1);
	}

	@Test
	@Matrix(80)
	void endpointsAreRegisteredOnceAndTheOnesBeforeGo() {
		JsonNode answer = ANSWERS.get("endpoints");
		List<String> registered = List.of(answer.at("/snapshot/id").asString(), answer.at("/thin/id").asString());
		List<String> believed = gateway.client()
			.get(ADMIN + "/stripe_connection", gateway.adminToken())
			.path("webhook_secrets")
			.valueStream()
			.filter((secret) -> secret.path("retired_at").isNull() && secret.path("endpoint_id").isString())
			.map((secret) -> text(secret, "endpoint_id"))
			.toList();

		assertThat(endpoints()).containsExactlyInAnyOrderElementsOf(registered);
		assertThat(endpointsBefore).hasSize(2).doesNotContainAnyElementsOf(registered);
		assertThat(believed).containsExactlyInAnyOrderElementsOf(registered);
	}

	@Test
	@Matrix({ 54, 81 })
	void whatStripeTellsIsWorkedOffOnce() {
		List<JsonNode> events = gateway.client().all(ADMIN + "/webhook_events?type=" + REFUSAL, gateway.adminToken());
		JsonNode parked = gateway.client().get(ADMIN + "/meter_events/" + text(refused, "id"), gateway.adminToken());

		assertThat(events).hasSize(1);
		assertThat(events.get(0).path("deliveries").asInt()).isEqualTo(2);
		assertThat(text(events.get(0), "state")).isEqualTo("done");
		assertThat(text(parked, "reason")).isEqualTo("customer: meter_event_customer_not_found");
	}

	@Test
	@Matrix(82)
	void noUnitIsMendedTwice() {
		AtomicReference<JsonNode> run = new AtomicReference<>();

		Wait.until("agreement of ledger, outbox and Stripe", 60, () -> {
			run.set(reconciled());
			return run.get().path("clean").asBoolean() && counted().equals(books.owed());
		}, () -> "Counted are " + counted() + ", owed " + books.owed() + ", found was " + run);

		assertThat(stripe.transcript()).extracting(AcceptedEvent::identifier).doesNotHaveDuplicates();
		assertThat(accepted(MEASURED).count()).isEqualTo(acceptedBefore + 1);
		assertThat(successors(refused)).isEqualTo(1);
		assertThat(successors(lost)).isEqualTo(1);
		assertThat(stripe.transcript()).filteredOn((event) -> event.identifier().equals("of_the_replaced"))
			.singleElement()
			.matches(AcceptedEvent::isCancelled);
	}

	/** What Stripe counts, by customer. */
	private static Map<String, Long> counted() {
		return stripe.transcript()
			.stream()
			.filter((event) -> !event.isCancelled())
			.collect(Collectors.groupingBy(AcceptedEvent::customer, Collectors.summingLong(AcceptedEvent::value)));
	}

	private static Stream<AcceptedEvent> accepted(String client) {
		String customer = text(newest(client), "stripe_customer_id");
		return stripe.transcript().stream().filter((event) -> event.customer().equals(customer));
	}

	private static long successors(JsonNode event) {
		return books.meterEvents().stream().filter((each) -> text(each, "replaces").equals(text(event, "id"))).count();
	}

	private static JsonNode answered(Asked asked) {
		AtomicReference<Reply> reply = new AtomicReference<>();
		Wait.until("end of the dead one's lease", 20, () -> {
			reply.set(asked.post());
			return reply.get().status() != 409;
		});
		assertThat(reply.get().status()).as(asked.key() + ": " + reply.get().body()).isEqualTo(201);
		return reply.get().json();
	}

	/** Each of these has been printed as often as it stands here. */
	private static void awaitStanding(List<String> deaths) {
		Map<String, Long> wanted = deaths.stream()
			.collect(Collectors.groupingBy((death) -> FaultyGateway.STANDS + death.toLowerCase(Locale.ROOT),
					Collectors.counting()));
		Wait.until("standing still", 30, () -> standing(wanted), () -> "Wanted are " + wanted + "\n" + gateway.text());
	}

	private static boolean standing(Map<String, Long> wanted) {
		Map<String, Long> printed = gateway.output()
			.stream()
			.collect(Collectors.groupingBy((line) -> line, Collectors.counting()));
		return wanted.entrySet()
			.stream()
			.allMatch((line) -> printed.getOrDefault(line.getKey(), 0L) >= line.getValue());
	}

	/** Two runs that are taken up at the same moment: one that stands holds the next. */
	private static void reconcileBoth() {
		dateBack();
		gateway.postgres().execute("""
				insert into reconciliation (id, agency_id, client_id, from_at, to_at, cause, due_at, created_at)
				select 'rec_of_a_test_' || c.id, c.agency_id, c.id, date_trunc('hour', now()) - interval '5 hours',
				  date_trunc('hour', now()) + interval '1 hour', 'request', now(), now()
				from client c where c.id in ('%s', '%s')
				""".formatted(client(DOUBLED), client(LOST)));
	}

	/** The second look at what is lost confirms it. */
	private static void reconcileUntilStands(List<String> deaths) {
		String wanted = FaultyGateway.STANDS + deaths.get(deaths.size() - 1).toLowerCase(Locale.ROOT);
		Wait.until("confirmation", 60, () -> {
			if (gateway.output().contains(wanted)) {
				return true;
			}
			dateBack();
			reconcile(Map.of("client", client(LOST)));
			Wait.pause(700);
			return false;
		}, gateway::text);
	}

	private static JsonNode reconciled() {
		dateBack();
		String id = reconcile(Map.of());
		AtomicReference<JsonNode> run = new AtomicReference<>();
		Wait.until("reconciliation", 30, () -> {
			run.set(gateway.client().get(ADMIN + "/reconciliations/" + id, gateway.adminToken()));
			return text(run.get(), "state").equals("done");
		}, () -> String.valueOf(run.get()));
		return run.get();
	}

	private static String reconcile(Map<String, String> of) {
		Map<String, String> body = new HashMap<>(of);
		body.put("from", Instant.now().minus(Duration.ofHours(5)).toString());
		body.put("to", Instant.now().plus(Duration.ofHours(1)).toString());
		return text(gateway.client().call("POST", ADMIN + "/reconciliations", gateway.adminToken(), body), "id");
	}

	/** As if the last attempt were long ago. */
	private static void dateBack() {
		gateway.postgres().execute("""
				update meter_event set last_attempt_at = now() - interval '6 minutes'
				where state in ('delivered', 'parked') and last_attempt_at > now() - interval '5 minutes'
				""");
	}

	/** Stripe posts its notice, for the first time or again. */
	private static Reply stripePosts() {
		try {
			String signature = Webhook.Signature.generateSignatureHeader(notice, WEBHOOK_SECRET,
					Instant.now().getEpochSecond());
			return gateway.client().post("/webhooks/stripe/" + agency(), "", notice, "Stripe-Signature: " + signature);
		}
		catch (Exception ex) {
			throw new AssertionError(ex);
		}
	}

	private static String agency() {
		return text(gateway.client().all(ADMIN + "/agencies", gateway.platformToken()).get(0), "id");
	}

	/** Endpoints of both kinds that are there. */
	private static List<String> endpoints() {
		return Stream.of("/v1/webhook_endpoints", "/v2/core/event_destinations")
			.flatMap((path) -> made(path, (each) -> !each.path("deleted").asBoolean(false)).stream())
			.toList();
	}

	private static List<String> made(String path, Predicate<JsonNode> wanted) {
		return atStripe(path).stream().filter(wanted).map((each) -> text(each, "id")).toList();
	}

	private static List<JsonNode> atStripe(String path) {
		return new GatewayClient(stripe.port()).all(path, DemoCatalogue.KEY.secret().reveal());
	}

	/** Makes something by the gateway, undisturbed. */
	private static String made(String path, Map<String, ?> body) {
		return text(gateway.client().call("POST", ADMIN + path, gateway.adminToken(), body), "id");
	}

	private static String answer(String key) {
		return text(ANSWERS.get(key), "id");
	}

	private static String client(String name) {
		return gateway.clientId(name);
	}

	/** A client's newest meter event. */
	private static JsonNode newest(String client) {
		return gateway.client().all(ADMIN + "/meter_events?client=" + client(client), gateway.adminToken()).get(0);
	}

	private static String text(JsonNode object, String field) {
		return object.path(field).asString("");
	}

	private static Path fault() {
		return directory.resolve("fault");
	}

}
