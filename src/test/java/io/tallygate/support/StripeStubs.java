package io.tallygate.support;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.client.MappingBuilder;
import com.github.tomakehurst.wiremock.client.ResponseDefinitionBuilder;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import com.github.tomakehurst.wiremock.http.Fault;
import com.github.tomakehurst.wiremock.stubbing.Scenario;
import com.github.tomakehurst.wiremock.stubbing.ServeEvent;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.containing;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static org.assertj.core.api.Assertions.assertThat;

/** Stripe at the socket, saying what a test wants it to say. */
public final class StripeStubs implements AutoCloseable {

	private static final String METER_EVENTS = "/v1/billing/meter_events";

	private static final String SESSIONS = "/v2/billing/meter_event_session";

	private static final String STREAM = "/v2/billing/meter_event_stream";

	private final WireMockServer server = new WireMockServer(
			WireMockConfiguration.options().dynamicPort().containerThreads(40));

	public StripeStubs() {
		this.server.start();
		answers(any(anyUrl()).atPriority(10), 404, error("resource_missing", "No such thing"));
	}

	/** For {@code tallygate.stripe.api-base}. */
	public String apiBase() {
		return "http://127.0.0.1:" + this.server.port();
	}

	/** Takes every meter event. */
	public void acceptsMeterEvents() {
		answers(post(METER_EVENTS), 200, """
				{"object": "billing.meter_event", "identifier": "mev-1", "event_name": "tokens", "created": 1}""");
	}

	/** Refuses every meter event with this error. */
	public void refusesMeterEvents(int status, String code, String message) {
		answers(post(METER_EVENTS), status, error(code, message));
	}

	/** Answers every meter event with this body, whatever it is. */
	public void answersMeterEvents(int status, String body) {
		answers(post(METER_EVENTS), status, body);
	}

	/** Takes the request and closes the connection without a word. */
	public void hangsUpOnMeterEvents() {
		this.server.stubFor(post(METER_EVENTS).willReturn(aResponse().withFault(Fault.EMPTY_RESPONSE)));
	}

	/**
	 * Opens sessions of the stream with these tokens, one after another, and with the
	 * last from then on.
	 */
	public void opensSessions(Instant expiresAt, String... tokens) {
		for (int i = 0; i < tokens.length; i++) {
			String next = "token " + Math.min(i + 1, tokens.length - 1);
			String state = (i == 0) ? Scenario.STARTED : "token " + i;
			this.server.stubFor(post(SESSIONS).inScenario("sessions")
				.whenScenarioStateIs(state)
				.willSetStateTo((tokens.length == 1) ? Scenario.STARTED : next)
				.willReturn(json(200, """
						{"object": "v2.billing.meter_event_session", "id": "mes_1", "livemode": false,
						 "authentication_token": "%s", "created": "2026-11-21T10:00:00Z", "expires_at": "%s"}"""
					.formatted(tokens[i], expiresAt))));
		}
	}

	/** Opens no session. */
	public void refusesSessions(int status, String message) {
		answers(post(SESSIONS), status, error("", message));
	}

	/** Answers what comes over the stream in this session. */
	public void answersStream(String token, int status, String body) {
		answers(post(STREAM).withHeader("Authorization", equalTo("Bearer " + token)), status, body);
	}

	/** Takes what comes over the stream in this session. */
	public void acceptsStream(String token) {
		answersStream(token, 200, "{}");
	}

	/** Says of this session that it has ended. */
	public void endsSession(String token) {
		answersStream(token, 401, """
				{"error": {"type": "temporary_session_expired", "code": "billing_meter_event_session_expired",
				 "message": "The temporary session token has expired."}}""");
	}

	/** Refuses each call over the stream that has an event of this identifier. */
	public void refusesInStream(String identifier, String code) {
		answers(post(STREAM).atPriority(1).withRequestBody(containing("\"" + identifier + "\"")), 400,
				error(code, "No"));
	}

	/** Takes what comes over the stream and closes the connection without a word. */
	public void hangsUpOnStream() {
		this.server.stubFor(post(STREAM).willReturn(aResponse().withFault(Fault.EMPTY_RESPONSE)));
	}

