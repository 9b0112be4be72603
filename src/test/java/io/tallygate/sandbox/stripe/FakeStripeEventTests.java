package io.tallygate.sandbox.stripe;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import com.stripe.exception.ApiException;
import com.stripe.exception.AuthenticationException;
import com.stripe.exception.InvalidRequestException;
import com.stripe.exception.IdempotencyException;
import com.stripe.exception.ApiConnectionException;
import com.stripe.exception.RateLimitException;
import com.stripe.exception.StripeException;
import com.stripe.model.billing.MeterEvent;
import com.stripe.model.billing.MeterEventSummary;
import com.stripe.param.billing.MeterEventCreateParams;
import com.stripe.param.billing.MeterEventSummaryListParams;
import com.stripe.param.billing.MeterEventAdjustmentCreateParams;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/** Meter events and their summaries, as the real client sees them. */
class FakeStripeEventTests {

	@TempDir
	private Path directory;

	private FakeStripeFixture stripe;

	private String meter;

	private String customer;

	@BeforeEach
	void start() throws StripeException {
		this.stripe = new FakeStripeFixture(this.directory);
		this.meter = this.stripe.meter("tokens").getId();
		this.customer = this.stripe.customer().getId();
	}

	@AfterEach
	void stop() {
		this.stripe.close();
	}

	@Test
	void anEventIsAcceptedAndWrittenDown() throws StripeException {
		MeterEvent event = this.stripe.report("tokens", this.customer, "u:1", 25);

		assertThat(event.getObject()).isEqualTo("billing.meter_event");
		assertThat(event.getIdentifier()).isEqualTo("u:1");
		assertThat(event.getPayload()).containsEntry("value", "25");
		assertThat(event.getTimestamp()).isEqualTo(FakeStripeFixture.START.getEpochSecond());
		assertThat(event.getLivemode()).isFalse();
		assertThat(this.stripe.stripe().transcript()).containsExactly(new AcceptedEvent(1, "acct_one", "u:1",
				this.customer, "tokens", this.meter, 25, FakeStripeFixture.START, FakeStripeFixture.START, false));
	}

	@Test
	void anEventWithoutIdentifierGetsOne() throws StripeException {
		MeterEventCreateParams params = MeterEventCreateParams.builder()
			.setEventName("tokens")
			.putPayload("stripe_customer_id", this.customer)
			.putPayload("value", "1")
			.build();

		assertThat(this.stripe.report(params, "key").getIdentifier()).isNotBlank();
	}

	@Test
	void anIdentifierIsRefusedForADayAndIsFreeThen() throws StripeException {
		this.stripe.report("tokens", this.customer, "u:1", 1);
		this.stripe.pass(Duration.ofHours(24).minusSeconds(1));

		StripeException refusal = FakeStripeFixture.refusal(
				() -> this.stripe.report(FakeStripeFixture.event("tokens", this.customer, "u:1", 1).build(), "other"));

		assertThat(refusal).isInstanceOf(InvalidRequestException.class);
		assertThat(refusal.getStatusCode()).isEqualTo(400);
		assertThat(refusal.getStripeError().getMessage()).contains("An event already exists with identifier u:1");
		this.stripe.pass(Duration.ofSeconds(1));
		this.stripe.report(FakeStripeFixture.event("tokens", this.customer, "u:1", 1).build(), "third");
		assertThat(this.stripe.stripe().transcript()).hasSize(2);
	}

	@Test
	void aRefusalTellsClientsNotToRetry() {
		HttpResponse<String> answer = this.stripe.post("/v1/billing/meter_events", "event_name=nobody&payload[a]=b");

		assertThat(answer.statusCode()).isEqualTo(400);
		assertThat(answer.headers().firstValue("stripe-should-retry")).hasValue("false");
		assertThat(answer.headers().firstValue("Request-Id").orElseThrow()).startsWith("req_");
	}

	@Test
	void anUnknownMeterIsRefused() {
		assertThat(refusalOf(FakeStripeFixture.event("nobody", this.customer, "u:1", 1))).isEqualTo("no_meter");
	}

	@Test
	void anArchivedMeterTakesNothingUntilItIsReactivated() throws StripeException {
		this.stripe.client().v1().billing().meters().deactivate(this.meter);

		assertThat(refusalOf(FakeStripeFixture.event("tokens", this.customer, "u:1", 1))).isEqualTo("archived_meter");

		this.stripe.client().v1().billing().meters().reactivate(this.meter);
		this.stripe.report("tokens", this.customer, "u:1", 1);
		assertThat(this.stripe.stripe().transcript()).hasSize(1);
	}

	@Test
	void aPayloadWithoutCustomerIsRefused() {
		assertThat(refusalOf(MeterEventCreateParams.builder().setEventName("tokens").putPayload("value", "1")))
			.isEqualTo("meter_event_no_customer_defined");
	}

