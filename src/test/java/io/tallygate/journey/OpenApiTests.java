package io.tallygate.journey;

import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

import io.tallygate.sandbox.stripe.DemoCatalogue;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Agency;
import io.tallygate.support.ServedCalls;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** What the API says of itself is so, and its examples run. */
class OpenApiTests {

	private static final JsonMapper JSON = JsonMapper.shared();

	/** In the order of a set-up: what a call needs was made by one before it. */
	private static final List<String> STORY = List.of("PUT /admin/v1/stripe_connection",
			"GET /admin/v1/stripe_connection", "POST /admin/v1/stripe/meters",
			"POST /admin/v1/stripe/meters/{id}/deactivate", "POST /admin/v1/stripe/meters/{id}/reactivate",
			"GET /admin/v1/stripe/meters", "POST /admin/v1/stripe/products", "GET /admin/v1/stripe/products",
			"POST /admin/v1/stripe/prices", "GET /admin/v1/stripe/prices", "POST /admin/v1/stripe/customers",
			"GET /admin/v1/stripe/customers", "POST /admin/v1/stripe/subscriptions",
			"POST /admin/v1/stripe/checkout_sessions", "POST /admin/v1/stripe/setup_intents",
			"POST /admin/v1/stripe/billing_portal_sessions", "POST /admin/v1/providers", "GET /admin/v1/providers",
			"GET /admin/v1/providers/{id}", "PATCH /admin/v1/providers/{id}", "POST /admin/v1/clients",
			"GET /admin/v1/clients", "GET /admin/v1/clients/{id}", "PATCH /admin/v1/clients/{id}",
			"POST /admin/v1/clients/{id}/terms_check", "POST /admin/v1/clients/{id}/test_usage",
			"POST /admin/v1/clients/{id}/adjustments", "GET /admin/v1/meter_events", "GET /admin/v1/meter_events/{id}",
			"GET /admin/v1/clients/{id}/usage", "POST /admin/v1/stripe/webhook_endpoints",
			"GET /admin/v1/webhook_events", "PATCH /admin/v1/stripe_connection", "GET /admin/v1/payment_policy",
			"PUT /admin/v1/payment_policy", "GET /admin/v1/clients/{id}/payment", "PUT /admin/v1/clients/{id}/payment",
			"GET /admin/v1/clients/{id}/invoice_preview", "GET /admin/v1/clients/{id}/event_summaries",
			"POST /admin/v1/reconciliations", "GET /admin/v1/reconciliations", "GET /admin/v1/reconciliations/{id}",
			"GET /admin/v1/ledger", "POST /admin/v1/clients/{id}/pause", "POST /admin/v1/clients/{id}/resume",
			"POST /admin/v1/channels", "GET /admin/v1/channels", "PATCH /admin/v1/channels/{id}",
			"POST /admin/v1/clients/{id}/channels", "POST /admin/v1/channels/{id}/keys", "DELETE /admin/v1/keys/{id}",
			"GET /admin/v1/delivery", "POST /admin/v1/delivery/pause", "POST /admin/v1/delivery/resume",
			"DELETE /admin/v1/clients/{id}", "DELETE /admin/v1/providers/{id}", "DELETE /admin/v1/stripe_connection");

	/** Under which variable the id of what a call made goes on. */
	private static final Map<String, String> MADE = Map.of("POST /admin/v1/stripe/meters", "$METER",
			"POST /admin/v1/providers", "$PROVIDER", "POST /admin/v1/clients", "$CLIENT", "POST /admin/v1/channels",
			"$CHANNEL", "POST /admin/v1/clients/{id}/test_usage", "$EVENT", "POST /admin/v1/channels/{id}/keys", "$KEY",
			"POST /admin/v1/reconciliations", "$RECONCILIATION");

	private static RunningGateway gateway;

	private static JsonNode document;

