package io.tallygate.sandbox.stripe;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.Set;

import com.stripe.exception.AuthenticationException;
import com.stripe.exception.StripeException;
import com.stripe.exception.TemporarySessionExpiredException;
import com.stripe.model.v2.billing.MeterEventSession;
import com.stripe.net.RequestOptions;
import com.stripe.param.v2.billing.MeterEventStreamCreateParams;
import com.stripe.param.v2.billing.MeterEventStreamCreateParams.Event;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;

/** The stream of meter events, as the real client sees it. */
class FakeStripeStreamTests {

	@TempDir
	private Path directory;

	private FakeStripeFixture stripe;

	private String meter;

	private String customer;

	private String token;

	private int calls;

	@BeforeEach
	void start() throws StripeException {
		this.stripe = new FakeStripeFixture(this.directory);
		this.meter = this.stripe.meter("tokens").getId();
		this.customer = this.stripe.customer().getId();
		this.token = session().getAuthenticationToken();
	}

	@AfterEach
	void stop() {
		this.stripe.close();
	}

	@Test
	void aBatchIsTakenAndWrittenDownLikeSingleEvents() throws StripeException {
		stream(event("u:1", 25).build(), event("u:2", 4).build());

		assertThat(this.stripe.stripe().transcript()).containsExactly(
				new AcceptedEvent(1, "acct_one", "u:1", this.customer, "tokens", this.meter, 25,
						FakeStripeFixture.START, FakeStripeFixture.START, false),
				new AcceptedEvent(2, "acct_one", "u:2", this.customer, "tokens", this.meter, 4, FakeStripeFixture.START,
						FakeStripeFixture.START, false));
		assertThat(reports()).isEmpty();
	}

	/** Whether it came by this way, by the other, or twice in one call. */
	@Test
	void anIdentifierCountsOnceAndARepeatIsToldOfLater() throws StripeException {
		this.stripe.report("tokens", this.customer, "u:1", 1);

		stream(event("u:1", 1).build(), event("u:2", 1).build(), event("u:2", 1).build());
		stream(event("u:2", 1).build());

		assertThat(this.stripe.stripe().transcript()).extracting(AcceptedEvent::identifier)
			.containsExactly("u:1", "u:2");
		assertThat(reports()).extracting((report) -> codes(report))
			.containsExactlyInAnyOrder(Map.of(MeterEventStreamResource.DUPLICATE, 2L),
					Map.of(MeterEventStreamResource.DUPLICATE, 1L));
		assertThat(FakeStripeFixture.refusal(
				() -> this.stripe.report(FakeStripeFixture.event("tokens", this.customer, "u:2", 1).build(), "other")))
			.hasMessageContaining("An event already exists with identifier u:2");
	}

	@Test
	void whatTheOtherWayWouldRefuseIsToldOfLaterAndTheRestIsTaken() throws StripeException {
		Instant old = FakeStripeFixture.START.minus(Duration.ofDays(36));

		stream(event("u:1", 1).build(), event("u:2", 1).putPayload("value", "many").build(),
				event("u:3", 1).putPayload("stripe_customer_id", "cus_nobody").build(),
				event("u:4", 1).setTimestamp(old).build(), event("u:5", 1).setEventName("nobody").build());

		assertThat(this.stripe.stripe().transcript()).extracting(AcceptedEvent::identifier).containsExactly("u:1");
		Map<String, JsonNode> byType = new TreeMap<>();
		reports().forEach((report) -> byType.put(report.path("type").asString(), report));
		assertThat(codes(byType.get(ThinEvents.ERROR_REPORT))).containsOnlyKeys("meter_event_invalid_value",
				"meter_event_customer_not_found", "timestamp_too_far_in_past");
		assertThat(byType.get(ThinEvents.ERROR_REPORT).at("/related_object/id").asString()).isEqualTo(this.meter);
		assertThat(codes(byType.get(ThinEvents.NO_METER_FOUND))).containsOnlyKeys("no_meter");
		assertThat(byType.get(ThinEvents.NO_METER_FOUND)
			.at("/data/reason/error_types/0/sample_errors/0/request/identifier")
			.asString()).isEqualTo("u:5");
	}

