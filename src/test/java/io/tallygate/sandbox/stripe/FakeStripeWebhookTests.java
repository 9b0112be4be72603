package io.tallygate.sandbox.stripe;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

import com.github.tomakehurst.wiremock.WireMockServer;
import com.github.tomakehurst.wiremock.core.WireMockConfiguration;
import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import com.stripe.StripeClient;
import com.stripe.exception.SignatureVerificationException;
import com.stripe.exception.StripeException;
import com.stripe.model.Customer;
import com.stripe.model.Event;
import com.stripe.model.WebhookEndpoint;
import com.stripe.model.v2.core.EventDestination;
import com.stripe.model.v2.core.EventNotification;
import com.stripe.events.V1BillingMeterErrorReportTriggeredEvent;
import com.stripe.events.V1BillingMeterErrorReportTriggeredEventNotification;
import com.stripe.param.WebhookEndpointCreateParams;
import com.stripe.param.v2.core.EventDestinationCreateParams;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static com.github.tomakehurst.wiremock.client.WireMock.aResponse;
import static com.github.tomakehurst.wiremock.client.WireMock.post;
import static com.github.tomakehurst.wiremock.client.WireMock.postRequestedFor;
import static com.github.tomakehurst.wiremock.client.WireMock.urlPathEqualTo;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** How endpoints are told what happened, and checked with the real library. */
class FakeStripeWebhookTests {

	private static final String HOOK = "/hook";

	private final WireMockServer agency = new WireMockServer(WireMockConfiguration.options().dynamicPort());

	@TempDir
	private Path directory;

	private FakeStripeFixture stripe;

	@BeforeEach
	void start() {
		this.agency.start();
		answers(200);
		this.stripe = new FakeStripeFixture(this.directory);
	}

	@AfterEach
	void stop() {
		this.stripe.close();
		this.agency.stop();
	}

	@Test
	void anEndpointIsToldWhatItAskedForInItsOwnVersionAndSigned() throws StripeException {
		WebhookEndpoint endpoint = endpoint(WebhookEndpointCreateParams.EnabledEvent.CUSTOMER__CREATED);

		Customer customer = this.stripe.customer();
		this.stripe.meter("tokens");

		LoggedRequest told = awaitTold(1).get(0);
		Event event = this.stripe.client()
			.constructEvent(told.getBodyAsString(), told.getHeader("Stripe-Signature"), endpoint.getSecret(),
					Integer.MAX_VALUE);
		assertThat(event.getType()).isEqualTo("customer.created");
		assertThat(event.getApiVersion()).isEqualTo("2026-07-29.dahlia");
		assertThat(event.getDataObjectDeserializer().getObject())
			.hasValueSatisfying((object) -> assertThat(((Customer) object).getId()).isEqualTo(customer.getId()));
		assertThat(this.stripe.client().v1().events().retrieve(event.getId()).getRequest().getId()).startsWith("req_");
	}

	@Test
	void theSecretIsShownOnceAndAnotherDoesNotVerify() throws StripeException {
		WebhookEndpoint endpoint = endpoint(WebhookEndpointCreateParams.EnabledEvent.ALL);

		this.stripe.customer();

		LoggedRequest told = awaitTold(1).get(0);
		assertThat(this.stripe.client().v1().webhookEndpoints().retrieve(endpoint.getId()).getSecret()).isNull();
		org.assertj.core.api.Assertions.assertThatExceptionOfType(SignatureVerificationException.class)
			.isThrownBy(() -> this.stripe.client()
				.constructEvent(told.getBodyAsString(), told.getHeader("Stripe-Signature"), "whsec_other",
						Integer.MAX_VALUE));
	}

	@Test
	void whatIsNotTakenComesAgainAndAfterARestartToo() throws StripeException {
		answers(503);
		endpoint(WebhookEndpointCreateParams.EnabledEvent.ALL);
		this.stripe.customer();
		awaitTold(1);

		this.stripe.restart();
		answers(200);
		this.stripe.pass(Duration.ofHours(2));

		List<LoggedRequest> told = awaitTold(2);
		assertThat(told).extracting(LoggedRequest::getBodyAsString).containsOnly(told.get(0).getBodyAsString());
		this.stripe.pass(Duration.ofHours(2));
		this.stripe.customer();
		assertThat(awaitTold(3)).hasSize(3);
	}