	@BeforeAll
	static void start() {
		gateway = RunningGateway.start();
		document = gateway.agencyWith(DemoCatalogue.KEY.secret().reveal()).read("/openapi.json");
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@Test
	void everyCallIsInItWithASentenceAndACommandAndNoOther() {
		Set<String> told = new TreeSet<>();
		document.path("paths").properties().forEach((path) -> path.getValue().properties().forEach((verb) -> {
			told.add(ServedCalls.nameless(verb.getKey().toUpperCase(java.util.Locale.ROOT) + " " + path.getKey()));
			assertThat(verb.getValue().path("summary").asString("")).as(path.getKey()).isNotBlank();
			assertThat(ServedCalls.ofCommand(verb.getValue().at("/x-codeSamples/0/source").asString(""))).isEqualTo(
					ServedCalls.nameless(verb.getKey().toUpperCase(java.util.Locale.ROOT) + " " + path.getKey()));
		}));

		assertThat(told).isEqualTo(served());
	}

	@Test
	void nothingIsSaidOfCallsThatAreNotThere() throws Exception {
		JsonNode calls = JSON.readTree(OpenApiTests.class.getResourceAsStream("/openapi/calls.json"));

		assertThat(calls.propertyNames().stream().map(ServedCalls::nameless))
			.containsExactlyInAnyOrderElementsOf(served());
	}

	/** Stripe's webhooks are nobody else's to post. */
	private static Set<String> served() {
		return ServedCalls.ofAdminApi()
			.stream()
			.filter((call) -> call.contains(" /admin/"))
			.collect(java.util.stream.Collectors.toCollection(TreeSet::new));
	}

	@Test
	void aBodyAndAnAnswerAreDescribedAsTheyAreOnTheWire() {
		JsonNode price = document.at("/components/schemas/StripeBodiesPrice/properties");
		JsonNode client = document.at("/components/schemas/ClientView");

		assertThat(price.propertyNames()).contains("package_size", "unit_amount_decimal", "tax_behavior");
		assertThat(price.at("/round/enum").valueStream().map((word) -> word.asString(""))).contains("up", "down");
		assertThat(client.at("/properties/channels/items/$ref").asString())
			.isEqualTo("#/components/schemas/ChannelView");
		assertThat(client.at("/properties/created_at/format").asString()).isEqualTo("date-time");
		assertThat(client.path("required").valueStream().map(JsonNode::asString)).contains("id", "alarms")
			.doesNotContain("stripe_price_id", "subscription");
		assertThat(references(document)).isNotEmpty()
			.allSatisfy(
					(reference) -> assertThat(document.at(reference.substring(1)).isObject()).as(reference).isTrue());
	}

	@Test
	void itsExamplesRunOneAfterAnother() {
		Agency agency = gateway.agencyWith(DemoCatalogue.KEY.secret().reveal());
		Map<String, String> ids = new HashMap<>();
		for (String call : STORY) {
			String[] parts = call.split(" ");
			JsonNode operation = document.path("paths")
				.path(parts[1])
				.path(parts[0].toLowerCase(java.util.Locale.ROOT));
			String path = path(operation, parts[1], ids);

			HttpResponse<byte[]> answer = agency.ask(parts[0], path, body(operation));

			assertThat(answer.statusCode()).as(call + ": " + new String(answer.body())).isBetween(200, 204);
			assertThat(operation.path("responses").has(Integer.toString(answer.statusCode()))).as(call).isTrue();
			assertDescribed(call, operation, answer);
			if (MADE.containsKey(call)) {
				ids.put(MADE.get(call), JSON.readTree(answer.body()).path("id").asString());
			}
		}
	}

	private static String path(JsonNode operation, String template, Map<String, String> ids) {
		String path = template.substring("/admin/v1".length());
		String variable = operation.at("/x-codeSamples/0/source")
			.asString()
			.replaceAll("(?s).*?(\\$[A-Z]+)[^_A-Z].*", "$1");
		return path.replaceAll("\\{\\w+}", ids.getOrDefault(variable, "none"));
	}

	private static Map<String, Object> body(JsonNode operation) {
		JsonNode example = operation.at("/requestBody/content").path("application/json").path("example");
		return example.isMissingNode() ? null : JSON.convertValue(example, new TypeReference<>() {
		});
	}

	/**
	 * Each field of the answer stands in its schema, and each that is required is there.
	 */
	private static void assertDescribed(String call, JsonNode operation, HttpResponse<byte[]> answer) {
		JsonNode schema = operation.path("responses")
			.path(Integer.toString(answer.statusCode()))
			.path("content")
			.path("application/json")
			.path("schema");
		if (!schema.isMissingNode()) {
			assertDescribed(call, JSON.readTree(answer.body()), schema);
		}
	}

	private static void assertDescribed(String at, JsonNode value, JsonNode schema) {
		JsonNode known = schema.has("$ref") ? document.at(schema.path("$ref").asString().substring(1))
				: schema.has("anyOf") ? document.at(schema.at("/anyOf/0/$ref").asString().substring(1)) : schema;
		if (value.isObject() && known.has("properties")) {
			assertThat(known.path("properties").propertyNames()).as(at).containsAll(value.propertyNames());
			known.path("required")
				.forEach((name) -> assertThat(value.path(name.asString()).isNull()).as(at + name).isFalse());
			value.properties()
				.forEach((field) -> assertDescribed(at + "/" + field.getKey(), field.getValue(),
						known.path("properties").path(field.getKey())));
		}
		if (value.isArray()) {
			value.forEach((item) -> assertDescribed(at + "/*", item, known.path("items")));
		}
		if (!value.isNull() && known.path("type").isString()) {
			assertThat(kind(value)).as(at).isIn(known.path("type").asString(), kindOfNumber(known));
		}
	}

	private static String kind(JsonNode value) {
		return value.isObject() ? "object" : value.isArray() ? "array" : value.isBoolean() ? "boolean"
				: value.isIntegralNumber() ? "integer" : value.isNumber() ? "number" : "string";
	}

	/** A whole number is a number too. */
	private static String kindOfNumber(JsonNode schema) {
		return schema.path("type").asString().equals("number") ? "integer" : "";
	}

	private static List<String> references(JsonNode node) {
		List<String> found = new ArrayList<>();
		node.findValues("$ref").forEach((reference) -> found.add(reference.asString()));
		return found;
	}

}
