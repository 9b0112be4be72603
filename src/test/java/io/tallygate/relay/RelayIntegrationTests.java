package io.tallygate.relay;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import ch.qos.logback.classic.Level;
import io.tallygate.client.ChargeBy;
import io.tallygate.fault.Matrix;
import io.tallygate.metering.Admission;
import io.tallygate.metering.Outcome;
import io.tallygate.provider.ModelPattern;
import io.tallygate.provider.Usage;
import io.tallygate.support.RawClient;
import io.tallygate.support.ScriptedProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.blockhound.BlockHound;

import static org.assertj.core.api.Assertions.assertThat;

/** What a client app sees of the data plane, and what metering is told. */
class RelayIntegrationTests {

	private static final String JSON_REQUEST = "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

	private static final String STREAM_REQUEST = "{\"model\":\"gpt-4o\",\"stream\":true,\"messages\":[]}";

	private static final String JSON_ANSWER = "{\"id\":\"chatcmpl-1\", \"choices\":[{\"message\":{\"content\":\"hé\"}}],\n"
			+ "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}\n";

	private static final String USAGE_CHUNK = "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}\n\n";

	private static final String DONE = "data: [DONE]\n\n";

	private static RelayFixture relay;

	@BeforeAll
	static void start() {
		BlockHound.install();
		relay = new RelayFixture("tallygate.body-bytes-max=1MB", "tallygate.relay.whole-answer-max=64KB",
				"tallygate.shutdown-grace=5s");
	}

	@AfterAll
	static void stop() {
		relay.close();
	}

	@BeforeEach
	void reset() {
		relay.reset();
	}

	@AfterEach
	void nothingLeaksAndNothingIsLeftRunning() throws InterruptedException {
		for (int i = 0; i < 100 && relay.exchanges().running() > 0; i++) {
			Thread.sleep(20);
		}
		assertThat(relay.exchanges().running()).isZero();
		assertThat(relay.exchanges().draining()).isZero();
		assertThat(relay.context.getBean(BufferedBytes.class).held()).isZero();
		assertThat(relay.logged(Level.ERROR)).isEmpty();
	}

	@Test
	void aJsonAnswerComesByteForByteWithTheProvidersHeadersAndIsBilled() {
		relay.provider.answers(ScriptedProvider.json(200, JSON_ANSWER, "x-request-id: theirs", "Set-Cookie: a=b"));

		RawClient.Answer answer = relay.chat(JSON_REQUEST).answer();

		assertThat(answer.status()).isEqualTo(200);
		assertThat(answer.body()).isEqualTo(JSON_ANSWER);
		assertThat(answer.header("x-request-id")).isEqualTo(relay.meter.opened().get(0).request().value());
		assertThat(answer.header("x-provider-request-id")).isEqualTo("theirs");
		assertThat(answer.header("set-cookie")).isEmpty();
		Outcome outcome = relay.meter.outcome();
		assertThat(outcome.status()).isEqualTo(Outcome.Status.BILLED);
		assertThat(outcome.usage()).isEqualTo(Usage.of(3, 4));
		assertThat(outcome.messages()).isEqualTo(1);
		assertThat(outcome.httpStatus()).isEqualTo(200);
		assertThat(outcome.providerRequestId()).isEqualTo("theirs");
		assertThat(outcome.clientDisconnected()).isFalse();
	}

	@Test
	void theRequestGoesUpstreamAsItIsWithTheAgencysCredentialOnly() {
		relay.provider.answers(ScriptedProvider.json(200, JSON_ANSWER));

		relay.client()
			.post("/v1/chat/completions", JSON_REQUEST, "Authorization: Bearer " + RelayFixture.KEY,
					"Connection: authorization, x-forwarded-for", "Cookie: a=b", "X-Forwarded-For: 1.2.3.4",
					"OpenAI-Organization: org", "x-api-key: tg_other")
			.answer();

		ScriptedProvider.Received received = relay.provider.request();
		assertThat(received.method()).isEqualTo("POST");
		assertThat(received.uri()).isEqualTo("/v1/chat/completions");
		assertThat(received.body()).isEqualTo(JSON_REQUEST);
		assertThat(received.headers().getAll("authorization"))
			.containsExactly("Bearer " + RelayFixture.PROVIDER_SECRET);
		assertThat(received.headers().names().stream().map(String::toLowerCase)).containsExactlyInAnyOrder("host",
				"accept", "content-type", "content-length", "user-agent", "accept-encoding", "authorization");
		assertThat(received.headers().toString()).doesNotContain("tg_");
	}

