package io.tallygate.stripe;

import java.util.Map;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.client.MappingBuilder;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import io.tallygate.core.AgencyId;
import io.tallygate.support.StripeShapes;
import io.tallygate.support.StripeStubs;
import org.junit.jupiter.api.AfterEach;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.any;
import static com.github.tomakehurst.wiremock.client.WireMock.anyUrl;
import static com.github.tomakehurst.wiremock.client.WireMock.containing;
import static com.github.tomakehurst.wiremock.client.WireMock.equalTo;
import static com.github.tomakehurst.wiremock.client.WireMock.get;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathMatching;

/**
 * Answers of Stripe's own shape keep the contract: what the sandbox's Stripe says is read
 * as what Stripe says is. Every request is held against what Stripe knows.
 */
class StubbedStripeContractTests extends StripeContract {

	private static final String KNOWN_INTENT = "intent-of-acme";

	private final WireMockServer server = new WireMockServer(WireMockConfiguration.options().dynamicPort());

	StubbedStripeContractTests() {
		this.server.start();
		answers(any(anyUrl()).atPriority(10), 404, StripeShapes.error("resource_missing", "id", "No such thing"));
		answers(post("/v1/billing/meters"), 200, StripeShapes.METER);
		answers(get(urlPathEqualTo("/v1/billing/meters")), 200, StripeShapes.list(false, StripeShapes.METER));
		answers(get("/v1/billing/meters/mtr_alpaca"), 200, StripeShapes.METER);
		answers(post("/v1/billing/meters/mtr_alpaca/deactivate"), 200,
				StripeShapes.METER.replace("\"status\": \"active\"", "\"status\": \"inactive\""));
		answers(post("/v1/billing/meters/mtr_alpaca/reactivate"), 200, StripeShapes.METER);
		answers(post("/v1/products"), 200, StripeShapes.PRODUCT);
		answers(get(urlPathEqualTo("/v1/products")), 200, StripeShapes.list(false, StripeShapes.PRODUCT));
		answers(post("/v1/prices"), 200, StripeShapes.PRICE);
		answers(get(urlPathEqualTo("/v1/prices/price_alpaca")), 200, StripeShapes.PRICE);
		customers();
		answers(post("/v1/subscriptions"), 200, StripeShapes.SUBSCRIPTION);
		answers(get(urlPathEqualTo("/v1/subscriptions")).withQueryParam("customer", equalTo("cus_acme")), 200,
				StripeShapes.list(false,
						StripeShapes.SUBSCRIPTION.replace(StripeShapes.SETUP_INTENT, "\"seti_acme\"")));
		answers(post("/v1/checkout/sessions"), 200, StripeShapes.CHECKOUT);
		answers(post("/v1/setup_intents"), 200, StripeShapes.SETUP_INTENT);
		answers(post("/v1/setup_intents").atPriority(2).withRequestBody(containing("customer=cus_none")), 400,
				StripeShapes.error("resource_missing", "customer", "No such customer: 'cus_none'"));
		answers(post("/v1/billing_portal/sessions"), 200, StripeShapes.PORTAL_SESSION);
		answers(post("/v2/billing/meter_event_session"), 200, StripeShapes.STREAM_SESSION);
		answers(post("/v2/billing/meter_event_stream").withHeader("Authorization", equalTo("Bearer token_alpaca")), 200,
				"{}");
		answers(any(anyUrl()).atPriority(1).withHeader("Authorization", equalTo("Bearer " + keys().get(STRANGER))), 401,
				StripeShapes.error("", "", "Invalid API Key provided: " + keys().get(STRANGER)));
		answers(post(anyUrl()).atPriority(1).withHeader("Authorization", equalTo("Bearer " + keys().get(RESTRICTED))),
				403,
				StripeShapes.error("", "",
						"The provided key does not have the required permissions for this endpoint. Having the "
								+ "'rak_product_write' permission would allow this request to continue."));
	}

	private void customers() {
		answers(post("/v1/customers"), 200, StripeShapes.CUSTOMER);
		answers(post("/v1/customers").atPriority(2).withRequestBody(containing("Bolt")), 400, StripeShapes.error(
				"idempotency_error", "",
				"Keys for idempotent requests can only be used with the same parameters they were first used with."));
		answers(get(urlPathEqualTo("/v1/customers")), 200,
				StripeShapes.list(false, StripeShapes.CUSTOMER.replace("\"metadata\": {}",
						"\"metadata\": {\"" + StripeWrite.METADATA + "\": \"" + KNOWN_INTENT + "\"}")));
		answers(get(urlPathEqualTo("/v1/customers/search")), 200,
				"{\"object\": \"search_result\", \"url\": \"/v1/customers/search\", \"has_more\": false, "
						+ "\"next_page\": null, \"data\": [" + StripeShapes.CUSTOMER + "]}");
		answers(get(urlPathMatching("/v1/customers/cus_acme")), 200, StripeShapes.CUSTOMER);
	}

	@Override
	StripeWrite known(StripeWrite write, String id) {
		return new StripeWrite(write.idempotencyKey(), KNOWN_INTENT, write.since());
	}

	@Override
	String apiBase() {
		return "http://127.0.0.1:" + this.server.port();
	}

	@Override
	Map<AgencyId, String> keys() {
		return Map.of(AGENCY, "sk_test_0123456789", RESTRICTED, "rk_test_0123456789", STRANGER, "sk_test_stranger_0");
	}

	/** Stubs take what they are sent: both calls, with the same identifier. */
	@Override
	long accepted(String identifier) {
		return this.server.findAll(postRequestedFor(urlPathEqualTo("/v2/billing/meter_event_stream")))
			.stream()
			.filter((call) -> call.getBodyAsString().contains("\"" + identifier + "\""))
			.map((call) -> call.getBodyAsString())
			.distinct()
			.count();
	}

	@AfterEach
	void stop() {
		this.server.stop();
		StripeStubs.assertThatStripeKnows(this.server.getAllServeEvents());
	}

	private void answers(MappingBuilder request, int status, String body) {
		this.server.stubFor(request
			.willReturn(aResponse().withStatus(status).withHeader("Content-Type", "application/json").withBody(body)));
	}

}
