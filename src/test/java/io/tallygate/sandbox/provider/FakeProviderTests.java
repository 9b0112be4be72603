package io.tallygate.sandbox.provider;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.tallygate.core.Secret;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientResponse;
import reactor.netty.http.client.PrematureCloseException;
import reactor.test.StepVerifier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** The fake provider, byte by byte over the socket. */
class FakeProviderTests {

	private static final JsonMapper MAPPER = JsonMapper.builder().build();

	private static final Duration TIMEOUT = Duration.ofSeconds(10);

	private FakeProvider provider;

	@BeforeEach
	void start() {
		this.provider = FakeProvider
			.start(FakeProviderOptions.of(Secret.of("fake-key")).withChunkDelay(Duration.ofMillis(1)));
	}

	@AfterEach
	void stop() {
		this.provider.close();
	}

	@Test
	void anAnswerHasOpenAisShape() {
		Answer answer = chat("{\"model\":\"fake-small\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello you\"}]}");

		JsonNode json = answer.json();
		assertThat(answer.status()).isEqualTo(200);
		assertThat(answer.header("x-request-id")).startsWith("req_");
		assertThat(json.path("id").asString()).startsWith("chatcmpl-");
		assertThat(json.path("object").asString()).isEqualTo("chat.completion");
		assertThat(json.path("model").asString()).isEqualTo("fake-small");
		assertThat(json.path("system_fingerprint").asString()).isNotBlank();
		assertThat(json.at("/choices/0/message/role").asString()).isEqualTo("assistant");
		assertThat(json.at("/choices/0/finish_reason").asString()).isEqualTo("stop");
	}

	@Test
	void theUsageCanBeCountedAgain() {
		JsonNode json = chat("{\"model\":\"fake-small\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello you\"}]}")
			.json();

		JsonNode usage = json.path("usage");
		assertThat(usage.path("prompt_tokens").asInt()).isEqualTo(2 + 3 + 3);
		assertThat(usage.path("completion_tokens").asInt())
			.isEqualTo(Tokens.count(json.at("/choices/0/message/content").asString()));
		assertThat(usage.path("total_tokens").asInt())
			.isEqualTo(usage.path("prompt_tokens").asInt() + usage.path("completion_tokens").asInt());
	}

	@Test
	void theSamePromptGetsTheSameAnswerAndAnotherAnother() {
		String text = content(chat(request("fake-small", "One", "")));

		assertThat(content(chat(request("fake-small", "One", "")))).isEqualTo(text);
		assertThat(content(chat(request("fake-small", "Two", "")))).isNotEqualTo(text);
	}

	@ParameterizedTest
	@ValueSource(strings = { "max_tokens", "max_completion_tokens" })
	void theCallersBoundEndsTheAnswer(String name) {
		JsonNode json = chat(request("fake-large", "Hi", ",\"" + name + "\":5")).json();

		assertThat(json.at("/usage/completion_tokens").asInt()).isEqualTo(5);
		assertThat(json.at("/choices/0/finish_reason").asString()).isEqualTo("length");
	}