	@Test
	void aStreamComesByteForByteWithoutTheUsageChunkThatTheClientDidNotAskFor() {
		List<byte[]> events = events(10, "\n");
		relay.provider.answers(ScriptedProvider.stream(with(events, USAGE_CHUNK, DONE)));

		RawClient.Answer answer = relay.chat(STREAM_REQUEST).answer();

		assertThat(answer.whole()).isTrue();
		assertThat(answer.body()).isEqualTo(text(with(events, DONE)));
		assertThat(relay.provider.request().body()).contains("\"include_usage\":true");
		assertThat(relay.meter.outcome().usage()).isEqualTo(Usage.of(3, 4));
		assertThat(relay.meter.outcome().streamed()).isTrue();
		assertThat(relay.meter.outcome().messages()).isEqualTo(1);
	}

	@Test
	void aClientThatAsksForUsageGetsItsChunk() {
		List<byte[]> events = with(events(3, "\r\n"), USAGE_CHUNK, DONE);
		relay.provider.answers(ScriptedProvider.stream(events));

		RawClient.Answer answer = relay
			.chat("{\"model\":\"gpt-4o\",\"stream\":true,\"stream_options\":{\"include_usage\":true}}")
			.answer();

		assertThat(answer.body()).isEqualTo(text(events));
		assertThat(relay.meter.outcome().usage()).isEqualTo(Usage.of(3, 4));
	}

	@Test
	@Matrix(60)
	void aStreamMayComeOneByteAtATime() {
		List<byte[]> events = events(3, "\n");
		List<byte[]> bytes = new ArrayList<>();
		for (byte b : text(with(events, USAGE_CHUNK, DONE)).getBytes(StandardCharsets.UTF_8)) {
			bytes.add(new byte[] { b });
		}
		relay.provider.answers(ScriptedProvider.stream(bytes));

		RawClient.Answer answer = relay.chat(STREAM_REQUEST).answer();

		assertThat(answer.body()).isEqualTo(text(with(events, DONE)));
		assertThat(relay.meter.outcome().usage()).isEqualTo(Usage.of(3, 4));
	}

