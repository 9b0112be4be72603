package io.tallygate.journey;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.tallygate.fault.Matrix;
import io.tallygate.sandbox.provider.Transcript;
import io.tallygate.support.RawClient;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Line;
import io.tallygate.support.Together;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * Clients that hang up, politely and not, whenever they like: each exchange stands once
 * in the ledger, with what the provider reported after nobody listened any more.
 */
class HangUpTests {

	private static final int TIMES = 5;

	/** Events that a client sees of {@link #STREAM} before the usage chunk. */
	private static final int EVENTS = 10;

	/**
	 * A role, 8 tokens, a finish, a usage chunk and the end, so far apart that a busy
	 * machine hangs up between two of them.
	 */
	private static final String STREAM = "fake:t=8,d=300";

	private static final int AT_ONCE = 55;

	private static final Pattern REQUEST_ID = Pattern.compile("(?i)\r\nx-request-id: (\\S+)");

	private static final List<Consumer<RawClient>> WAYS_TO_HANG_UP = List.of(RawClient::finish, RawClient::reset);

	private static RunningGateway gateway;

	private static RunningGateway.Agency agency;

	private RunningGateway.Client client;

	@BeforeAll
	static void start() {
		gateway = RunningGateway.start("tallygate.relay.drain-time-max=6s", "tallygate.relay.drain-bytes-max=64KB");
		agency = gateway.agency();
	}

	@AfterAll
	static void stop() {
		gateway.close();
	}

	@BeforeEach
	void aClient() {
		this.client = agency.client("Impatient", Map.of());
	}

	@Test
	@Matrix(65)
	void whoHangsUpInMidStreamIsBilledWhatTheProviderReports() {
		List<Callable<String>> calls = IntStream.range(0, TIMES)
			.boxed()
			.flatMap((time) -> IntStream.rangeClosed(1, EVENTS).boxed())
			.flatMap((place) -> WAYS_TO_HANG_UP.stream()
				.map((hangUp) -> (Callable<String>) () -> hangUpAfter(place, STREAM, hangUp)))
			.toList();

		List<String> requests = Together.run(AT_ONCE, calls);

		List<Line> lines = gateway.lines(this.client, calls.size());
		assertThat(lines).extracting(Line::requestId).containsExactlyInAnyOrderElementsOf(requests);
		assertThat(lines).allSatisfy((line) -> {
			assertThat(line.clientDisconnected()).isTrue();
			assertBilledAsReported(line);
		});
		gateway.assertNothingIsOpen();
	}

	@Test
	@Matrix(65)
	void whoHangsUpBeforeTheAnswerBeginsIsBilledWhatTheProviderReports() {
		int callers = TIMES * WAYS_TO_HANG_UP.size();
		CountDownLatch everyoneIsServed = new CountDownLatch(1);
		List<Callable<Void>> calls = new ArrayList<>();
		for (int i = 0; i < callers; i++) {
			Consumer<RawClient> hangUp = WAYS_TO_HANG_UP.get(i % 2);
			calls.add(() -> {
				RawClient caller = ask("fake:t=1,d=700");
				everyoneIsServed.await();
				hangUp.accept(caller);
				return null;
			});
		}
		calls.add(() -> {
			await().until(() -> gateway.provider().openStreams() == callers);
			everyoneIsServed.countDown();
			return null;
		});

		Together.run(calls.size(), calls);

		assertThat(gateway.lines(this.client, callers)).hasSize(callers).allSatisfy((line) -> {
			assertThat(line.clientDisconnected()).isTrue();
			assertBilledAsReported(line);
		});
		gateway.assertNothingIsOpen();
	}

	@Test
	void whoHangsUpAtOnceIsBilledOnlyWhatTheProviderReports() {
		String model = "fake:t=7";
		List<Callable<Void>> calls = IntStream.range(0, 20 * TIMES).mapToObj((i) -> (Callable<Void>) () -> {
			WAYS_TO_HANG_UP.get(i % 2).accept(ask(model));
			return null;
		}).toList();

		Together.run(calls.size(), calls);

		gateway.assertNothingIsOpen();
		Map<String, Line> lines = gateway.lines(this.client)
			.stream()
			.filter((line) -> line.providerRequestId() != null)
			.collect(Collectors.toMap(Line::providerRequestId, Function.identity()));
		assertThat(reports().filter((answer) -> answer.model().equals(model))).extracting(Transcript.Answer::requestId)
			.containsExactlyInAnyOrderElementsOf(lines.keySet());
		assertThat(lines.values()).allSatisfy(HangUpTests::assertBilledAsReported);
	}

	@ParameterizedTest
	@ValueSource(strings = { "fake:t=200,d=100", "fake:t=2000,d=1" })
	@Matrix(65)
	void whatTheProviderHasNotReportedWithinTheBoundsOfADrainIsEstimated(String tooLongOrTooLarge) {
		List<Callable<String>> calls = WAYS_TO_HANG_UP.stream()
			.map((hangUp) -> (Callable<String>) () -> hangUpAfter(3, tooLongOrTooLarge, hangUp))
			.toList();

		List<String> requests = Together.run(calls.size(), calls);

		List<Line> lines = gateway.lines(this.client, calls.size());
		assertThat(lines).extracting(Line::requestId).containsExactlyInAnyOrderElementsOf(requests);
		assertThat(lines).allSatisfy((line) -> {
			assertThat(line.status()).isEqualTo("estimated");
			assertThat(line.clientDisconnected()).isTrue();
			assertThat(line.outputTokens()).isPositive();
		});
		assertThat(reports()).noneMatch((answer) -> answer.model().equals(tooLongOrTooLarge));
		gateway.assertNothingIsOpen();
	}

	/** The id of a request of which so many events were read. */
	private String hangUpAfter(int events, String model, Consumer<RawClient> hangUp) {
		RawClient caller = ask(model);
		Matcher id = REQUEST_ID.matcher(caller.readEvents(events));
		hangUp.accept(caller);
		assertThat(id.find()).isTrue();
		return id.group(1);
	}

	private RawClient ask(String model) {
		return new RawClient(gateway.port()).post("/v1/chat/completions",
				"{\"model\":\"%s\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
					.formatted(model),
				"Authorization: Bearer " + this.client.key());
	}

	private static void assertBilledAsReported(Line line) {
		assertThat(line.status()).isEqualTo("billed");
		assertThat(reports().filter((answer) -> answer.requestId().equals(line.providerRequestId()))).singleElement()
			.satisfies((answer) -> {
				assertThat(line.inputTokens()).isEqualTo((long) answer.promptTokens());
				assertThat(line.outputTokens()).isEqualTo((long) answer.completionTokens());
				assertThat(line.totalTokens()).isEqualTo((long) answer.totalTokens());
			});
	}

	private static Stream<Transcript.Answer> reports() {
		return gateway.provider().transcript().answers().stream().filter(Transcript.Answer::isReported);
	}

}
