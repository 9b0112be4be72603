package io.tallygate.billing;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

import io.tallygate.sandbox.stripe.Fault;
import io.tallygate.sandbox.stripe.SandboxKey;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Agency;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Usage-based billing set up over the admin API alone, in an account of its own for each
 * test, with the real library against the sandbox's Stripe.
 */
class StripeSetUpIntegrationTests {

	private static final AtomicInteger ACCOUNTS = new AtomicInteger();

	private static RunningGateway gateway;

	private final String account = "acct_setup_" + ACCOUNTS.incrementAndGet();

	private final SandboxKey key = gateway.stripe().newKey(this.account, "Set-up Ltd", null);

	private final Agency agency = gateway.agencyWith(this.key.secret().reveal());

	@BeforeAll
	static void start() {
		gateway = RunningGateway.start("tallygate.stripe.read-timeout=1s", "tallygate.admin-request-lease=1s");
	}

	@AfterEach
	void clear() {
		gateway.stripe().clearFaults();
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@Test
	void fromAMeterToASubscribedClientWithoutLeavingTheGateway() {
		JsonNode meter = meter("alpaca_ai_tokens");
		JsonNode product = made("/stripe/products", Map.of("name", "Alpaca AI", "description", "AI by use"));
		JsonNode price = made("/stripe/prices",
				Map.of("product_id", id(product), "meter_id", id(meter), "currency", "USD", "unit_amount", 4,
						"package_size", 1000, "round", "up", "interval", "month", "tax_behavior", "exclusive"));
		JsonNode customer = made("/stripe/customers", Map.of("name", "Acme Dental", "email", "billing@acme.example"));
		JsonNode subscription = made("/stripe/subscriptions",
				Map.of("customer_id", id(customer), "price_id", id(price)));
		JsonNode client = made("/clients", Map.of("nickname", "Acme", "stripe_customer_id", id(customer),
				"stripe_price_id", id(price), "charge_by", "tokens", "billing_unit", 1000, "report", "usage"));

		assertThat(text(meter, "formula")).isEqualTo("sum");
		assertThat(text(price, "product_name")).isEqualTo("Alpaca AI");
		assertThat(text(price, "currency")).isEqualTo("usd");
		assertThat(price.path("unit_amount").asLong()).isEqualTo(4);
		assertThat(text(price, "unit_amount_decimal")).isEqualTo("4");
		assertThat(price.path("package_size").asLong()).isEqualTo(1000);
		assertThat(text(price, "round")).isEqualTo("up");
		assertThat(text(price, "tax_behavior")).isEqualTo("exclusive");
		assertThat(text(subscription, "status")).isEqualTo("active");
		assertThat(text(subscription.path("pending_setup_intent"), "client_secret")).contains("_secret_");
		assertThat(text(client, "billing")).isEqualTo("on");
		assertThat(client.path("alarms").isEmpty()).isTrue();
		assertThat(this.agency.read("/stripe/prices?metered=true&product=" + id(product)).at("/data/0/id").asString())
			.isEqualTo(id(price));
		assertThat(this.agency.read("/stripe/customers?query=dental").at("/data/0/id").asString())
			.isEqualTo(id(customer));
		assertThat(this.agency.read("/stripe/customers?query=billing@acme.example").at("/data/0/name").asString())
			.isEqualTo("Acme Dental");
	}

	@ParameterizedTest
	@CsvSource({ "day, 1", "week, 7", "month, 28", "year, 365" })
	void aSubscriptionEndsItsPeriodsOnAFullMinute(String interval, int daysMin) {
		JsonNode subscription = made("/stripe/subscriptions",
				Map.of("customer_id", customer(), "price_id", price(meter("tokens"), Map.of("interval", interval))));

		Instant end = Instant.parse(text(subscription, "current_period_end"));
		assertThat(end.getEpochSecond() % 60).isZero();
		assertThat(Duration.between(Instant.now(), end)).isGreaterThan(Duration.ofDays(daysMin).minusMinutes(3));
		assertThat(Instant.parse(text(subscription, "current_period_start"))).isBeforeOrEqualTo(Instant.now());
	}

	@Test
	void aDecimalPriceAndANewProductAreOneCall() {
		JsonNode price = made("/stripe/prices", Map.of("product_name", "AI", "meter_id", id(meter("tokens")),
				"currency", "eur", "unit_amount_decimal", "0.0040", "interval", "week"));

		assertThat(price.path("unit_amount").isNull()).isTrue();
		assertThat(text(price, "unit_amount_decimal")).isEqualTo("0.004");
		assertThat(text(price, "interval")).isEqualTo("week");
		assertThat(price.path("metered").asBoolean()).isTrue();
		assertThat(this.agency.read("/stripe/products").at("/data/0/name").asString()).isEqualTo("AI");
	}

	@Test
	void tiersAreShown() {
		String meter = id(meter("tokens"));
		stripe("/v1/prices",
				"product_data[name]=AI&currency=usd&recurring[interval]=month&recurring[usage_type]=metered"
						+ "&recurring[meter]=" + meter
						+ "&billing_scheme=tiered&tiers_mode=graduated&tiers[0][up_to]=100"
						+ "&tiers[0][unit_amount_decimal]=0.5&tiers[1][up_to]=inf&tiers[1][flat_amount]=7");

		JsonNode price = this.agency.read("/stripe/prices").at("/data/0");

		assertThat(text(price, "tiers_mode")).isEqualTo("graduated");
		assertThat(price.at("/tiers/0/up_to").asLong()).isEqualTo(100);
		assertThat(price.at("/tiers/0/unit_amount_decimal").asString()).isEqualTo("0.5");
		assertThat(price.at("/tiers/1/up_to").isNull()).isTrue();
		assertThat(price.at("/tiers/1/flat_amount_decimal").asString()).isEqualTo("7");
	}

	@Test
	void listsComeInPages() {
		for (String name : List.of("one", "two", "three")) {
			made("/stripe/products", Map.of("name", name));
		}

		JsonNode first = this.agency.read("/stripe/products?limit=2");
		JsonNode rest = this.agency
			.read("/stripe/products?limit=2&starting_after=" + first.at("/data/1/id").asString());

		assertThat(first.at("/data/0/name").asString()).isEqualTo("three");
		assertThat(first.path("has_more").asBoolean()).isTrue();
		assertThat(rest.at("/data/0/name").asString()).isEqualTo("one");
		assertThat(rest.path("has_more").asBoolean()).isFalse();
	}

	@Test
	void whoIsSearchedForComesInPagesThatEnd() {
		List<String> made = new ArrayList<>();
		for (String name : List.of("Paged One", "Paged Two", "Paged Three")) {
			made.add(0, made("/stripe/customers", Map.of("name", name, "email", "paged@example.com")).path("id")
				.asString());
		}

		for (String query : List.of("query=paged", "query=paged@example.com")) {
			List<String> seen = new ArrayList<>();
			JsonNode page = this.agency.read("/stripe/customers?limit=1&" + query);
			while (page.path("has_more").asBoolean() && seen.size() < made.size()) {
				seen.add(page.at("/data/0/id").asString());
				page = this.agency
					.read("/stripe/customers?limit=1&" + query + "&starting_after=" + seen.get(seen.size() - 1));
			}
			seen.add(page.at("/data/0/id").asString());
			assertThat(seen).as(query).containsExactlyElementsOf(made);
			JsonNode before = this.agency.read("/stripe/customers?limit=1&" + query + "&ending_before=" + made.get(2));
			assertThat(before.at("/data/0/id").asString()).isEqualTo(made.get(1));
			assertThat(before.path("has_more").asBoolean()).isTrue();
		}
		assertThat(this.agency.read("/stripe/customers?query=" + made.get(0) + "&starting_after=" + made.get(0))
			.path("data")
			.isEmpty()).isTrue();
	}

	@Test
	void anEventNameThatIsTakenNamesTheMeterThatHasIt() {
		JsonNode meter = meter("alpaca_ai_tokens");
		made("/stripe/meters/" + id(meter) + "/deactivate", null, 200);

		HttpResponse<byte[]> answer = this.agency.ask("POST", "/stripe/meters",
				Map.of("display_name", "Again", "event_name", "alpaca_ai_tokens"));

		assertThat(answer.statusCode()).isEqualTo(409);
		assertThat(json(answer).path("code").asString()).isEqualTo("already_in_use");
		assertThat(json(answer).path("detail").asString()).contains(id(meter), "'Alpaca AI tokens', inactive",
				"/stripe/meters/" + id(meter) + "/reactivate");
		assertThat(made("/stripe/meters/" + id(meter) + "/reactivate", null, 200).path("active").asBoolean()).isTrue();
	}

	@Test
	void aMeterThatIsSwitchedOffTwiceStaysOff() {
		String meter = id(meter("tokens"));

		made("/stripe/meters/" + meter + "/deactivate", null, 200);

		assertThat(made("/stripe/meters/" + meter + "/deactivate", null, 200).path("active").asBoolean()).isFalse();
		assertThat(this.agency.read("/stripe/meters").at("/data/0/active").asBoolean()).isFalse();
		assertThat(this.agency.ask("POST", "/stripe/meters/mtr_none/deactivate", null).statusCode()).isEqualTo(404);
	}

	@Test
	void waysToPayAreOpened() {
		String customer = customer();
		String price = price(meter("tokens"), Map.of());

		JsonNode checkout = made("/stripe/checkout_sessions",
				Map.of("customer_id", customer, "price_id", price, "success_url",
						"https://agency.example/done?id={CHECKOUT_SESSION_ID}", "cancel_url",
						"https://agency.example/back"));
		JsonNode intent = made("/stripe/setup_intents", Map.of("customer_id", customer));
		JsonNode portal = made("/stripe/billing_portal_sessions",
				Map.of("customer_id", customer, "return_url", "https://agency.example"));

		assertThat(text(checkout, "url")).startsWith(gateway.stripe().baseUrl() + "/pay/cs_test_");
		assertThat(text(checkout, "status")).isEqualTo("open");
		assertThat(Instant.parse(text(checkout, "expires_at"))).isAfter(Instant.now());
		assertThat(text(intent, "status")).isEqualTo("requires_payment_method");
		assertThat(text(intent, "client_secret")).startsWith(id(intent));
		assertThat(text(portal, "url")).startsWith(gateway.stripe().baseUrl() + "/p/session/bps_");
	}

	@Test
	void aCustomerWhoIsBilledByAMeterIsNotSubscribedToItAgain() {
		String customer = customer();
		JsonNode meter = meter("tokens");
		String price = price(meter, Map.of());
		JsonNode subscription = made("/stripe/subscriptions", Map.of("customer_id", customer, "price_id", price));

		HttpResponse<byte[]> again = this.agency.ask("POST", "/stripe/subscriptions",
				Map.of("customer_id", customer, "price_id", price(meter, Map.of())));
		HttpResponse<byte[]> checkout = this.agency.ask("POST", "/stripe/checkout_sessions", Map.of("customer_id",
				customer, "price_id", price, "success_url", "https://a.example", "cancel_url", "https://a.example"));

		for (HttpResponse<byte[]> answer : List.of(again, checkout)) {
			assertThat(answer.statusCode()).isEqualTo(409);
			assertThat(json(answer).path("code").asString()).isEqualTo("already_subscribed");
			assertThat(json(answer).path("detail").asString()).contains(id(subscription), "twice");
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`',
			textBlock = """
					/stripe/meters | {} | /display_name /event_name
					/stripe/meters | {"display_name":"x","event_name":"x","formula":"count"} | /formula
					/stripe/products | {"name":""} | /name
					/stripe/prices | {} | /product_id /meter_id /currency /unit_amount /interval
					/stripe/prices | {"product_name":"x","product_id":"prod_1","meter_id":"mtr_1","currency":"usd","unit_amount":1,"interval":"day"} | /product_id
					/stripe/prices | {"product_name":"x","meter_id":"mtr_1","currency":"us$","unit_amount":1,"interval":"day"} | /currency
					/stripe/prices | {"product_name":"x","meter_id":"mtr_1","currency":"usd","unit_amount":-1,"interval":"day"} | /unit_amount
					/stripe/prices | {"product_name":"x","meter_id":"mtr_1","currency":"usd","unit_amount":1,"unit_amount_decimal":"1","interval":"day"} | /unit_amount
					/stripe/prices | {"product_name":"x","meter_id":"mtr_1","currency":"usd","unit_amount_decimal":"0.0000000000001","interval":"day"} | /unit_amount_decimal
					/stripe/prices | {"product_name":"x","meter_id":"mtr_1","currency":"usd","unit_amount_decimal":"1e400000000","interval":"day"} | /unit_amount_decimal
					/stripe/prices | {"product_name":"x","meter_id":"mtr_1","currency":"usd","unit_amount":1,"interval":"day","package_size":0} | /package_size
					/stripe/prices | {"product_name":"x","meter_id":"mtr_1","currency":"usd","unit_amount":1,"interval":"day","round":"up"} | /round
					/stripe/prices | {"product_name":"x","meter_id":"mtr_1","currency":"usd","unit_amount":1,"interval":"hour"} | /interval
					/stripe/prices | {"product_name":"x","meter_id":"mtr_1","currency":"usd","unit_amount":1,"interval":"day","tiers":[]} | /tiers
					/stripe/customers | {"name":"x","email":"nobody"} | /email
					/stripe/customers | {"name":"x","email":"a@b.example","address":{"country":"Germany"}} | /address/country
					/stripe/subscriptions | {"customer_id":"acct_1","price_id":"prod_1"} | /customer_id /price_id
					/stripe/checkout_sessions | {"customer_id":"cus_1","price_id":"price_1","success_url":"javascript:alert(1)","cancel_url":"/x"} | /success_url /cancel_url
					/stripe/setup_intents | {} | /customer_id
					/stripe/billing_portal_sessions | {"customer_id":"cus_1","return_url":"ftp://x"} | /return_url
					""")
	void aBodyThatBreaksARuleNamesAllItsFaultsAndReachesNobody(String path, String body, String pointers) {
		HttpResponse<byte[]> answer = this.agency.ask("POST", path, map(body));

		assertThat(answer.statusCode()).isEqualTo(422);
		assertThat(json(answer).path("errors").valueStream().map((field) -> text(field, "pointer")).toList())
			.containsExactly(pointers.split(" "));
		assertThat(intents()).isZero();
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`',
			textBlock = """
					/stripe/prices | {"product_id":"prod_none","meter_id":"METER","currency":"usd","unit_amount":1,"interval":"day"} | stripe_product_not_found | /product_id
					/stripe/prices | {"product_name":"x","meter_id":"mtr_none","currency":"usd","unit_amount":1,"interval":"day"} | stripe_meter_not_found | /meter_id
					/stripe/subscriptions | {"customer_id":"cus_none","price_id":"PRICE"} | stripe_customer_not_found | /customer_id
					/stripe/subscriptions | {"customer_id":"CUSTOMER","price_id":"price_none"} | stripe_price_not_found | /price_id
					/stripe/setup_intents | {"customer_id":"cus_none"} | stripe_customer_not_found | /customer_id
					/stripe/billing_portal_sessions | {"customer_id":"STRANGER","return_url":"https://a.example"} | stripe_customer_not_found | /customer_id
					""")
	void whatStripeDoesNotKnowIsNamedByItsField(String path, String body, String code, String pointer) {
		JsonNode meter = meter("tokens");
		SandboxKey other = gateway.stripe().newKey(this.account + "_other", "Other", null);
		String stranger = made(gateway.agencyWith(other.secret().reveal()), "/stripe/customers",
				Map.of("name", "Stranger", "email", "s@example.com"))
			.path("id")
			.asString();
		String filled = body.replace("METER", id(meter))
			.replace("PRICE", price(meter, Map.of()))
			.replace("CUSTOMER", customer())
			.replace("STRANGER", stranger);

		HttpResponse<byte[]> answer = this.agency.ask("POST", path, map(filled));

		assertThat(answer.statusCode()).as(new String(answer.body())).isEqualTo(422);
		assertThat(json(answer).path("code").asString()).isEqualTo(code);
		assertThat(json(answer).at("/errors/0/pointer").asString()).isEqualTo(pointer);
	}

	@Test
	void aPriceOfADeletedProductOrAnInactiveMeterIsRefusedInStripesWords() {
		String product = id(made("/stripe/products", Map.of("name", "Gone")));
		stripe("DELETE", "/v1/products/" + product, "");
		JsonNode meter = meter("tokens");
		made("/stripe/meters/" + id(meter) + "/deactivate", null, 200);

		HttpResponse<byte[]> deleted = this.agency.ask("POST", "/stripe/prices",
				priceBody(meter, Map.of("product_id", product)));
		HttpResponse<byte[]> inactive = this.agency.ask("POST", "/stripe/prices", priceBody(meter, Map.of()));

		assertThat(json(deleted).path("code").asString()).isEqualTo("stripe_product_not_found");
		assertThat(inactive.statusCode()).isEqualTo(422);
		assertThat(json(inactive).path("code").asString()).isEqualTo("stripe_refused");
		assertThat(json(inactive).at("/errors/0/pointer").asString()).isEqualTo("/meter_id");
		assertThat(this.agency.read("/stripe/prices").path("data").isEmpty()).isTrue();
	}

	@Test
	void aPriceThatReadsNoMeterIsNotSubscribedTo() {
		String licensed = id(
				stripe("/v1/prices", "product_data[name]=AI&currency=usd&unit_amount=900&recurring[interval]=month"));

		HttpResponse<byte[]> answer = this.agency.ask("POST", "/stripe/subscriptions",
				Map.of("customer_id", customer(), "price_id", licensed));

		assertThat(json(answer).path("code").asString()).isEqualTo("price_mode_mismatch");
	}

	@Test
	void aRestrictedKeyIsCheckedPermissionByPermissionAndRefusedWhereItLacksOne() {
		SandboxKey restricted = gateway.stripe()
			.newKey(this.account, "Set-up Ltd", Set.of("rak_accounts_read", "rak_billing_meter_write",
					"rak_product_read", "rak_plan_read", "rak_customer_write", "rak_billing_meter_event_write"));
		Agency limited = gateway.agencyWith(restricted.secret().reveal());

		JsonNode permissions = limited.read("/stripe_connection").path("permissions");

		Map<String, JsonNode> byResource = new HashMap<>();
		permissions.forEach((each) -> byResource.put(text(each, "resource"), each));
		assertThat(byResource.entrySet().stream().filter((each) -> each.getValue().path("ok").asBoolean()))
			.extracting(Map.Entry::getKey)
			.containsExactlyInAnyOrder("billing.meters", "billing.meter_events", "customers");
		assertThat(text(byResource.get("products"), "fix")).contains("'Products' to Write", "rak_product_write");
		assertThat(text(byResource.get("products"), "access")).isEqualTo("write");
		assertThat(text(byResource.get("products"), "needed_for")).contains("making them");
		HttpResponse<byte[]> refused = limited.ask("POST", "/stripe/products", Map.of("name", "AI"));
		assertThat(refused.statusCode()).isEqualTo(422);
		assertThat(json(refused).path("code").asString()).isEqualTo("stripe_permission_missing");
		assertThat(json(refused).path("detail").asString()).contains("rak_product_write")
			.doesNotContain(restricted.secret().reveal());
	}

	@Test
	void theCheckOfAKeyChangesNothingAtStripe() {
		SandboxKey restricted = gateway.stripe().newKey(this.account, "Set-up Ltd", everyPermission());

		Agency limited = gateway.agencyWith(restricted.secret().reveal());

		assertThat(limited.read("/stripe_connection").path("permissions").valueStream())
			.allMatch((each) -> each.path("ok").asBoolean());
		assertThat(stripe("GET", "/v1/events", "").path("data").isEmpty()).isTrue();
	}

	/** Stripe may fail before or after it made something, or not answer at all. */
	@ParameterizedTest
	@EnumSource(value = Fault.Kind.class, names = { "SERVER_ERROR", "SERVER_ERROR_AFTER_COMMIT", "HANG",
			"HANG_AFTER_COMMIT", "DROP_ANSWER", "GARBAGE", "RATE_LIMITED" })
	void whateverStripeDoesARepeatMakesNothingTwice(Fault.Kind kind) {
		JsonNode meter = meter("tokens");
		Map<String, Map<String, ?>> calls = Map.of("/stripe/products", Map.of("name", "Once"), "/stripe/customers",
				Map.of("name", "Once", "email", "once@example.com"), "/stripe/prices", priceBody(meter, Map.of()),
				"/stripe/meters", Map.of("display_name", "Once", "event_name", "once"));
		calls.forEach((path, body) -> {
			String at = path.replace("/stripe", "/v1").replace("/v1/meters", "/v1/billing/meters");
			gateway.stripe().fail(Fault.next(1, kind).of(this.account).at(at));

			HttpResponse<byte[]> failed = this.agency.ask("POST", path, body, "Idempotency-Key", "once " + path);
			HttpResponse<byte[]> made = this.agency.ask("POST", path, body, "Idempotency-Key", "once " + path);
			HttpResponse<byte[]> again = this.agency.ask("POST", path, body, "Idempotency-Key", "once " + path);

			assertThat(failed.statusCode()).isIn(502, 503);
			assertThat(made.statusCode()).as(path + new String(made.body())).isEqualTo(201);
			assertThat(again.headers().firstValue("Idempotent-Replayed")).hasValue("true");
			assertThat(id(json(again))).isEqualTo(id(json(made)));
			long expected = path.equals("/stripe/meters") ? 2 : path.equals("/stripe/products") ? 1 : 1;
			assertThat(stripe("GET", at + "?limit=100", "").path("data")
				.valueStream()
				.filter((each) -> !text(each, "name").equals("AI"))
				.count()).as(path).isEqualTo(expected);
		});
	}

	@ParameterizedTest
	@EnumSource(value = Fault.Kind.class, names = { "SERVER_ERROR_AFTER_COMMIT", "HANG_AFTER_COMMIT", "DROP_ANSWER" })
	void whoIsSubscribedWithoutAnAnswerIsNotSubscribedTwice(Fault.Kind kind) {
		String customer = customer();
		Map<String, String> body = Map.of("customer_id", customer, "price_id", price(meter("tokens"), Map.of()));
		gateway.stripe().fail(Fault.next(1, kind).of(this.account).at("/v1/subscriptions"));

		HttpResponse<byte[]> failed = this.agency.ask("POST", "/stripe/subscriptions", body, "Idempotency-Key", "k");
		HttpResponse<byte[]> made = this.agency.ask("POST", "/stripe/subscriptions", body, "Idempotency-Key", "k");

		assertThat(failed.statusCode()).isEqualTo(502);
		assertThat(json(failed).path("detail").asString()).contains("same Idempotency-Key");
		assertThat(made.statusCode()).as(new String(made.body())).isEqualTo(201);
		assertThat(text(json(made).path("pending_setup_intent"), "client_secret")).contains("_secret_");
		assertThat(stripe("GET", "/v1/subscriptions?customer=" + customer, "").path("data")).hasSize(1);
	}

	@Test
	void withoutAKeyTheCallerIsToldToLookFirst() {
		gateway.stripe().fail(Fault.next(1, Fault.Kind.HANG_AFTER_COMMIT).of(this.account).at("/v1/products"));

		HttpResponse<byte[]> answer = this.agency.ask("POST", "/stripe/products", Map.of("name", "AI"));

		assertThat(json(answer).path("detail").asString()).contains("may have been made all the same");
	}

	@Test
	void aRefusalIsMendedUnderTheSameKey() {
		JsonNode meter = meter("tokens");
		made("/stripe/meters/" + id(meter) + "/deactivate", null, 200);
		HttpResponse<byte[]> refused = this.agency.ask("POST", "/stripe/prices", priceBody(meter, Map.of()),
				"Idempotency-Key", "k");
		made("/stripe/meters/" + id(meter) + "/reactivate", null, 200);

		HttpResponse<byte[]> made = this.agency.ask("POST", "/stripe/prices", priceBody(meter, Map.of()),
				"Idempotency-Key", "k");

		assertThat(refused.statusCode()).isEqualTo(422);
		assertThat(made.statusCode()).isEqualTo(201);
	}

	private JsonNode meter(String eventName) {
		return made("/stripe/meters", Map.of("display_name", "Alpaca AI tokens", "event_name", eventName));
	}

	private String customer() {
		return id(made("/stripe/customers", Map.of("name", "Acme", "email", "a@example.com")));
	}

	private String price(JsonNode meter, Map<String, ?> more) {
		return id(made("/stripe/prices", priceBody(meter, more)));
	}

	private static Map<String, ?> priceBody(JsonNode meter, Map<String, ?> more) {
		Map<String, Object> body = new HashMap<>(
				Map.of("meter_id", id(meter), "currency", "usd", "unit_amount", 10, "interval", "month"));
		if (!more.containsKey("product_id")) {
			body.put("product_name", "AI");
		}
		body.putAll(more);
		return body;
	}

	private JsonNode made(String path, Map<String, ?> body) {
		return made(this.agency, path, body);
	}

	private static JsonNode made(Agency agency, String path, Map<String, ?> body) {
		HttpResponse<byte[]> answer = agency.ask("POST", path, body);
		assertThat(answer.statusCode()).as(() -> path + ": " + new String(answer.body())).isEqualTo(201);
		return json(answer);
	}

	private JsonNode made(String path, Map<String, ?> body, int status) {
		HttpResponse<byte[]> answer = this.agency.ask("POST", path, body);
		assertThat(answer.statusCode()).as(() -> path + ": " + new String(answer.body())).isEqualTo(status);
		return json(answer);
	}

	private long intents() {
		return gateway.sql()
			.sql("select count(*) from stripe_intent i join stripe_connection s using (agency_id) where s.account_id = :account")
			.param("account", this.account)
			.query(Long.class)
			.single();
	}

	/** Something done at Stripe itself, as in its Dashboard. */
	private JsonNode stripe(String path, String form) {
		return stripe("POST", path, form);
	}

	private JsonNode stripe(String method, String path, String form) {
		return gateway.atStripe(this.key, method, path, form);
	}

	private static Set<String> everyPermission() {
		return Set.of("rak_accounts_read", "rak_billing_meter_write", "rak_billing_meter_event_write",
				"rak_billing_meter_event_adjustment_write", "rak_product_write", "rak_plan_write", "rak_customer_write",
				"rak_subscription_write", "rak_invoice_read", "rak_checkout_session_write", "rak_setup_intent_write",
				"rak_customer_portal_write", "rak_event_read", "rak_webhook_write", "rak_event_destinations_write");
	}

	private static Map<String, Object> map(String json) {
		return JsonMapper.shared().readValue(json, new TypeReference<>() {
		});
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