	@Test
	void aStreamIsPassedOnAsItComes() {
		relay.provider
			.answers(ScriptedProvider.stream(with(events(1, "\n"), USAGE_CHUNK, DONE)).pausing(Duration.ofMillis(300)));
		long start = System.nanoTime();

		RawClient client = relay.chat(STREAM_REQUEST);
		client.readBytes(200);

		assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMillis(800));
		client.close();
		assertThat(relay.meter.outcome().usage()).isEqualTo(Usage.of(3, 4));
	}

	@Test
	@Matrix(62)
	void aLargeJsonAnswerIsStreamedByteForByte() {
		String large = "{\"id\":\"x\",\"choices\":[{\"message\":{\"content\":\"" + "ab".repeat(500_000)
				+ "\"}}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}";
		relay.provider.answers(ScriptedProvider.json(200, large));

		RawClient.Answer answer = relay.chat(JSON_REQUEST).answer();

		assertThat(answer.whole()).isTrue();
		assertThat(answer.body()).isEqualTo(large);
		assertThat(relay.meter.outcome().usage()).isEqualTo(Usage.of(3, 4));
	}

	@ParameterizedTest
	@ValueSource(ints = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 })
	@Matrix(65)
	void aClientThatHangsUpIsBilledWhatTheProviderReportsExactlyOnce(int tenth) throws InterruptedException {
		relay.provider
			.answers(ScriptedProvider.stream(with(events(20, "\n"), USAGE_CHUNK, DONE)).pausing(Duration.ofMillis(5)));
		int length = text(events(20, "\n")).length();

		RawClient client = relay.chat(STREAM_REQUEST);
		relay.provider.request();
		if (tenth > 0) {
			client.readBytes(length * tenth / 10);
		}
		client.close();

		Outcome outcome = relay.meter.outcome();
		assertThat(outcome.status()).isEqualTo(Outcome.Status.BILLED);
		assertThat(outcome.usage()).isEqualTo(Usage.of(3, 4));
		assertThat(relay.provider.aborted()).isZero();
	}

	@Test
	@Matrix(65)
	void aClientThatHangsUpBeforeAJsonAnswerIsBilledToo() {
		ScriptedProvider.Script whole = ScriptedProvider.json(200, JSON_ANSWER);
		byte[] bytes = whole.pieces().get(0);
		relay.provider.answers(new ScriptedProvider.Script(
				List.of(java.util.Arrays.copyOf(bytes, 10), java.util.Arrays.copyOfRange(bytes, 10, bytes.length)),
				Duration.ofMillis(300), false));

		RawClient client = relay.chat(JSON_REQUEST);
		relay.provider.request();
		client.close();

		Outcome outcome = relay.meter.outcome();
		assertThat(outcome.usage()).isEqualTo(Usage.of(3, 4));
		assertThat(outcome.clientDisconnected()).isTrue();
	}

	@Test
	void aClientThatLeavesBeforeTheProviderIsCalledIsFree() throws InterruptedException {
		relay.meter.opensAfter(Duration.ofMillis(300));

		RawClient client = relay.chat(JSON_REQUEST);
		Thread.sleep(100);
		client.close();

		Outcome outcome = relay.meter.outcome();
		assertThat(outcome.status()).isEqualTo(Outcome.Status.FREE);
		assertThat(outcome.provider()).isNull();
		assertThat(outcome.httpStatus()).isEqualTo(499);
		assertThat(relay.provider.requests()).isZero();
	}

	@Test
	void whereTheTermsSaySoTheProviderIsHungUpOnAndTheExchangeEstimated() throws InterruptedException {
		relay.keys.put(RelayFixture.KEY,
				RelayFixture.access(null, List.of(), false, true, RelayFixture.provider(relay.provider.baseUrl())));
		relay.provider.answers(
				ScriptedProvider.stream(with(events(100, "\n"), USAGE_CHUNK, DONE)).pausing(Duration.ofMillis(20)));

		RawClient client = relay.chat(STREAM_REQUEST);
		client.readBytes(600);
		client.close();

		Outcome outcome = relay.meter.outcome();
		assertThat(outcome.status()).isEqualTo(Outcome.Status.ESTIMATED);
		assertThat(outcome.usage().totalTokens()).isPositive();
		assertThat(outcome.clientDisconnected()).isTrue();
		Thread.sleep(100);
		assertThat(relay.provider.aborted()).isEqualTo(1);
	}

	@Test
	@Matrix(59)
	void aProviderThatBreaksOffInMidStreamEndsInAnErrorEventAndACutConnection() {
		relay.provider.answers(ScriptedProvider.stream(with(events(10, "\n"), USAGE_CHUNK, DONE)).abortingAfter(6));

		RawClient.Answer answer = relay.chat(STREAM_REQUEST).answer();

		assertThat(answer.whole()).isFalse();
		assertThat(answer.body()).startsWith(text(events(5, "\n")))
			.contains("\n\ndata: {\"error\":{")
			.contains("provider_bad_response")
			.doesNotContain("[DONE]");
		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.ESTIMATED);
	}

	@Test
	@Matrix(59)
	void withoutUsageASuccessIsEstimatedOrFreeByTheClientsTerms() {
		relay.provider
			.answers(ScriptedProvider.json(200, "{\"choices\":[{\"message\":{\"content\":\"some words\"}}]}"));
		relay.chat(JSON_REQUEST).answer();
		Outcome estimated = relay.meter.outcome();
		relay.meter.reset();
		relay.keys.put(RelayFixture.KEY,
				RelayFixture.access(null, List.of(), true, false, RelayFixture.provider(relay.provider.baseUrl())));

		relay.chat(JSON_REQUEST).answer();

		assertThat(estimated.status()).isEqualTo(Outcome.Status.ESTIMATED);
		assertThat(estimated.usage().output()).isEqualTo(2);
		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.FREE);
	}

	@Test
	@Matrix(55)
	void aProvidersErrorPassesThroughAndIsFree() {
		String error = "{\"error\":{\"message\":\"slow down\",\"type\":\"requests\",\"param\":null,\"code\":\"rate\"}}";
		relay.provider.answers(ScriptedProvider.json(429, error, "Retry-After: 7"));

		RawClient.Answer answer = relay.chat(STREAM_REQUEST).answer();

		assertThat(answer.status()).isEqualTo(429);
		assertThat(answer.header("retry-after")).isEqualTo("7");
		assertThat(answer.body()).isEqualTo(error);
		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.FREE);
		assertThat(relay.meter.outcome().httpStatus()).isEqualTo(429);
		assertThat(relay.meter.outcome().provider()).isNotNull();
	}

	@Test
	@Matrix({ 5, 8 })
	void theEndOfAStreamWaitsForTheCount() {
		relay.meter.closesAfter(Duration.ofMillis(400));
		relay.provider.answers(ScriptedProvider.stream(with(events(2, "\n"), USAGE_CHUNK, DONE)));
		long start = System.nanoTime();

		RawClient.Answer answer = relay.chat(STREAM_REQUEST).answer();

		assertThat(answer.body()).endsWith(DONE);
		assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(390));
	}

	@Test
	@Matrix(16)
	void anAnswerNotYetBegunThatCannotBeCountedIs503() {
		relay.meter.failsToClose();
		relay.provider.answers(ScriptedProvider.json(200, JSON_ANSWER));

		RawClient.Answer answer = relay.chat(JSON_REQUEST).answer();

		assertThat(answer.status()).isEqualTo(503);
		assertThat(answer.body()).contains("metering_unavailable").doesNotContain("chatcmpl");
		assertThat(answer.header("retry-after")).isEqualTo("3");
	}

	@Test
	@Matrix(16)
	void aStreamThatCannotBeCountedEndsInAnErrorEventAndACutConnection() {
		relay.meter.failsToClose();
		relay.provider.answers(ScriptedProvider.stream(with(events(2, "\n"), USAGE_CHUNK, DONE)));

		RawClient.Answer answer = relay.chat(STREAM_REQUEST).answer();

		assertThat(answer.whole()).isFalse();
		assertThat(answer.body()).contains("metering_unavailable").doesNotContain("[DONE]");
	}

	@Test
	@Matrix({ 16, 33 })
	void withoutMeteringNothingIsRelayed() {
		relay.meter.refusesToOpen();

		RawClient.Answer answer = relay.chat(JSON_REQUEST).answer();

		assertThat(answer.status()).isEqualTo(503);
		assertThat(answer.body()).contains("metering_unavailable");
		assertThat(answer.header("retry-after")).isEqualTo("3");
		assertThat(relay.provider.requests()).isZero();
		assertThat(relay.meter.closedSoFar()).isEmpty();
	}

	@Test
	void aClientThatHasReachedItsCapIs402AndTheProviderIsNotAsked() {
		relay.meter.says(new Admission.CapReached(ChargeBy.MESSAGES, new BigDecimal("10"), new BigDecimal("8"),
				new BigDecimal("2"), Instant.parse("2026-12-01T00:00:00Z"), Admission.Rates.NONE));

		RawClient.Answer answer = relay.chat(JSON_REQUEST).answer();

		assertThat(answer.status()).isEqualTo(402);
		assertThat(answer.body()).contains("\"usage_cap_reached\"", "\"billing_error\"",
				"The usage cap of 10 messages is reached: 8 used and up to 2 reserved by requests that are running. "
						+ "It resets at 2026-12-01T00:00:00Z");
		assertThat(answer.header("x-should-retry")).isEqualTo("false");
		assertThat(answer.header("x-request-id")).startsWith("req_");
		assertThat(answer.header("x-ratelimit-limit-requests")).isEmpty();
		assertThat(relay.provider.requests()).isZero();
		assertThat(relay.meter.closedSoFar()).isEmpty();
	}

	@Test
	void aClientAboveItsRateIs429AndToldWhenToComeBack() {
		Admission.RateStanding tokens = new Admission.RateStanding(90_000, 0, Duration.ofSeconds(60));
		relay.meter.says(new Admission.RateExceeded("tokens", 90_000, Duration.ofMillis(1200),
				new Admission.Rates(null, tokens)));

		RawClient.Answer answer = relay.chat(STREAM_REQUEST).answer();

		assertThat(answer.status()).isEqualTo(429);
		assertThat(answer.body()).contains("\"rate_limit_exceeded\"", "\"rate_limit_error\"",
				"The rate limit of 90000 tokens per minute is reached. Try again in 1.2s");
		assertThat(answer.header("retry-after")).isEqualTo("2");
		assertThat(answer.header("retry-after-ms")).isEqualTo("1200");
		assertThat(answer.header("x-should-retry")).isEmpty();
		assertThat(answer.header("x-ratelimit-limit-tokens")).isEqualTo("90000");
		assertThat(answer.header("x-ratelimit-remaining-tokens")).isEqualTo("0");
		assertThat(answer.header("x-ratelimit-reset-tokens")).isEqualTo("1m0s");
		assertThat(relay.provider.requests()).isZero();
		assertThat(relay.meter.closedSoFar()).isEmpty();
	}

	@Test
	void everyAnswerOfAClientWithARateTellsHowItStands() {
		relay.meter.says(new Admission.Admitted(
				new Admission.Rates(new Admission.RateStanding(60, 59, Duration.ofSeconds(1)), null)));

		relay.provider.answers(ScriptedProvider.json(200, JSON_ANSWER, "x-ratelimit-remaining-requests: 4000"));
		relay.provider.answers(ScriptedProvider.json(429, "{}", "x-ratelimit-remaining-requests: 0", "Retry-After: 7"));
		relay.provider.answers(ScriptedProvider.stream(with(events(2, "\n"), USAGE_CHUNK, DONE)));

		assertThat(relay.chat(JSON_REQUEST).answer().header("x-ratelimit-remaining-requests")).isEqualTo("59");
		RawClient.Answer theirs = relay.chat(JSON_REQUEST).answer();
		assertThat(theirs.header("x-ratelimit-remaining-requests")).isEqualTo("0");
		assertThat(theirs.header("retry-after")).isEqualTo("7");
		assertThat(relay.chat(STREAM_REQUEST).answer().header("x-ratelimit-reset-requests")).isEqualTo("1s");
		relay.keys.put(RelayFixture.KEY, RelayFixture.access(RelayFixture.provider("http://127.0.0.1:1/v1")));
		RawClient.Answer unreachable = relay.chat(JSON_REQUEST).answer();
		assertThat(unreachable.status()).isEqualTo(502);
		assertThat(unreachable.header("x-ratelimit-limit-requests")).isEqualTo("60");
	}

	@Test
	void whatARequestMayUseIsReserved() {
		relay.provider.answers(ScriptedProvider.json(200, JSON_ANSWER));
		String bounded = "{\"model\":\"gpt-4o\",\"max_tokens\":100,\"n\":2}";

		relay.chat(JSON_REQUEST).answer();
		relay.chat(bounded).answer();

		assertThat(relay.meter.opened().get(0).tokens()).isEqualTo(JSON_REQUEST.length() / 4 + 16_384);
		assertThat(relay.meter.opened().get(1).tokens()).isEqualTo(bounded.length() / 4 + 200);
		assertThat(relay.meter.opened().get(1).reservation()).isEqualTo((bounded.length() / 4 + 200) * 1000L);
	}

	@Test
	@Matrix(56)
	void aProviderThatRefusesTheConnectionIs502AndFree() {
		relay.keys.put(RelayFixture.KEY, RelayFixture.access(RelayFixture.provider("http://127.0.0.1:1/v1")));

		RawClient.Answer answer = relay.chat(JSON_REQUEST).answer();

		assertThat(answer.status()).isEqualTo(502);
		assertThat(answer.body()).contains("provider_unreachable").doesNotContain("127.0.0.1");
		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.FREE);
		assertThat(relay.meter.outcome().provider()).isNull();
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "HTTP/1.1 200 OK\r\nContent-Le", "garbage\r\n\r\n" })
	@Matrix(63)
	void aProviderThatGivesNoAnswerIs502(String bytes) {
		relay.provider.answers(ScriptedProvider.raw(bytes));

		RawClient.Answer answer = relay.chat(JSON_REQUEST).answer();

		assertThat(answer.status()).isEqualTo(502);
		assertThat(answer.body()).contains("provider_bad_response");
		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.FREE);
		assertThat(relay.meter.outcome().provider()).isNotNull();
	}

	@Test
	@Matrix(57)
	void aProviderThatDoesNotAnswerInTimeIs504() {
		relay.keys.put(RelayFixture.KEY,
				RelayFixture.access(RelayFixture.provider(relay.provider.baseUrl(), Duration.ofMillis(200), true)));

		RawClient.Answer answer = relay.chat(JSON_REQUEST).answer();

		assertThat(answer.status()).isEqualTo(504);
		assertThat(answer.body()).contains("provider_timeout");
	}

	@ParameterizedTest
	@ValueSource(strings = { "X: y", "Authorization: Bearer tg_test_wrong", "Authorization: Basic x" })
	void withoutAKeyThatIsKnownNobodyIsServed(String header) {
		RawClient.Answer answer = relay.client().post("/v1/chat/completions", JSON_REQUEST, header).answer();

		assertThat(answer.status()).isEqualTo(401);
		assertThat(answer.body()).contains("invalid_api_key");
		assertThat(answer.header("x-should-retry")).isEqualTo("false");
		assertThat(answer.header("x-request-id")).startsWith("req_");
		assertThat(relay.meter.opened()).isEmpty();
	}

	@Test
	void aSuspendedClientIs402() {
		relay.keys.put(RelayFixture.KEY, RelayFixture.access("client paused", List.of(), true, true));

		assertThat(relay.chat(JSON_REQUEST).answer().status()).isEqualTo(402);
	}

	@Test
	void aModelThatIsNotAllowedIs403AndOneThatNobodyServesIs404() {
		relay.keys.put(RelayFixture.KEY, RelayFixture.access(null, List.of(new ModelPattern("gpt-5")), true, true,
				RelayFixture.provider(relay.provider.baseUrl())));
		RawClient.Answer notAllowed = relay.chat(JSON_REQUEST).answer();
		relay.keys.put(RelayFixture.KEY, RelayFixture.access(RelayFixture.provider(relay.provider.baseUrl())));

		RawClient.Answer notServed = relay.chat("{\"model\":\"claude-9\"}").answer();

		assertThat(notAllowed.status()).isEqualTo(403);
		assertThat(notAllowed.body()).contains("model_not_allowed");
		assertThat(notServed.status()).isEqualTo(404);
		assertThat(notServed.body()).contains("model_not_found").contains("gpt-*");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", "{", "[]", "nonsense", "{\"model\":\"gpt-4o\"" })
	void whatIsNoJsonObjectIs400(String body) {
		RawClient.Answer answer = relay.chat(body).answer();

		assertThat(answer.status()).isEqualTo(400);
		assertThat(answer.body()).contains("invalid_json");
	}

	@Test
	void tenThousandBracketsAre400AndCostNothing() {
		RawClient.Answer answer = relay.chat("{\"model\":\"gpt-4o\",\"x\":" + "[".repeat(10_000)).answer();

		assertThat(answer.status()).isEqualTo(400);
	}

	@Test
	void aRequestWithoutAModelIs400() {
		RawClient.Answer answer = relay.chat("{}").answer();

		assertThat(answer.status()).isEqualTo(400);
		assertThat(answer.body()).contains("missing_model").contains("\"param\":\"model\"");
	}

	@Test
	void aBodyOverTheBoundIs413WhetherItSaysSoOrNot() {
		RawClient.Answer declared = relay.client()
			.send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + RelayFixture.KEY
					+ "\r\nContent-Length: 1048577\r\n\r\n")
			.answer();
		RawClient.Answer chunked = relay.client()
			.send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + RelayFixture.KEY
					+ "\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n" + "x".repeat(0x100001) + "\r\n")
			.answer();

		assertThat(declared.status()).isEqualTo(413);
		assertThat(chunked.status()).isEqualTo(413);
		assertThat(chunked.body()).contains("request_too_large");
	}

	@Test
	void aCompressedRequestIs415() {
		assertThat(relay.client()
			.post("/v1/chat/completions", "x", "Authorization: Bearer " + RelayFixture.KEY, "Content-Encoding: gzip")
			.answer()
			.status()).isEqualTo(415);
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/chat/completions/", "//v1/chat/completions", "/v1/chat%2fcompletions",
			"/V1/chat/completions", "/v1/./chat/completions", "/v1/chat/completions;x", "/v1/files", "/v1beta/x",
			"/chat/completions" })
	void anotherSpellingIs404InTheApisShapeBeforeAnybodyAsksWhoCalls(String path) {
		RawClient.Answer answer = relay.client().post(path, JSON_REQUEST).answer();

		assertThat(answer.status()).isEqualTo(404);
		assertThat(answer.body()).contains("unknown_path").contains("/v1");
		assertThat(relay.provider.requests()).isZero();
	}

	@ParameterizedTest
	@ValueSource(strings = { "/v1/models", "/v1/chat/completions", "/v1/files" })
	void aHeadIsRefusedLikeAnyOtherMethod(String path) {
		String answer = relay.client()
			.send("HEAD " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			.rest();

		assertThat(answer).startsWith("HTTP/1.1 404 ").contains("x-request-id: req_").endsWith("\r\n\r\n");
		assertThat(relay.provider.requests()).isZero();
	}

	@Test
	void aStreamUnderAnotherContentTypeComesAsItComes() {
		List<byte[]> events = with(events(2, "\n"), USAGE_CHUNK, DONE);
		relay.provider.answers(
				ScriptedProvider.stream(events).named("text/plain; charset=utf-8").pausing(Duration.ofMillis(300)));

		RawClient client = relay.client()
			.post("/v1/chat/completions", STREAM_REQUEST, "Authorization: Bearer " + RelayFixture.KEY,
					"Connection: close");
		client.readEvents(1);

		assertThat(relay.provider.written()).isLessThan(events.size());
		assertThat(client.rest()).contains("[DONE]");
		assertThat(relay.meter.outcome().usage()).isEqualTo(Usage.of(3, 4));
	}

	@Test
	void oneConnectionServesManyRequests() {
		relay.provider.answers(ScriptedProvider.json(200, JSON_ANSWER));
		RawClient client = relay.client();

		for (int i = 0; i < 20; i++) {
			client.post("/v1/chat/completions", JSON_REQUEST, "Authorization: Bearer " + RelayFixture.KEY);
			assertThat(client.answer().body()).isEqualTo(JSON_ANSWER);
		}

		assertThat(relay.meter.opened()).hasSize(20);
	}

	@Test
	@Matrix(66)
	void aClientThatReadsSlowlyHoldsUpTheProviderNotTheMemory() throws InterruptedException {
		byte[] piece = ("data: {\"choices\":[{\"delta\":{\"content\":\"" + "x".repeat(16_000) + "\"}}]}\n\n")
			.getBytes(StandardCharsets.UTF_8);
		List<byte[]> events = new ArrayList<>(java.util.Collections.nCopies(4000, piece));
		relay.provider.answers(ScriptedProvider.stream(with(events, USAGE_CHUNK, DONE)));

		RawClient client = relay.chat(STREAM_REQUEST);
		Thread.sleep(2000);
		int written = relay.provider.written();
		RawClient.Answer answer = client.answer();

		assertThat(written).isLessThan(3000);
		assertThat(answer.whole()).isTrue();
		assertThat(answer.body()).hasSize(4000 * piece.length + DONE.length());
		assertThat(relay.meter.outcome().usage()).isEqualTo(Usage.of(3, 4));
	}

	@Test
	void theModelsAreThoseThatTheProviderListsAndTheClientMayUse() {
		relay.keys.put(RelayFixture.KEY, RelayFixture.access(null, List.of(new ModelPattern("gpt-4*")), true, true,
				RelayFixture.provider(relay.provider.baseUrl())));
		relay.provider.answers(ScriptedProvider.json(200,
				"{\"data\":[{\"id\":\"gpt-4o\",\"owned_by\":\"x\"},{\"id\":\"gpt-5\"},{\"id\":\"whisper\"}]}"));

		RawClient.Answer answer = relay.client()
			.send("GET /v1/models HTTP/1.1\r\nHost: x\r\nx-api-key: " + RelayFixture.KEY + "\r\n\r\n")
			.answer();

		assertThat(answer.body()).isEqualTo("{\"object\":\"list\",\"data\":[{\"id\":\"gpt-4o\",\"owned_by\":\"x\"}]}");
		assertThat(relay.meter.opened()).isEmpty();
		assertThat(relay.provider.request().headers().get("authorization"))
			.isEqualTo("Bearer " + RelayFixture.PROVIDER_SECRET);
	}

	@Test
	void withoutAnyListOfModelsTheAnswerIs502() {
		relay.provider.answers(ScriptedProvider.json(500, "{}"));

		RawClient.Answer answer = relay.client()
			.send("GET /v1/models HTTP/1.1\r\nHost: x\r\nx-api-key: " + RelayFixture.KEY + "\r\n\r\n")
			.answer();

		assertThat(answer.status()).isEqualTo(502);
	}

	@Test
	void everyRequestPassesTheGatewaysRoutesAndFilters() {
		relay.provider.answers(ScriptedProvider.json(200, JSON_ANSWER));

		relay.chat(JSON_REQUEST).answer();
		relay.client().post("/v1/nothing", "").answer();

		assertThat(relay.routes()).containsExactly("chat-completions", "unknown-path");
	}

	@Test
	void keysAndPromptsNeverReachTheLog() {
		relay.provider.answers(ScriptedProvider.raw(""));

		relay.chat("{\"model\":\"gpt-4o\",\"messages\":[\"the-prompt\"]}").answer();

		assertThat(relay.logged(Level.TRACE).toString()).doesNotContain("the-prompt")
			.doesNotContain(RelayFixture.KEY)
			.doesNotContain(RelayFixture.PROVIDER_SECRET);
	}

	private static List<byte[]> events(int count, String end) {
		List<byte[]> events = new ArrayList<>();
		for (int i = 0; i < count; i++) {
			events.add(("data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"wörd " + i + "\"}}]}"
					+ end + end)
				.getBytes(StandardCharsets.UTF_8));
		}
		return events;
	}

	private static List<byte[]> with(List<byte[]> events, String... more) {
		List<byte[]> all = new ArrayList<>(events);
		for (String event : more) {
			all.add(event.getBytes(StandardCharsets.UTF_8));
		}
		return all;
	}

	private static String text(List<byte[]> events) {
		StringBuilder text = new StringBuilder();
		events.forEach((event) -> text.append(new String(event, StandardCharsets.UTF_8)));
		return text.toString();
	}

}