	@Test
	void aDeletedEndpointHearsNothing() throws StripeException {
		WebhookEndpoint endpoint = endpoint(WebhookEndpointCreateParams.EnabledEvent.ALL);
		this.stripe.client().v1().webhookEndpoints().delete(endpoint.getId());
		WebhookEndpoint living = endpoint(WebhookEndpointCreateParams.EnabledEvent.CUSTOMER__CREATED);

		this.stripe.customer();

		assertThat(awaitTold(1)).hasSize(1);
		assertThat(this.stripe.client().v1().webhookEndpoints().list().getData()).extracting(WebhookEndpoint::getId)
			.containsExactly(living.getId());
	}

	@Test
	void aThinEventLeadsToItsDataAndToTheEventsThatAreNotCounted() throws StripeException {
		EventDestination destination = this.stripe.client()
			.v2()
			.core()
			.eventDestinations()
			.create(EventDestinationCreateParams.builder()
				.setName("Tallygate")
				.setType(EventDestinationCreateParams.Type.WEBHOOK_ENDPOINT)
				.setEventPayload(EventDestinationCreateParams.EventPayload.THIN)
				.addEnabledEvent(ThinEvents.ERROR_REPORT)
				.setWebhookEndpoint(EventDestinationCreateParams.WebhookEndpoint.builder().setUrl(hook()).build())
				.addInclude(EventDestinationCreateParams.Include.WEBHOOK_ENDPOINT__SIGNING_SECRET)
				.build());
		String meter = this.stripe.meter("tokens").getId();
		String customer = this.stripe.customer().getId();
		this.stripe.report("tokens", customer, "u:1", 5);
		this.stripe.report("tokens", customer, "u:2", 7);

		this.stripe.stripe().refuseLater("acct_one", "tokens", "meter_event_customer_not_found", List.of("u:1"));

		LoggedRequest told = awaitTold(1).get(0);
		StripeClient client = this.stripe.client();
		EventNotification notification = client.parseEventNotification(told.getBodyAsString(),
				told.getHeader("Stripe-Signature"), destination.getWebhookEndpoint().getSigningSecret(),
				Integer.MAX_VALUE);
		assertThat(told.getBodyAsString()).doesNotContain("u:1");
		V1BillingMeterErrorReportTriggeredEvent event = ((V1BillingMeterErrorReportTriggeredEventNotification) notification)
			.fetchEvent();
		assertThat(event.getRelatedObject().getId()).isEqualTo(meter);
		// The library's class for the data has no way to read it.
		assertThat(this.stripe.get("/v2/core/events/" + event.getId()).body())
			.contains("\"code\":\"meter_event_customer_not_found\"", "\"request\":{\"identifier\":\"u:1\"}");
		assertThat(this.stripe.stripe().transcript()).extracting(AcceptedEvent::identifier, AcceptedEvent::isCancelled)
			.containsExactly(org.assertj.core.api.Assertions.tuple("u:1", true),
					org.assertj.core.api.Assertions.tuple("u:2", false));
	}

	@Test
	void anEndpointThatCannotBeReachedOrWantsNothingIsRefused() {
		for (Map.Entry<String, String> wrong : Map
			.of("url=nowhere&enabled_events[]=*", "url", "url=http://[&enabled_events[]=*", "url",
					"url=https://a.example", "enabled_events", "url=https://a.example&enabled_events[]=everything",
					"enabled_events")
			.entrySet()) {
			assertThat(this.stripe.post("/v1/webhook_endpoints", wrong.getKey()).body())
				.contains("\"param\":\"" + wrong.getValue() + "\"");
		}
	}

	private WebhookEndpoint endpoint(WebhookEndpointCreateParams.EnabledEvent event) throws StripeException {
		return this.stripe.client()
			.v1()
			.webhookEndpoints()
			.create(WebhookEndpointCreateParams.builder()
				.setUrl(hook())
				.addEnabledEvent(event)
				.setApiVersion(WebhookEndpointCreateParams.ApiVersion.VERSION_2026_07_29_DAHLIA)
				.build());
	}

	private String hook() {
		return "http://127.0.0.1:" + this.agency.port() + HOOK;
	}

	private void answers(int status) {
		this.agency.stubFor(post(HOOK).willReturn(aResponse().withStatus(status)));
	}

	private List<LoggedRequest> awaitTold(int count) {
		return await().atMost(Duration.ofSeconds(10))
			.until(() -> this.agency.findAll(postRequestedFor(urlPathEqualTo(HOOK))), (told) -> told.size() >= count);
	}

}