	@Test
	void anUnknownCustomerIsRefusedAndSoIsADeletedOne() throws StripeException {
		assertThat(refusalOf(FakeStripeFixture.event("tokens", "cus_nobody", "u:1", 1)))
			.isEqualTo("meter_event_customer_not_found");

		this.stripe.client().v1().customers().delete(this.customer);

		assertThat(refusalOf(FakeStripeFixture.event("tokens", this.customer, "u:1", 1)))
			.isEqualTo("meter_event_customer_not_found");
	}

	@ParameterizedTest
	@ValueSource(strings = { "1.5", "many", "1e3", "+1", " 1" })
	void aValueThatIsNoWholeNumberIsRefused(String value) {
		assertThat(refusalOf(FakeStripeFixture.event("tokens", this.customer, "u:1", 1).putPayload("value", value)))
			.isEqualTo("meter_event_invalid_value");
	}

	@Test
	void aValueOfSixteenDigitsIsRefused() {
		assertThat(refusalOf(FakeStripeFixture.event("tokens", this.customer, "u:1", 1_000_000_000_000_000L)))
			.isEqualTo("meter_event_value_too_many_digits");
	}

	@Test
	void aNegativeValueIsTaken() throws StripeException {
		this.stripe.report("tokens", this.customer, "u:1", -5);

		assertThat(this.stripe.stripe().transcript().get(0).value()).isEqualTo(-5);
	}

	@Test
	void anEventIsTakenBetween35DaysBackAnd5MinutesAhead() throws StripeException {
		long now = this.stripe.now().getEpochSecond();
		long oldest = now - Duration.ofDays(35).toSeconds();
		long newest = now + Duration.ofMinutes(5).toSeconds();

		this.stripe.report(FakeStripeFixture.event("tokens", this.customer, "a", 1).setTimestamp(oldest).build(), "a");
		this.stripe.report(FakeStripeFixture.event("tokens", this.customer, "b", 1).setTimestamp(newest).build(), "b");

		assertThat(refusalOf(FakeStripeFixture.event("tokens", this.customer, "c", 1).setTimestamp(oldest - 1)))
			.isEqualTo("timestamp_too_far_in_past");
		assertThat(refusalOf(FakeStripeFixture.event("tokens", this.customer, "d", 1).setTimestamp(newest + 1)))
			.isEqualTo("timestamp_in_future");
	}

	@Test
	void theSameCallWithTheSameKeyIsAnsweredAgainAndCountsOnce() throws StripeException {
		MeterEvent first = this.stripe.report("tokens", this.customer, "u:1", 7);
		MeterEvent again = this.stripe.report("tokens", this.customer, "u:1", 7);

		assertThat(again.toJson()).isEqualTo(first.toJson());
		assertThat(again.getLastResponse().headers().firstValue("Idempotent-Replayed")).hasValue("true");
		assertThat(this.stripe.stripe().transcript()).hasSize(1);
	}

	@Test
	void anotherCallWithTheSameKeyIsAnIdempotencyError() throws StripeException {
		this.stripe.report("tokens", this.customer, "u:1", 7);

		StripeException refusal = FakeStripeFixture
			.refusal(() -> this.stripe.report("tokens", this.customer, "u:1", 8));

		assertThat(refusal).isInstanceOf(IdempotencyException.class);
		assertThat(refusal.getStatusCode()).isEqualTo(400);
	}

	@Test
	void aKeyIsForgottenAfterADay() throws StripeException {
		this.stripe.report("tokens", this.customer, "u:1", 7);
		this.stripe.pass(Duration.ofHours(24));

		this.stripe.report("tokens", this.customer, "u:1", 8);

		assertThat(this.stripe.stripe().transcript()).hasSize(2);
	}

	@Test
	void aStored500IsAnsweredAgainToItsKeyOnly() throws StripeException {
		this.stripe.stripe().fail(Fault.next(1, Fault.Kind.SERVER_ERROR));
		MeterEventCreateParams event = FakeStripeFixture.event("tokens", this.customer, "u:1", 1).build();

		assertThat(FakeStripeFixture.refusal(() -> this.stripe.report(event, "u:1:1")))
			.isInstanceOf(ApiException.class);
		assertThat(FakeStripeFixture.refusal(() -> this.stripe.report(event, "u:1:1")).getStatusCode()).isEqualTo(500);
		this.stripe.report(event, "u:1:2");

		assertThat(this.stripe.stripe().transcript()).hasSize(1);
	}

	@Test
	void aRefusalIsNotStoredUnderItsKey() throws StripeException {
		assertThat(FakeStripeFixture.refusal(() -> this.stripe.report("later", this.customer, "u:1", 1))).isNotNull();
		this.stripe.meter("later");

		this.stripe.report("later", this.customer, "u:1", 1);

		assertThat(this.stripe.stripe().transcript()).hasSize(1);
	}

