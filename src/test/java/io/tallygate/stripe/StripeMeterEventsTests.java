package io.tallygate.stripe;

import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tallygate.agency.StripeConnection;
import io.tallygate.agency.StripeConnection.KeyKind;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import io.tallygate.core.Secret;
import io.tallygate.core.SecretBox;
import io.tallygate.fault.Matrix;
import io.tallygate.stripe.MeterEventAnswer.Fault;
import io.tallygate.stripe.MeterEventAnswer.Refused;
import io.tallygate.support.StripeStubs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

/** What becomes of a meter event at Stripe's socket. */
class StripeMeterEventsTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private static final AgencyId AGENCY = new AgencyId("agy_" + "0".repeat(Ids.BODY_LENGTH));

	private static final AgencyId OTHER = new AgencyId("agy_" + "1".repeat(Ids.BODY_LENGTH));

	private static final Map<AgencyId, String> KEYS = Map.of(AGENCY, "sk_test_0123456789", OTHER, "sk_test_9876543210");

	private static final MeterEvent EVENT = new MeterEvent("tokens", "mev-1", "cus_1", 3,
			Instant.parse("2026-11-21T10:00:00.900Z"), "mev-1:1");

	private final StripeStubs stripe = new StripeStubs();

	private final StripeProperties properties = new StripeProperties(this.stripe.apiBase(), null, Duration.ofSeconds(1),
			Duration.ofSeconds(1), Duration.ofMillis(500), 6, 4, 5, 100);

	private final StripeCalls calls = new StripeCalls(this.properties, StripeMeterEventsTests::connection,
			Clock.systemUTC(), new SimpleMeterRegistry());

	private final MeterEvents events = over(this.calls);

	@AfterEach
	void close() {
		this.calls.close();
		this.stripe.close();
	}

	@Test
	void anEventIsWrittenAsStripeReadsIt() {
		this.stripe.acceptsMeterEvents();

		assertThat(send()).isEqualTo(new MeterEventAnswer.Accepted());

		assertThat(this.stripe.lastMeterEvent().split("&")).containsExactlyInAnyOrder("event_name=tokens",
				"identifier=mev-1", "payload[stripe_customer_id]=cus_1", "payload[value]=3", "timestamp=1795255200");
		assertThat(this.stripe.lastHeader("Idempotency-Key")).isEqualTo("mev-1:1");
		assertThat(this.stripe.lastHeader("Authorization")).isEqualTo("Bearer " + KEYS.get(AGENCY));
	}

	@ParameterizedTest
	@CsvSource({ "resource_already_exists, Duplicate", "'', An event already exists with identifier mev-1." })
	@Matrix({ 14, 44 })
	void aKnownIdentifierMeansThatAnEarlierAttemptArrived(String code, String message) {
		this.stripe.refusesMeterEvents(400, code, message);

		assertThat(send()).isEqualTo(new MeterEventAnswer.Duplicate());
	}

	@ParameterizedTest
	@CsvSource({ "429, lock_timeout", "429, rate_limit", "409, idempotency_key_in_use" })
	@Matrix({ 42, 45 })
	void whatStripeHadNoTimeForIsTriedAgain(int status, String code) {
		this.stripe.refusesMeterEvents(status, code, "Later");

		assertThat(send()).isEqualTo(new MeterEventAnswer.Busy("Later", null));
	}

	@Test
	@Matrix(43)
	void aFailureOfStripeLeavesADoubt() {
		this.stripe.refusesMeterEvents(500, "", "Oops");

		assertThat(send()).isEqualTo(new MeterEventAnswer.Failed("Oops"));
	}

	@Test
	@Matrix(53)
	void aFailureOfWhatStandsBeforeStripeLeavesADoubtToo() {
		this.stripe.answersMeterEvents(502, "<html>Bad gateway</html>");

		assertThat(send()).isInstanceOf(MeterEventAnswer.Failed.class);
	}

	@ParameterizedTest
	@CsvSource({ "200, <html>", "200, '{\"object\": \"billing.mete'", "400, <html>", "403, <html>" })
	@Matrix(53)
	void anAnswerThatIsNotStripesIsNone(int status, String body) {
		this.stripe.answersMeterEvents(status, body);

		assertThat(send()).isInstanceOf(MeterEventAnswer.Unanswered.class);
	}

	@ParameterizedTest
	@CsvSource({ "401", "403" })
	@Matrix(47)
	void aRefusedKeyIsNoFaultOfTheEvent(int status) {
		this.stripe.refusesMeterEvents(status, "", "Invalid API Key provided: " + KEYS.get(AGENCY));

		assertThat(send()).isEqualTo(new MeterEventAnswer.KeyRefused("Invalid API Key provided: ••••"));
	}

	@ParameterizedTest
	@CsvSource({ "400, meter_event_customer_not_found, Gone, CUSTOMER",
			"400, meter_event_no_customer_defined, , CUSTOMER",
			"400, resource_missing, No such customer: 'cus_1', CUSTOMER",
			"404, resource_missing, No such customer, CUSTOMER", "400, no_meter, , METER",
			"400, archived_meter, , METER", "400, '', No active meter found for event name tokens, METER",
			"400, timestamp_too_far_in_past, , AGE", "400, timestamp_in_future, , AGE",
			"400, '', The event timestamp cannot be more than 35 days in past, AGE",
			"400, meter_event_invalid_value, , VALUE", "422, something_new, , VALUE" })
	void aRefusalNamesWhatIsAtFault(int status, String code, String message, Fault fault) {
		this.stripe.refusesMeterEvents(status, code, String.valueOf(message));

		assertThat(send()).isInstanceOfSatisfying(Refused.class,
				(refused) -> assertThat(refused.kind()).isEqualTo(fault));
	}

	@Test
	@Matrix(45)
	void anIdempotencyKeyUsedForAnotherEventIsAFaultOfTheValue() {
		this.stripe.answersMeterEvents(400,
				"{\"error\": {\"type\": \"idempotency_error\", \"message\": \"Keys can only be used once\"}}");

		assertThat(send()).isEqualTo(new Refused("idempotency_error", "Keys can only be used once", Fault.VALUE));
	}

	@Test
	@Matrix(53)
	void aConnectionClosedWithoutAnAnswerIsNotTriedAgainBehindOurBack() {
		this.stripe.acceptsMeterEvents();
		send();
		this.stripe.hangsUpOnMeterEvents();

		assertThat(send()).isInstanceOf(MeterEventAnswer.Unanswered.class);

		assertThat(this.stripe.meterEvents()).isEqualTo(2);
	}

	@Test
	@Matrix(44)
	void anAnswerThatDoesNotComeIsNone() {
		this.stripe.keepsWaiting(KEYS.get(AGENCY), Duration.ofSeconds(2));

		assertThat(send()).isInstanceOf(MeterEventAnswer.Unanswered.class);
	}

	@Test
	@Matrix({ 42, 44 })
	void anAccountThatHangsKeepsNobodyElseWaiting() {
		this.stripe.acceptsMeterEvents();
		this.stripe.keepsWaiting(KEYS.get(AGENCY), Duration.ofSeconds(2));
		Disposable hanging = Flux.range(0, 9).flatMap((i) -> this.events.send(AGENCY, EVENT)).subscribe();

		Instant began = Instant.now();
		MeterEventAnswer answer = this.events.send(OTHER, EVENT).block(PATIENCE);

		assertThat(answer).isEqualTo(new MeterEventAnswer.Accepted());
		assertThat(Duration.between(began, Instant.now())).isLessThan(Duration.ofMillis(900));
		hanging.dispose();
	}

	@Test
	void whatWaitedTooLongForItsTurnIsNotSent() {
		this.stripe.keepsWaiting(KEYS.get(AGENCY), Duration.ofSeconds(2));

		List<MeterEventAnswer> answers = Flux.range(0, 5)
			.flatMap((i) -> this.events.send(AGENCY, EVENT))
			.collectList()
			.block(PATIENCE);

		assertThat(answers).filteredOn(MeterEventAnswer.Busy.class::isInstance).hasSize(1);
		assertThat(this.stripe.meterEvents()).isEqualTo(4);
	}

	@Test
	void tooManyThatWaitAreRefusedAtOnce() {
		this.stripe.keepsWaiting(KEYS.get(AGENCY), Duration.ofSeconds(2));

		List<MeterEventAnswer> first = Flux.range(0, 12)
			.flatMap((i) -> this.events.send(AGENCY, EVENT))
			.take(3)
			.collectList()
			.block(Duration.ofMillis(900));

		assertThat(first).hasSize(3).allMatch(MeterEventAnswer.Busy.class::isInstance);
	}

	@Test
	void aCallThatBeganRunsToItsEnd() throws InterruptedException {
		CountDownLatch began = new CountDownLatch(1);
		CountDownLatch left = new CountDownLatch(1);
		AtomicBoolean ended = new AtomicBoolean();
		Disposable caller = this.calls.call(AGENCY, (stripe) -> {
			began.countDown();
			await().until(() -> left.getCount() == 0);
			ended.set(true);
			return "";
		}).subscribe();
		began.await();

		caller.dispose();
		left.countDown();
		this.calls.close();

		assertThat(ended).isTrue();
	}

	@Test
	void aSummaryAddsUpWhatStripeAggregated() {
		this.stripe.hasSummaries("mtr_1", "3", "4.5");

		assertThat(this.events.summary(AGENCY, "mtr_1", "cus_1", Instant.EPOCH, Instant.EPOCH.plusSeconds(3600))
			.block(PATIENCE)).isEqualByComparingTo(new BigDecimal("7.5"));
	}

	@Test
	void aSummaryThatStripeDoesNotGiveIsAnError() {
		this.stripe.refusesTheKey("No");

		assertThatThrownBy(
				() -> this.events.summary(AGENCY, "mtr_1", "cus_1", Instant.EPOCH, Instant.EPOCH.plusSeconds(3600))
					.block(PATIENCE))
			.isInstanceOf(StripeProblem.class);
	}

	@Test
	void withoutAConnectionTheKeyIsWhatIsMissing() {
		MeterEvents unconnected = over(new StripeCalls(this.properties, (agency) -> Mono.empty(), Clock.systemUTC(),
				new SimpleMeterRegistry()));

		assertThat(unconnected.send(AGENCY, EVENT).block(PATIENCE)).isInstanceOf(MeterEventAnswer.KeyRefused.class);
	}

	@Test
	void aKeyThatCannotBeOpenedIsNoCrash() {
		SecretBox box = new SecretBox(List.of(new byte[32]));
		MeterEvents sealed = over(new StripeCalls(this.properties, (agency) -> Mono.fromCallable(() -> {
			box.open("stripe-key", agency.value(), new byte[40]);
			return null;
		}), Clock.systemUTC(), new SimpleMeterRegistry()));

		assertThat(sealed.send(AGENCY, EVENT).block(PATIENCE)).isInstanceOf(MeterEventAnswer.KeyRefused.class);
	}

	@ParameterizedTest
	@CsvSource({ "sk_test_sandbox_1, http://fake", "rk_test_sandbox_1, http://fake",
			"sk_test_1, https://api.stripe.com", "sk_live_1, https://api.stripe.com" })
	void onlyTheSandboxsOwnKeysGoToItsFake(String key, String base) {
		StripeProperties ofSandbox = new StripeProperties(" ", "http://fake", PATIENCE, PATIENCE, PATIENCE, 1, 1, 1, 1);

		assertThat(ofSandbox.baseFor(Secret.of(key))).isEqualTo(base);
	}

	private static MeterEvents over(StripeCalls calls) {
		return new StripeMeterEvents(calls, new MeterEventStream(calls, Clock.systemUTC()));
	}

	private MeterEventAnswer send() {
		return this.events.send(AGENCY, EVENT).block(PATIENCE);
	}

	private static Mono<StripeConnection> connection(AgencyId agency) {
		return Mono.just(new StripeConnection("acct_1", null, false, "eur", KeyKind.SECRET, Secret.of(KEYS.get(agency)),
				null, List.of()));
	}

}