	/** Takes its time over the stream. */
	public void acceptsStreamSlowly(String token, Duration delay) {
		this.server.stubFor(post(STREAM).withHeader("Authorization", equalTo("Bearer " + token))
			.willReturn(json(200, "{}").withFixedDelay((int) delay.toMillis())));
	}

	/** What came over the stream, in order. */
	public List<LoggedRequest> streamed() {
		return this.server.findAll(postRequestedFor(urlPathEqualTo(STREAM)));
	}

	/** How often a session was opened, or tried to be. */
	public int sessions() {
		return this.server.findAll(postRequestedFor(urlPathEqualTo(SESSIONS))).size();
	}

	/** Lets those who come with this key wait. */
	public void keepsWaiting(String key, Duration delay) {
		this.server.stubFor(any(anyUrl()).atPriority(1)
			.withHeader("Authorization", equalTo("Bearer " + key))
			.willReturn(aResponse().withFixedDelay((int) delay.toMillis()).withStatus(503)));
	}

	/** Has aggregated this much, in as many summaries. */
	public void hasSummaries(String meter, String... values) {
		StringBuilder data = new StringBuilder();
		for (String value : values) {
			data.append(data.isEmpty() ? "" : ",")
				.append("{\"object\": \"billing.meter_event_summary\", \"id\": \"mtrusg_" + data.length()
						+ "\", \"aggregated_value\": " + value + "}");
		}
		answers(get(urlPathEqualTo("/v1/billing/meters/" + meter + "/event_summaries")), 200, list(data.toString()));
	}

	/** Knows an account behind the key, which may read everything but these. */
	public void hasAccount(String id, String... unreadable) {
		answers(get("/v1/account"), 200, """
				{"object": "account", "id": "%s", "default_currency": "eur",
				 "business_profile": {"name": "Agency Ltd"}}""".formatted(id));
		for (String resource : new String[] { "billing/meters", "prices", "products", "customers", "subscriptions",
				"invoices", "checkout/sessions", "setup_intents", "events", "webhook_endpoints" }) {
			answers(get(urlPathEqualTo("/v1/" + resource)), 200, list(""));
		}
		answers(get(urlPathEqualTo("/v2/core/event_destinations")), 200, "{\"data\": [], \"next_page_url\": null}");
		for (String resource : unreadable) {
			answers(get(urlPathEqualTo("/v1/" + resource)), 403,
					error("", "The provided key does not have the required permissions: rak_" + resource + "_read"));
		}
	}

	/** Does not say whose key it is. */
	public void refusesTheAccount(String message) {
		answers(get("/v1/account"), 403, error("", message));
	}

	/** How often it was asked to change something. */
	public int posts() {
		return this.server.findAll(postRequestedFor(anyUrl())).size();
	}

	/** Knows no such key. */
	public void refusesTheKey(String message) {
		answers(any(anyUrl()).atPriority(1), 401, error("", message));
	}

	/** Has a metered price that Stripe does not divide. */
	public void hasPrice(String id, String product, String meter) {
		answers(get(urlPathEqualTo("/v1/prices/" + id)), 200, price(id, product, meter, "null"));
	}

	/** Has a metered price that makes packages. */
	public void hasPackagePrice(String id, String product, String meter, long packageSize) {
		answers(get(urlPathEqualTo("/v1/prices/" + id)), 200,
				price(id, product, meter, "{\"divide_by\": " + packageSize + ", \"round\": \"up\"}"));
	}

	/** Lists these prices, each with its product. */
	public void listsPrices(String... ids) {
		StringBuilder data = new StringBuilder();
		for (String id : ids) {
			data.append(data.isEmpty() ? "" : ",").append(price(id, "prod_1", "mtr_1", "null"));
		}
		answers(get(urlPathEqualTo("/v1/prices")), 200, list(data.toString()));
	}

	/** Has an active meter that sums. */
	public void hasMeter(String id, String eventName) {
		answers(get(urlPathEqualTo("/v1/billing/meters/" + id)), 200, """
				{"object": "billing.meter", "id": "%s", "display_name": "Tokens", "event_name": "%s",
				 "status": "active", "default_aggregation": {"formula": "sum"},
				 "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
				 "value_settings": {"event_payload_key": "value"}}""".formatted(id, eventName));
	}

