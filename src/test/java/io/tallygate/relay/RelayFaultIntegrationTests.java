package io.tallygate.relay;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

import io.tallygate.fault.Matrix;
import io.tallygate.metering.Outcome;
import io.tallygate.provider.Usage;
import io.tallygate.support.RawClient;
import io.tallygate.support.ScriptedProvider;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.blockhound.BlockHound;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Providers and clients who keep no rule and no time: each costs itself, within bounds.
 */
class RelayFaultIntegrationTests {

	private static final String REQUEST = "{\"model\":\"gpt-4o\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

	private static final String STREAM_REQUEST = "{\"model\":\"gpt-4o\",\"stream\":true,\"messages\":[]}";

	private static final String ANSWER = "{\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}";

	private static RelayFixture relay;

	@BeforeAll
	static void start() {
		BlockHound.install();
		relay = new RelayFixture("tallygate.relay.body-pause-max=300ms", "tallygate.relay.buffered-bytes-max=96KB",
				"tallygate.relay.connect-timeout=500ms", "tallygate.relay.head-time-max=300ms",
				"tallygate.relay.client-stall-max=2s", "tallygate.relay.drain-time-max=1s",
				"tallygate.relay.body-time-max=1s");
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
	void nothingIsLeftRunning() {
		Wait.until("end of all exchanges", 5, () -> relay.exchanges().running() == 0);
		assertThat(relay.context.getBean(BufferedBytes.class).held()).isZero();
	}

	@Test
	void anAnswerForWhichThereIsNoRoomGoesOutPartByPart() {
		byte[] padding = " ".repeat(40_000).getBytes(StandardCharsets.US_ASCII);
		relay.provider.answers(
				ScriptedProvider.json(List.of(padding, padding, padding, ANSWER.getBytes(StandardCharsets.US_ASCII)))
					.pausing(Duration.ofSeconds(1)));

		RawClient client = relay.client()
			.post("/v1/chat/completions", "{\"model\":\"gpt-4o\",\"messages\":[]}",
					"Authorization: Bearer " + RelayFixture.KEY, "Connection: close");
		client.readBytes(60_000);

		assertThat(relay.provider.written()).isLessThan(4);
		assertThat(client.rest()).contains(ANSWER);
		assertThat(relay.meter.outcome().usage()).isEqualTo(Usage.of(3, 4));
	}

	@Test
	@Matrix(56)
	void aProviderWithoutAnAddressIs502AndFree() {
		relay.keys.put(RelayFixture.KEY,
				RelayFixture.access(RelayFixture.provider("http://no-such-host.invalid:80/v1")));

		unreachable();
	}

	@Test
	@Matrix(56)
	void aProviderThatSpeaksNoTlsIs502AndFree() {
		relay.keys.put(RelayFixture.KEY,
				RelayFixture.access(RelayFixture.provider(relay.provider.baseUrl().replace("http://", "https://"))));

		unreachable();
	}

	/** It is accepted by the kernel, and by nobody else. */
	@Test
	@Matrix({ 56, 57 })
	void aProviderThatNeverShakesHandsIs502WithinTheBound() throws IOException {
		try (ServerSocket silent = new ServerSocket(0)) {
			relay.keys.put(RelayFixture.KEY, RelayFixture.access(RelayFixture
				.provider("https://127.0.0.1:" + silent.getLocalPort() + "/v1", Duration.ofMillis(500), true)));

			RawClient.Answer answer = relay.chat(REQUEST).answer();

			assertThat(answer.status()).isIn(502, 504);
			assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.FREE);
		}
	}