	@Test
	void aStreamSpellsTheAnswerATokenAChunk() {
		List<String> events = chat(request("fake:t=12", "Hi", ",\"stream\":true")).events();

		assertThat(events).hasSize(1 + 12 + 1 + 1).last().isEqualTo("[DONE]");
		assertThat(text(events)).isEqualTo(content(chat(request("fake:t=12", "Hi", ""))));
		assertThat(json(events.get(0)).at("/choices/0/delta/role").asString()).isEqualTo("assistant");
		assertThat(json(events.get(13)).at("/choices/0/finish_reason").asString()).isEqualTo("stop");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", ",\"stream_options\":{}", ",\"stream_options\":{\"include_usage\":false}",
			",\"stream_options\":null" })
	void aStreamNotAskedForUsageHasNoSuchField(String options) {
		Answer answer = chat(request("fake:t=3", "Hi", ",\"stream\":true" + options));

		assertThat(answer.body()).doesNotContain("\"usage\"").endsWith("data: [DONE]\n\n");
	}

	@Test
	void aStreamAskedForUsageHasItInAChunkOfItsOwnAndNullInTheOthers() {
		List<String> events = chat(
				request("fake:t=3", "Hi", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"))
			.events();

		JsonNode last = json(events.get(events.size() - 2));
		assertThat(last.path("choices").isArray()).isTrue();
		assertThat(last.path("choices").isEmpty()).isTrue();
		assertThat(last.at("/usage/completion_tokens").asInt()).isEqualTo(3);
		assertThat(events.subList(0, events.size() - 2)).hasSize(1 + 3 + 1)
			.allSatisfy((event) -> assertThat(json(event).get("usage").isNull()).isTrue());
	}

	@Test
	void aModelWithoutUsageNeverReportsIt() {
		assertThat(chat(request("fake:t=3,nousage", "Hi", "")).body()).doesNotContain("\"usage\"");
		assertThat(
				chat(request("fake:t=3,nousage", "Hi", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"))
					.body())
			.doesNotContain("\"usage\"");
		assertThat(this.provider.transcript().answers()).hasSize(2).noneMatch(Transcript.Answer::isReported);
	}

	@Test
	void chunksArriveAtThePaceThatTheModelNames() {
		List<Long> arrivals = new ArrayList<>();

		stream(request("fake:t=10,d=30", "Hi", ",\"stream\":true")).doOnNext((part) -> arrivals.add(System.nanoTime()))
			.blockLast(TIMEOUT);

		assertThat(arrivals).hasSizeGreaterThan(8);
		assertThat(Duration.ofNanos(arrivals.get(arrivals.size() - 1) - arrivals.get(0)))
			.isGreaterThan(Duration.ofMillis(250));
	}

	@Test
	void aCutStreamEndsAfterItsChunksWithoutAnEnd() {
		StringBuilder body = new StringBuilder();

		StepVerifier.create(stream(request("fake:t=50,x=7", "Hi", ",\"stream\":true")).doOnNext(body::append).then())
			.expectError(PrematureCloseException.class)
			.verify(TIMEOUT);

		assertThat(body.toString().split("\n\n")).hasSize(7);
		assertThat(this.provider.transcript().answers()).singleElement().satisfies((answer) -> {
			assertThat(answer.ending()).isEqualTo(Transcript.Ending.CUT);
			assertThat(answer.completionTokens()).isEqualTo(6);
			assertThat(answer.isReported()).isFalse();
		});
	}

	@Test
	void aCutAnswerInOnePieceIsHalf() {
		StepVerifier.create(stream(request("fake:t=50,x=1", "Hi", "")).then())
			.expectError(PrematureCloseException.class)
			.verify(TIMEOUT);
	}

	@Test
	void aHangingModelNeverAnswers() {
		StepVerifier.create(stream(request("fake:hang", "Hi", "")).timeout(Duration.ofMillis(300)))
			.expectError(java.util.concurrent.TimeoutException.class)
			.verify(TIMEOUT);
	}

	@Test
	void anErrorOfTheModelHasOpenAisShape() {
		Answer answer = chat(request("fake:e=429", "Hi", ""));

		assertThat(answer.status()).isEqualTo(429);
		assertThat(answer.header("Retry-After")).isEqualTo("1");
		assertThat(answer.json().at("/error/code").asString()).isEqualTo("rate_limit_exceeded");
		assertThat(chat(request("fake:e=503", "Hi", "")).json().at("/error/type").asString()).isEqualTo("server_error");
		assertThat(this.provider.transcript().answers()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "gpt-4o", "fake:", "fake:t=x", "fake:z=1", "fake:e=200" })
	void anUnknownModelIs404(String model) {
		Answer answer = chat(request(model, "Hi", ""));

		assertThat(answer.status()).isEqualTo(404);
		assertThat(answer.json().at("/error/code").asString()).isEqualTo("model_not_found");
	}

	@ParameterizedTest
	@ValueSource(strings = { "{", "[]", "{\"messages\":[]}", "{\"model\":\"fake-small\"}",
			"{\"model\":\"fake-small\",\"messages\":[{}],\"max_tokens\":0}",
			"{\"model\":\"fake-small\",\"messages\":[{}],\"stream_options\":{\"include_usage\":true}}" })
	void aBadRequestIs400(String body) {
		Answer answer = chat(body);

		assertThat(answer.status()).isEqualTo(400);
		assertThat(answer.json().at("/error/type").asString()).isEqualTo("invalid_request_error");
	}

	@Test
	void aWrongKeyIs401() {
		Answer answer = answer(
				client("wrong").get().uri("/models").responseSingle((response, body) -> read(response, body)));

		assertThat(answer.status()).isEqualTo(401);
		assertThat(answer.json().at("/error/code").asString()).isEqualTo("invalid_api_key");
	}

	@Test
	void theModelsAreListed() {
		Answer answer = answer(
				client("fake-key").get().uri("/models").responseSingle((response, body) -> read(response, body)));

		assertThat(answer.json().path("data")).extracting((model) -> model.path("id").asString())
			.containsExactly("fake-small", "fake-large");
	}

	@Test
	void theTranscriptHasWhatWasReportedUnderTheCallersId() {
		client("fake-key").headers((headers) -> headers.set("x-request-id", "mine"))
			.post()
			.uri("/chat/completions")
			.send(body(request("fake:t=9", "Hi", "")))
			.responseSingle((response, body) -> read(response, body))
			.block(TIMEOUT);

		JsonNode transcript = json(HttpClient.create()
			.get()
			.uri(this.provider.baseUrl().resolve("/__transcript"))
			.responseContent()
			.aggregate()
			.asString()
			.block(TIMEOUT));

		assertThat(transcript.path("requests").asInt()).isEqualTo(1);
		assertThat(transcript.path("completion_tokens").asInt()).isEqualTo(9);
		assertThat(transcript.path("total_tokens").asInt()).isEqualTo(9 + 1 + 3 + 3);
		assertThat(transcript.at("/answers/0/id").asString()).isEqualTo("mine");
		assertThat(transcript.at("/answers/0/reported").asBoolean()).isTrue();
	}

	@Test
	void aCallerWhoLeavesIsCountedAsAborted() {
		stream(request("fake:t=500,d=10", "Hi", ",\"stream\":true")).take(3).blockLast(TIMEOUT);

		Awaitility.await().atMost(TIMEOUT).untilAsserted(() -> {
			assertThat(this.provider.transcript().answers()).singleElement()
				.extracting(Transcript.Answer::ending)
				.isEqualTo(Transcript.Ending.ABORTED);
			assertThat(stats()).contains("\"open_streams\":0", "\"aborted\":1");
		});
	}

	private String stats() {
		return HttpClient.create()
			.get()
			.uri(this.provider.baseUrl().resolve("/__stats"))
			.responseContent()
			.aggregate()
			.asString()
			.block(TIMEOUT);
	}

	private static String request(String model, String prompt, String more) {
		return "{\"model\":\"" + model + "\",\"messages\":[{\"role\":\"user\",\"content\":\"" + prompt + "\"}]" + more
				+ "}";
	}

	private static Flux<io.netty.buffer.ByteBuf> body(String text) {
		return Flux.just(io.netty.buffer.Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8)));
	}

	private HttpClient client(String key) {
		return HttpClient.newConnection()
			.baseUrl(this.provider.baseUrl().toString())
			.headers(
					(headers) -> headers.set("Authorization", "Bearer " + key).set("Content-Type", "application/json"));
	}

	private Answer chat(String request) {
		return answer(client("fake-key").post()
			.uri("/chat/completions")
			.send(body(request))
			.responseSingle((response, body) -> read(response, body)));
	}

	private Flux<String> stream(String request) {
		return client("fake-key").post().uri("/chat/completions").send(body(request)).responseContent().asString();
	}

	private static Mono<Answer> read(HttpClientResponse response, reactor.netty.ByteBufMono body) {
		return body.asString().map((text) -> new Answer(response, text));
	}

	private static Answer answer(Mono<Answer> answer) {
		return answer.block(TIMEOUT);
	}

	private static String content(Answer answer) {
		return answer.json().at("/choices/0/message/content").asString();
	}

	private static String text(List<String> events) {
		StringBuilder text = new StringBuilder();
		events.subList(0, events.size() - 1)
			.forEach((event) -> text.append(json(event).at("/choices/0/delta/content").stringValue("")));
		return text.toString();
	}

	private static JsonNode json(String text) {
		return MAPPER.readTree(text);
	}

	/** An answer read whole. */
	private record Answer(HttpClientResponse response, String body) {

		int status() {
			return this.response.status().code();
		}

		String header(String name) {
			return this.response.responseHeaders().get(name);
		}

		JsonNode json() {
			return FakeProviderTests.json(this.body);
		}

		List<String> events() {
			assertThat(header("Content-Type")).startsWith("text/event-stream");
			return List.of(this.body.split("\n\n"))
				.stream()
				.map((event) -> event.substring("data: ".length()))
				.toList();
		}

	}

}