	/** Has a customer, subscribed to these prices. */
	public void hasCustomer(String id, String... prices) {
		answers(get(urlPathEqualTo("/v1/customers/" + id)), 200, """
				{"object": "customer", "id": "%s", "name": "Client Inc", "email": "a@client.example"}""".formatted(id));
		StringBuilder items = new StringBuilder();
		for (String price : prices) {
			items.append(items.isEmpty() ? "" : ",")
				.append("{\"object\": \"subscription_item\", \"id\": \"si_1\", \"price\": {\"object\": \"price\", "
						+ "\"id\": \"" + price + "\"}}");
		}
		answers(get(urlPathEqualTo("/v1/subscriptions")).withQueryParam("customer", equalTo(id)), 200,
				list((prices.length == 0) ? ""
						: "{\"object\": \"subscription\", \"id\": \"sub_1\", \"status\": \"active\", \"items\": "
								+ list(items.toString()) + "}"));
	}

	/** Lists customers of these names. Its search is not offered. */
	public void listsCustomers(String... names) {
		StringBuilder data = new StringBuilder();
		for (String name : names) {
			data.append(data.isEmpty() ? "" : ",")
				.append("{\"object\": \"customer\", \"id\": \"cus_" + data.length() + "\", \"name\": \"" + name
						+ "\"}");
		}
		answers(get(urlPathEqualTo("/v1/customers")), 200, list(data.toString()));
	}

	/** How many meter events arrived. */
	public int meterEvents() {
		return this.server.findAll(postRequestedFor(urlPathEqualTo(METER_EVENTS))).size();
	}

	/** The body of the meter event that arrived last, as it was written. */
	public String lastMeterEvent() {
		return this.server.findAll(postRequestedFor(urlPathEqualTo(METER_EVENTS)))
			.get(meterEvents() - 1)
			.getBodyAsString();
	}

	/** A header of the meter event that arrived last. */
	public String lastHeader(String name) {
		return this.server.findAll(postRequestedFor(urlPathEqualTo(METER_EVENTS)))
			.get(meterEvents() - 1)
			.getHeader(name);
	}

	@Override
	public void close() {
		this.server.stop();
		assertThatStripeKnows(this.server.getAllServeEvents());
	}

	/** Refuses requests with a parameter that Stripe does not know. */
	public static void assertThatStripeKnows(List<ServeEvent> requests) {
		List<String> unknown = requests.stream().map(ServeEvent::getRequest).flatMap((request) -> {
			String[] url = request.getUrl().split("\\?", 2);
			return StripeParameters
				.unknown(request.getMethod().getName(), url[0], (url.length > 1) ? url[1] : "",
						request.getBodyAsString())
				.stream();
		}).toList();
		assertThat(unknown).as("what Stripe would not know").isEmpty();
	}

	private void answers(MappingBuilder request, int status, String body) {
		this.server.stubFor(request.willReturn(json(status, body)));
	}

	private static ResponseDefinitionBuilder json(int status, String body) {
		return aResponse().withStatus(status).withHeader("Content-Type", "application/json").withBody(body);
	}

	private static String price(String id, String product, String meter, String transform) {
		return """
				{"object": "price", "id": "%s", "active": true, "currency": "eur", "billing_scheme": "per_unit",
				 "unit_amount": 2, "unit_amount_decimal": "2", "type": "recurring", "transform_quantity": %s,
				 "product": {"object": "product", "id": "%s", "name": "AI usage"},
				 "recurring": {"interval": "month", "interval_count": 1, "usage_type": "metered", "meter": "%s"}}"""
			.formatted(id, transform, product, meter);
	}

	private static String list(String data) {
		return "{\"object\": \"list\", \"url\": \"/v1/x\", \"has_more\": false, \"data\": [" + data + "]}";
	}

	private static String error(String code, String message) {
		return "{\"error\": {\"type\": \"invalid_request_error\", "
				+ (code.isEmpty() ? "" : "\"code\": \"" + code + "\", ") + "\"message\": \"" + message + "\"}}";
	}

}