	private static void unreachable() {
		RawClient.Answer answer = relay.chat(REQUEST).answer();

		assertThat(answer.status()).isEqualTo(502);
		assertThat(answer.body()).contains("\"code\":\"provider_");
		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.FREE);
		assertThat(relay.provider.requests()).isZero();
	}

	@Test
	@Matrix(58)
	void aProviderThatStallsInMidStreamEndsInAnErrorEventAndAnEstimate() {
		relay.keys.put(RelayFixture.KEY,
				RelayFixture.access(RelayFixture.provider(relay.provider.baseUrl(), Duration.ofMillis(300), true)));
		relay.provider
			.answers(ScriptedProvider.stream(List.of(event("some words"), event("and more"))).stallingAfter(3));

		RawClient.Answer answer = relay.chat(STREAM_REQUEST).answer();

		assertThat(answer.whole()).isFalse();
		assertThat(answer.body()).contains("and more").contains("data: {\"error\":{").contains("provider_timeout");
		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.ESTIMATED);
		assertThat(relay.meter.outcome().usage().output()).isPositive();
		Wait.until("end of the provider's connection", 5, () -> relay.provider.aborted() == 1);
	}

	@ParameterizedTest
	@ValueSource(strings = {
			"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"choices\":[",
			"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + ANSWER })
	@Matrix(63)
	void anAnswerOfAnotherLengthThanItSaysIsNotPassedOff(String bytes) {
		relay.provider.answers(ScriptedProvider.raw(bytes));
		relay.provider.answers(ScriptedProvider.json(200, ANSWER));

		RawClient.Answer broken = relay.chat(REQUEST).answer();
		Outcome outcome = relay.meter.outcome();
		relay.meter.reset();
		RawClient.Answer next = relay.chat(REQUEST).answer();

		assertThat(broken.status()).isEqualTo(502);
		assertThat(outcome.status()).isNotEqualTo(Outcome.Status.BILLED);
		assertThat(next.status()).isEqualTo(200);
		assertThat(next.body()).isEqualTo(ANSWER);
		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.BILLED);
	}

	@Test
	@Matrix(63)
	void whatFollowsAnAnswerIsNotTakenForTheNextOne() {
		String forged = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\"forged\"";
		relay.provider.answers(
				new ScriptedProvider.Script(
						List.of(("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
								+ ANSWER.length() + "\r\n\r\n" + ANSWER + forged)
							.getBytes(StandardCharsets.UTF_8)),
						Duration.ZERO, false));
		relay.provider.answers(ScriptedProvider.json(200, ANSWER));

		List<String> answers = new ArrayList<>();
		for (int i = 0; i < 3; i++) {
			answers.add(relay.chat(REQUEST).answer().body());
		}

		assertThat(answers).containsOnly(ANSWER);
	}

	@Test
	void whatAProviderSaysBeforeItsAnswerIsPassedOver() {
		relay.provider.answers(new ScriptedProvider.Script(
				List.of("HTTP/1.1 102 Processing\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
						"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
						("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + ANSWER.length()
								+ "\r\n\r\n" + ANSWER)
							.getBytes(StandardCharsets.UTF_8)),
				Duration.ofMillis(200), false));

		for (int i = 0; i < 2; i++) {
			RawClient.Answer answer = relay.chat(REQUEST).answer();
			assertThat(answer.status()).isEqualTo(200);
			assertThat(answer.body()).isEqualTo(ANSWER);
			assertThat(relay.meter.outcome().usage()).isEqualTo(Usage.of(3, 4));
			relay.meter.reset();
		}
	}

	@Test
	void aProviderThatSaysAllAndDoesNotEndHoldsNoPlaceAmongThoseThatAreDrained() {
		relay.provider.answers(ScriptedProvider
			.stream(List.of(event("a"), event("b"), ("data: " + ANSWER + "\n\n").getBytes(StandardCharsets.UTF_8),
					"data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8)))
			.stallingAfter(5));

		RawClient client = relay.chat(STREAM_REQUEST);
		client.readEvents(1);
		client.reset();

		Wait.until("end of the exchange", 8, () -> relay.exchanges().running() == 0);
		assertThat(relay.exchanges().draining()).isZero();
		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.BILLED);
	}

	/**
	 * It holds up the provider for longer than that may be silent, which is not its
	 * fault.
	 */
	@Test
	@Matrix(66)
	void aClientThatReadsNothingHasHungUpAndIsBilled() {
		relay.keys.put(RelayFixture.KEY,
				RelayFixture.access(RelayFixture.provider(relay.provider.baseUrl(), Duration.ofSeconds(1), true)));
		relay.provider.answers(longStream(300));

		RawClient client = relay.chat(STREAM_REQUEST);

		assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.BILLED);
		assertThat(relay.meter.outcome().clientDisconnected()).isTrue();
		assertThat(relay.meter.outcome().usage()).isEqualTo(Usage.of(3, 4));
		client.close();
	}

	/**
	 * So slowly that for longer than a client may read nothing there is always more; and
	 * so fast that the kernel, which holds megabytes and says when a third of them is
	 * free, takes more within that time.
	 */
	@Test
	@Matrix(66)
	void aClientThatReadsSlowlyGetsTheWholeAnswer() {
		relay.provider.answers(longStream(200));
		RawClient client = relay.client(64 * 1024)
			.post("/v1/chat/completions", STREAM_REQUEST, "Authorization: Bearer " + RelayFixture.KEY,
					"Connection: close");

		assertThat(client.readBytes(1000)).startsWith("HTTP/1.1 200 OK");
		for (int i = 0; i < 80; i++) {
			assertThat(client.readBytes(100_000).length()).as("part %d", i).isEqualTo(100_000);
			Wait.pause(50);
		}

		assertThat(client.rest()).endsWith("data: [DONE]\n\n\r\n0\r\n\r\n");
		assertThat(relay.meter.outcome().clientDisconnected()).isFalse();
	}

	@Test
	@Matrix(67)
	void aBodyThatDoesNotComeIs408WithinTheBound() {
		RawClient.Answer answer = relay.client()
			.send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + RelayFixture.KEY
					+ "\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"model\":")
			.answer();

		assertThat(answer.status()).isEqualTo(408);
		assertThat(relay.meter.opened()).isEmpty();
	}

	/** Byte by byte, each well within the bound on pauses. */
	@Test
	@Matrix(67)
	void aBodyThatComesSlowlyIs408WithinTheBound() {
		RawClient slow = relay.client()
			.send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + RelayFixture.KEY
					+ "\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"model\":");
		for (int i = 0; i < 15; i++) {
			Wait.pause(100);
			slow.sendPerhaps(" ");
		}

		assertThat(slow.answer().status()).isEqualTo(408);
		assertThat(relay.meter.opened()).isEmpty();
	}

	/** Byte by byte, each well within any bound on pauses. */
	@Test
	@Matrix(67)
	void aHeadThatComesSlowlyIsHungUpOnWithinTheBound() {
		RawClient slow = relay.client().send("POST /v1/chat/completions HTTP/1.1\r\n");
		long begun = System.nanoTime();

		while (!slow.isOver()) {
			assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(5));
			slow.sendPerhaps("X");
			Wait.pause(50);
		}
		RawClient.Answer other = relay.client().send("GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n").answer();

		assertThat(other.status()).isEqualTo(404);
	}

	@Test
	@Matrix(67)
	void aConnectionMayWaitBetweenItsRequests() {
		relay.provider.answers(ScriptedProvider.json(200, ANSWER));
		RawClient client = relay.client();
		client.post("/v1/chat/completions", REQUEST, "Authorization: Bearer " + RelayFixture.KEY).answer();

		Wait.pause(500);
		client.post("/v1/chat/completions", REQUEST, "Authorization: Bearer " + RelayFixture.KEY);

		assertThat(client.answer().status()).isEqualTo(200);
	}

	@Test
	@Matrix(68)
	void aRequestThatIsSentAgainIsAnotherCallAndBilledOnceEach() {
		relay.provider.answers(ScriptedProvider.json(200, ANSWER));

		for (int i = 0; i < 2; i++) {
			relay.chat(REQUEST).answer();
			assertThat(relay.meter.outcome().status()).isEqualTo(Outcome.Status.BILLED);
			relay.meter.reset();
		}

		assertThat(relay.provider.requests()).isEqualTo(2);
	}

	@Test
	@Matrix(69)
	void bodiesOverTheBoundAre503AtOnceAndTheOthersAreServed() {
		relay.provider.answers(ScriptedProvider.json(200, ANSWER));
		String half = "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + RelayFixture.KEY
				+ "\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n" + "x".repeat(50_000);
		RawClient first = relay.client().send(half);
		Wait.until("first body", 5, () -> relay.context.getBean(BufferedBytes.class).held() >= 50_000);

		RawClient.Answer second = relay.client().send(half).answer();

		assertThat(second.status()).isEqualTo(503);
		assertThat(second.body()).contains("gateway_overloaded");
		assertThat(relay.chat(REQUEST).answer().status()).isEqualTo(200);
		first.close();
		Wait.until("return of its bytes", 5, () -> relay.context.getBean(BufferedBytes.class).held() == 0);
	}

	private static ScriptedProvider.Script longStream(int count) {
		List<byte[]> events = new ArrayList<>(Collections.nCopies(count, event("x".repeat(60_000))));
		events.add(("data: " + ANSWER + "\n\n").getBytes(StandardCharsets.UTF_8));
		events.add("data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8));
		return ScriptedProvider.stream(events);
	}

	private static byte[] event(String content) {
		return ("data: {\"choices\":[{\"delta\":{\"content\":\"" + content + "\"}}]}\n\n")
			.getBytes(StandardCharsets.UTF_8);
	}

}