	@Test
	void a429IsNotStoredUnderItsKeyAndSaysWhichLimitItWas() throws StripeException {
		this.stripe.stripe().fail(Fault.next(1, Fault.Kind.RATE_LIMITED));

		StripeException refusal = FakeStripeFixture
			.refusal(() -> this.stripe.report("tokens", this.customer, "u:1", 1));

		assertThat(refusal).isInstanceOf(RateLimitException.class);
		this.stripe.report("tokens", this.customer, "u:1", 1);
		assertThat(this.stripe.stripe().transcript()).hasSize(1);
	}

	@Test
	void aSecondCallOfTheSameCustomerAndMeterAtTheSameTimeIs429() throws StripeException {
		this.stripe.stripe().fail(Fault.slow(1, Duration.ofMillis(1_000)));
		String other = this.stripe.customer().getId();
		Thread slow = new Thread(
				() -> FakeStripeFixture.refusal(() -> this.stripe.report("tokens", this.customer, "u:1", 1)));
		slow.start();
		while (this.stripe.stripe().transcript().isEmpty()) {
			Thread.onSpinWait();
		}

		HttpResponse<String> second = this.stripe.post("/v1/billing/meter_events",
				"event_name=tokens&payload[stripe_customer_id]=" + this.customer + "&payload[value]=1&identifier=u:2");
		this.stripe.report("tokens", other, "u:3", 1);

		assertThat(second.statusCode()).isEqualTo(429);
		assertThat(second.headers().firstValue("Stripe-Rate-Limited-Reason")).hasValue("resource-specific");
		assertThat(this.stripe.stripe().transcript()).extracting(AcceptedEvent::identifier)
			.containsExactly("u:1", "u:3");
	}

	@Test
	void aHangingCallFreesItsLaneWhenTheCallerLeaves() throws Exception {
		this.stripe.stripe().fail(Fault.next(1, Fault.Kind.HANG));

		assertThat(FakeStripeFixture.refusal(() -> this.stripe.report("tokens", this.customer, "u:1", 1)))
			.isInstanceOf(ApiConnectionException.class);

		org.awaitility.Awaitility.await()
			.atMost(Duration.ofSeconds(5))
			.ignoreExceptionsInstanceOf(RateLimitException.class)
			.until(() -> this.stripe.report("tokens", this.customer, "u:1", 1) != null);
		assertThat(this.stripe.stripe().transcript()).hasSize(1);
	}

	@ParameterizedTest
	@ValueSource(strings = { "drop_answer", "hang_after_commit", "server_error_after_commit" })
	void anEventCanBeTakenWithoutAnAnswerToTellSo(String kind) {
		assertThat(this.stripe.http("POST", "/__faults", "application/json", "{\"kind\":\"" + kind + "\",\"times\":1}")
			.statusCode()).isEqualTo(200);

		assertThat(FakeStripeFixture.refusal(() -> this.stripe.report("tokens", this.customer, "u:1", 1))).isNotNull();

		assertThat(this.stripe.stripe().transcript()).hasSize(1);
		assertThat(FakeStripeFixture.refusal(
				() -> this.stripe.report(FakeStripeFixture.event("tokens", this.customer, "u:1", 1).build(), "new")))
			.isNotNull();
		assertThat(this.stripe.stripe().transcript()).hasSize(1);
	}

	@ParameterizedTest
	@ValueSource(strings = { "hang", "garbage", "unauthorized", "rate_limited", "server_error" })
	void otherFaultsTakeNoEvent(String kind) {
		this.stripe.http("POST", "/__faults", "application/json", "{\"kind\":\"" + kind + "\"}");

		assertThat(org.assertj.core.api.Assertions
			.catchThrowable(() -> this.stripe.report("tokens", this.customer, "u:1", 1))).isNotNull();

		assertThat(this.stripe.stripe().transcript()).isEmpty();
	}

	@Test
	void aRevokedKeyIsAnAuthenticationError() {
		this.stripe.stripe().fail(Fault.next(1, Fault.Kind.UNAUTHORIZED));

		assertThat(FakeStripeFixture.refusal(() -> this.stripe.report("tokens", this.customer, "u:1", 1)))
			.isInstanceOf(AuthenticationException.class);
	}

	@Test
	void aFaultOfOneAccountLeavesTheOthersAlone() throws StripeException {
		this.stripe.stripe().fail(Fault.next(5, Fault.Kind.RATE_LIMITED).of("acct_two"));

		this.stripe.report("tokens", this.customer, "u:1", 1);

		assertThat(this.stripe.http("GET", "/__faults", "text/plain", "").body()).contains("\"times\":5");
	}