	@Test
	void theFormOfACallIsLookedAtBeforeItIsAnswered() {
		List<Event> many = new ArrayList<>();
		for (int i = 0; i <= 100; i++) {
			many.add(event("u:" + i, 1).build());
		}

		assertThat(FakeStripeFixture.refusal(() -> stream(many.toArray(Event[]::new))).getStatusCode()).isEqualTo(400);
		assertThat(FakeStripeFixture.refusal(() -> stream()).getStatusCode()).isEqualTo(400);
		assertThat(FakeStripeFixture
			.refusal(() -> stream(event("u:1", 1).build(),
					Event.builder().setEventName("tokens").setIdentifier("u:2").build()))
			.getStatusCode()).isEqualTo(400);
		assertThat(this.stripe.stripe().transcript()).isEmpty();
	}

	@Test
	void aSessionLivesForAQuarterOfAnHour() throws StripeException {
		this.stripe.pass(Duration.ofMinutes(15).minusMillis(1));
		stream(event("u:1", 1).build());
		this.stripe.pass(Duration.ofMillis(1));

		assertThat(FakeStripeFixture.refusal(() -> stream(event("u:2", 1).build())))
			.isInstanceOf(TemporarySessionExpiredException.class);

		this.token = session().getAuthenticationToken();
		stream(event("u:2", 1).build());
		this.stripe.stripe().expireSessions("acct_one");
		assertThat(FakeStripeFixture.refusal(() -> stream(event("u:3", 1).build())))
			.isInstanceOf(TemporarySessionExpiredException.class);
		assertThat(this.stripe.stripe().transcript()).hasSize(2);
	}

	@Test
	void onlyASessionOpensTheStreamAndOnlyAKeyThatMayReportUsageOpensASession() {
		assertThat(FakeStripeFixture
			.refusal(() -> stream(FakeStripeFixture.KEY.secret().reveal(), event("u:1", 1).build())))
			.isInstanceOf(AuthenticationException.class);
		assertThat(FakeStripeFixture.refusal(() -> stream(this.token + "x", event("u:1", 1).build())))
			.isInstanceOf(AuthenticationException.class);
		SandboxKey reader = this.stripe.stripe().newKey("acct_one", "One Agency", Set.of("rak_customer_read"));
		assertThat(
				FakeStripeFixture.refusal(() -> this.stripe.client(reader).v2().billing().meterEventSession().create()))
			.hasMessageContaining("rak_billing_meter_event_write");
	}

	private MeterEventSession session() throws StripeException {
		return this.stripe.client().v2().billing().meterEventSession().create();
	}

	private Event.Builder event(String identifier, long value) {
		return Event.builder()
			.setEventName("tokens")
			.setIdentifier(identifier)
			.setTimestamp(this.stripe.now())
			.putPayload("stripe_customer_id", this.customer)
			.putPayload("value", Long.toString(value));
	}

	private void stream(Event... events) throws StripeException {
		stream(this.token, events);
	}

	private void stream(String authorisation, Event... events) throws StripeException {
		MeterEventStreamCreateParams params = MeterEventStreamCreateParams.builder()
			.addAllEvent(List.of(events))
			.build();
		this.stripe.client()
			.v2()
			.billing()
			.meterEventStream()
			.create(params,
					RequestOptions.builder()
						.setApiKey(authorisation)
						.setIdempotencyKey("call-" + ++this.calls)
						.build());
	}

	/** The thin events about refused usage, with their data. */
	private List<JsonNode> reports() {
		return Json.read(this.stripe.get("/v2/core/events").body()).path("data").valueStream().toList();
	}

	/** How many of each code a report tells of. */
	private static Map<String, Long> codes(JsonNode report) {
		Map<String, Long> codes = new TreeMap<>();
		report.at("/data/reason/error_types")
			.forEach((type) -> codes.put(type.path("code").asString(), type.path("error_count").asLong()));
		return codes;
	}

}
