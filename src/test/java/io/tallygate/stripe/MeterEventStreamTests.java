package io.tallygate.stripe;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;

import com.github.tomakehurst.wiremock.verification.LoggedRequest;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.tallygate.agency.StripeConnection;
import io.tallygate.agency.StripeConnection.KeyKind;
import io.tallygate.agency.StripeConnection.MeterEventWay;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import io.tallygate.core.Secret;
import io.tallygate.stripe.MeterEventAnswer.Fault;
import io.tallygate.support.StripeStubs;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** What becomes of meter events over Stripe's stream, at its socket. */
class MeterEventStreamTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private static final AgencyId AGENCY = new AgencyId("agy_" + "0".repeat(Ids.BODY_LENGTH));

	private static final Instant NOW = Instant.parse("2026-11-21T10:00:00Z");

	private final StripeStubs stripe = new StripeStubs();

	private String key = "sk_test_0123456789";

	private volatile Instant now = NOW;

	private final StripeCalls calls = new StripeCalls(new StripeProperties(this.stripe.apiBase(), null,
			Duration.ofSeconds(1), Duration.ofSeconds(2), PATIENCE, 6, 4, 50, 100), (agency) -> connection(),
			Clock.systemUTC(), new SimpleMeterRegistry());

	private final MeterEvents events = new StripeMeterEvents(this.calls,
			new MeterEventStream(this.calls, () -> this.now));

	@AfterEach
	void close() {
		this.calls.close();
		this.stripe.close();
	}

	@Test
	void anEventIsWrittenAsStripeReadsIt() {
		this.stripe.opensSessions(NOW.plus(Duration.ofMinutes(15)), "token_1");
		this.stripe.acceptsStream("token_1");

		assertThat(send("mev-1")).isEqualTo(new MeterEventAnswer.Accepted());

		LoggedRequest streamed = this.stripe.streamed().get(0);
		assertThat(streamed.getHeader("Authorization")).isEqualTo("Bearer token_1");
		assertThat(streamed.getHeader("Idempotency-Key")).startsWith("stream:");
		JsonNode event = new JsonMapper().readTree(streamed.getBodyAsString()).at("/events/0");
		assertThat(event.path("event_name").asString()).isEqualTo("tokens");
		assertThat(event.path("identifier").asString()).isEqualTo("mev-1");
		assertThat(event.path("timestamp").asString()).isEqualTo("2026-11-21T10:00:00Z");
		assertThat(event.at("/payload/stripe_customer_id").asString()).isEqualTo("cus_1");
		assertThat(event.at("/payload/value").asString()).isEqualTo("3");
		assertThat(this.stripe.meterEvents()).isZero();
	}

	@Test
	void eventsThatComeWhileACallIsUnderWayShareTheNext() {
		this.stripe.opensSessions(NOW.plus(Duration.ofMinutes(15)), "token_1");
		this.stripe.acceptsStreamSlowly("token_1", Duration.ofMillis(300));

		List<MeterEventAnswer> answers = Flux.fromStream(IntStream.range(0, 250).boxed())
			.flatMap((i) -> this.events.send(AGENCY, event("mev-" + i)), 250)
			.collectList()
			.block(PATIENCE);

		assertThat(answers).hasSize(250).allMatch((answer) -> answer instanceof MeterEventAnswer.Accepted);
		List<Integer> sizes = this.stripe.streamed().stream().map(MeterEventStreamTests::size).toList();
		assertThat(sizes).allMatch((size) -> size <= MeterEventStream.EVENTS_MAX).hasSizeLessThanOrEqualTo(5);
		assertThat(sizes.stream().mapToInt((size) -> size).sum()).isEqualTo(250);
		assertThat(this.stripe.sessions()).isEqualTo(1);
	}

	/**
	 * Its row may be another instance's by now, and its identifier forgotten at Stripe.
	 */
	@Test
	void whatWaitedWhileTheProcessStoodStillIsNotSent() {
		this.stripe.opensSessions(NOW.plus(Duration.ofMinutes(15)), "token_1");
		this.stripe.acceptsStreamSlowly("token_1", Duration.ofMillis(500));
		CompletableFuture<MeterEventAnswer> first = this.events.send(AGENCY, event("mev-1")).toFuture();
		await().until(() -> this.stripe.streamed().size() == 1);
		CompletableFuture<MeterEventAnswer> waiting = this.events.send(AGENCY, event("mev-2")).toFuture();

		this.now = NOW.plus(Duration.ofMinutes(5));

		assertThat(first).succeedsWithin(PATIENCE).isEqualTo(new MeterEventAnswer.Accepted());
		assertThat(waiting).succeedsWithin(PATIENCE).isInstanceOf(MeterEventAnswer.Busy.class);
		assertThat(this.stripe.streamed()).hasSize(1);
	}

	@Test
	void aSessionThatHasEndedIsOpenedAnewAndTheEventsAreSentAgain() {
		this.stripe.opensSessions(NOW.plus(Duration.ofMinutes(15)), "token_1", "token_2");
		this.stripe.endsSession("token_1");
		this.stripe.acceptsStream("token_2");

		assertThat(send("mev-1")).isEqualTo(new MeterEventAnswer.Accepted());
		assertThat(send("mev-2")).isEqualTo(new MeterEventAnswer.Accepted());

		assertThat(this.stripe.sessions()).isEqualTo(2);
		assertThat(this.stripe.streamed()).hasSize(3);
	}

	@Test
	void aSessionIsOpenedAnewBeforeItEnds() {
		this.stripe.opensSessions(NOW.plus(Duration.ofMinutes(15)), "token_1", "token_2");
		this.stripe.acceptsStream("token_1");
		this.stripe.acceptsStream("token_2");
		send("mev-1");

		this.now = NOW.plus(Duration.ofMinutes(14));
		send("mev-2");

		assertThat(this.stripe.streamed()).extracting((call) -> call.getHeader("Authorization"))
			.containsExactly("Bearer token_1", "Bearer token_2");
	}

	@Test
	void anotherKeyOpensAnotherSession() {
		this.stripe.opensSessions(NOW.plus(Duration.ofMinutes(15)), "token_1", "token_2");
		this.stripe.acceptsStream("token_1");
		this.stripe.acceptsStream("token_2");
		send("mev-1");

		this.key = "sk_test_another_key";
		send("mev-2");

		assertThat(this.stripe.sessions()).isEqualTo(2);
	}

	/** Else one client's mistake would park the events of all. */
	@Test
	void whatIsRefusedIsRefusedAlone() {
		this.stripe.opensSessions(NOW.plus(Duration.ofMinutes(15)), "token_1");
		this.stripe.acceptsStreamSlowly("token_1", Duration.ofMillis(200));
		this.stripe.refusesInStream("mev-7", "meter_event_invalid_value");

		List<MeterEventAnswer> answers = Flux.fromStream(IntStream.range(0, 20).boxed())
			.flatMapSequential((i) -> this.events.send(AGENCY, event("mev-" + i)), 20)
			.collectList()
			.block(PATIENCE);

		for (int i = 0; i < 20; i++) {
			assertThat(answers.get(i)).as("event " + i)
				.isEqualTo((i == 7) ? new MeterEventAnswer.Refused("meter_event_invalid_value", "No", Fault.VALUE)
						: new MeterEventAnswer.Accepted());
		}
	}

	@Test
	void aCallWithoutAnAnswerLeavesADoubt() {
		this.stripe.opensSessions(NOW.plus(Duration.ofMinutes(15)), "token_1");
		this.stripe.hangsUpOnStream();

		assertThat(send("mev-1")).isInstanceOf(MeterEventAnswer.Unanswered.class);
	}

	@ParameterizedTest
	@CsvSource({ "500", "503" })
	void aFailureOfStripeLeavesADoubt(int status) {
		this.stripe.opensSessions(NOW.plus(Duration.ofMinutes(15)), "token_1");
		this.stripe.answersStream("token_1", status, "{\"error\": {\"type\": \"api_error\", \"message\": \"Oops\"}}");

		assertThat(send("mev-1")).isInstanceOf(MeterEventAnswer.Failed.class);
	}

	@Test
	void whatStripeHasNoTimeForIsTriedAgain() {
		this.stripe.opensSessions(NOW.plus(Duration.ofMinutes(15)), "token_1");
		this.stripe.answersStream("token_1", 429, "{\"error\": {\"type\": \"rate_limit\", \"message\": \"Later\"}}");

		assertThat(send("mev-1")).isInstanceOf(MeterEventAnswer.Busy.class);
	}

	@ParameterizedTest
	@CsvSource({ "401", "403" })
	void aKeyThatOpensNoSessionIsNoFaultOfTheEvent(int status) {
		this.stripe.refusesSessions(status, "Not with this key");

		assertThat(send("mev-1")).isEqualTo(new MeterEventAnswer.KeyRefused("Not with this key"));
	}

	/** The key is good: it opened them. */
	@Test
	void sessionsThatAreNeverGoodPauseNobody() {
		this.stripe.opensSessions(NOW.plus(Duration.ofMinutes(15)), "token_1");
		this.stripe.endsSession("token_1");

		assertThat(send("mev-1")).isInstanceOf(MeterEventAnswer.Busy.class);
		assertThat(this.stripe.sessions()).isEqualTo(2);
	}

	@Test
	void theStreamHasAHostOfItsOwnAtStripe() {
		StripeProperties real = new StripeProperties(null, "http://fake", PATIENCE, PATIENCE, PATIENCE, 1, 1, 1, 1);

		assertThat(real.meterEventsBaseFor(Secret.of("sk_live_1"))).isEqualTo("https://meter-events.stripe.com");
		assertThat(real.meterEventsBaseFor(Secret.of("sk_test_sandbox_1"))).isEqualTo("http://fake");
	}

	private MeterEventAnswer send(String identifier) {
		return this.events.send(AGENCY, event(identifier)).block(PATIENCE);
	}

	private static MeterEvent event(String identifier) {
		return new MeterEvent("tokens", identifier, "cus_1", 3, NOW.plusMillis(900), identifier + ":0");
	}

	private static int size(LoggedRequest call) {
		return new JsonMapper().readTree(call.getBodyAsString()).path("events").size();
	}

	private Mono<StripeConnection> connection() {
		return Mono.just(new StripeConnection("acct_1", null, false, "eur", KeyKind.SECRET, Secret.of(this.key), null,
				List.of(), MeterEventWay.V2_STREAM));
	}

}