	@Test
	void faultsCanBeTakenBack() throws StripeException {
		this.stripe.stripe().fail(Fault.next(5, Fault.Kind.RATE_LIMITED));

		this.stripe.http("DELETE", "/__faults", "text/plain", "");

		this.stripe.report("tokens", this.customer, "u:1", 1);
	}

	@Test
	void theTranscriptIsReadableOverHttpWithTotals() throws StripeException {
		this.stripe.report("tokens", this.customer, "u:1", 3);
		this.stripe.report("tokens", this.customer, "u:2", 4);

		String transcript = this.stripe.http("GET", "/__transcript?account=acct_one", "text/plain", "").body();

		assertThat(transcript).contains("\"identifier\":\"u:1\"", "\"events\":2,\"value\":7");
		assertThat(this.stripe.http("GET", "/__transcript?account=acct_two", "text/plain", "").body())
			.isEqualTo("{\"events\":[],\"totals\":[]}");
	}

	@Test
	void aSummaryCountsAnEventOnlyAfterTheLag() throws StripeException {
		this.stripe.report("tokens", this.customer, "u:1", 5);
		assertThat(summaries(null, FakeStripeFixture.START, FakeStripeFixture.START.plusSeconds(60))).isEmpty();

		this.stripe.pass(Duration.ofSeconds(2));

		assertThat(summaries(null, FakeStripeFixture.START, FakeStripeFixture.START.plusSeconds(60)))
			.extracting((summary) -> summary.getAggregatedValue().intValueExact())
			.containsExactly(5);
	}

	@Test
	void aSummaryByTheHourHasTheHoursWithUsageNewestFirst() throws StripeException {
		this.stripe.report("tokens", this.customer, "u:1", 1);
		this.stripe.report("tokens", this.customer, "u:2", 2);
		this.stripe.pass(Duration.ofHours(2));
		this.stripe.report("tokens", this.customer, "u:3", 4);
		this.stripe.pass(Duration.ofSeconds(2));

		List<MeterEventSummary> hours = summaries(MeterEventSummaryListParams.ValueGroupingWindow.HOUR,
				FakeStripeFixture.START, FakeStripeFixture.START.plus(Duration.ofHours(3)));

		assertThat(hours).extracting((hour) -> hour.getAggregatedValue().intValueExact()).containsExactly(4, 3);
		assertThat(hours.get(1).getEndTime() - hours.get(1).getStartTime()).isEqualTo(3_600);
		assertThat(hours.get(0).getMeter()).isEqualTo(this.meter);
	}

	@Test
	void aSummaryOffTheGridIsRefused() {
		assertThat(FakeStripeFixture.refusal(
				() -> summaries(null, FakeStripeFixture.START.plusSeconds(1), FakeStripeFixture.START.plusSeconds(60)))
			.getStripeError()
			.getParam()).isEqualTo("start_time");
		assertThat(FakeStripeFixture
			.refusal(() -> summaries(MeterEventSummaryListParams.ValueGroupingWindow.DAY, FakeStripeFixture.START,
					FakeStripeFixture.START.plusSeconds(3_600)))
			.getStripeError()
			.getParam()).isEqualTo("end_time");
	}

	@Test
	void anAdjustmentTakesAnEventOutOfTheSummary() throws StripeException {
		this.stripe.report("tokens", this.customer, "u:1", 5);
		this.stripe.report("tokens", this.customer, "u:2", 6);

		this.stripe.client()
			.v1()
			.billing()
			.meterEventAdjustments()
			.create(MeterEventAdjustmentCreateParams.builder()
				.setEventName("tokens")
				.setType(MeterEventAdjustmentCreateParams.Type.CANCEL)
				.setCancel(MeterEventAdjustmentCreateParams.Cancel.builder().setIdentifier("u:1").build())
				.build());
		this.stripe.pass(Duration.ofSeconds(2));

		assertThat(summaries(null, FakeStripeFixture.START, FakeStripeFixture.START.plusSeconds(60)))
			.extracting((summary) -> summary.getAggregatedValue().intValueExact())
			.containsExactly(6);
	}

	private List<MeterEventSummary> summaries(MeterEventSummaryListParams.ValueGroupingWindow window, Instant from,
			Instant to) throws StripeException {
		MeterEventSummaryListParams.Builder params = MeterEventSummaryListParams.builder()
			.setCustomer(this.customer)
			.setStartTime(from.getEpochSecond())
			.setEndTime(to.getEpochSecond());
		if (window != null) {
			params.setValueGroupingWindow(window);
		}
		return this.stripe.client().v1().billing().meters().eventSummaries().list(this.meter, params.build()).getData();
	}

	private String refusalOf(MeterEventCreateParams.Builder event) {
		StripeException refusal = FakeStripeFixture.refusal(() -> this.stripe.report(event.build(), "key"));
		assertThat(refusal.getStatusCode()).isEqualTo(400);
		return refusal.getCode();
	}

}
