package io.tallygate.journey;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

import io.tallygate.fault.Matrix;
import io.tallygate.support.Cuts;
import io.tallygate.support.RecordedAnswer;
import io.tallygate.support.RunningGateway;
import io.tallygate.support.RunningGateway.Line;
import io.tallygate.support.ScriptedProvider;
import io.tallygate.support.Together;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Answers of many providers, sent by an agency's provider through the running gateway:
 * however the network cuts them, the ledger says what was recorded, and the client gets
 * the provider's bytes, less a usage chunk that it did not ask for.
 */
class CorpusThroughGatewayTests {

	private static final int AT_ONCE = 16;

	private static final int RANDOM_CUTS = 20;

	private static final int LONG_PIECE = 1024;

	private static final Pattern MODEL = Pattern.compile("\"model\":\"([^\"]+)\"");

	private static RunningGateway gateway;

	private static ScriptedProvider provider;

	private static RunningGateway.Agency agency;

	/** What the provider answers for which model. */
	private static final Map<String, Sending> SENDINGS = new ConcurrentHashMap<>();

	@BeforeAll
	static void start() {
		provider = new ScriptedProvider();
		provider.answers((request) -> {
			Matcher model = MODEL.matcher(request.body());
			return model.find() ? SENDINGS.get(model.group(1)).script() : ScriptedProvider.json(404, "{}");
		});
		gateway = RunningGateway.start();
		agency = gateway.agency(provider.baseUrl());
	}

	@AfterAll
	static void stop() {
		gateway.close();
		provider.close();
	}

	@Test
	void theCorpusIsThere() {
		Assumptions.assumeTrue(RecordedAnswer.areThere(), RecordedAnswer.whyNone());

		assertThat(answers()).hasSizeGreaterThan(100);
	}

	@Test
	void anAnswerInOnePieceIsCountedAndPassedOn() {
		assertExact(answers()
			.flatMap((answer) -> Stream.of(new Sending(answer, List.of(answer.body()), true),
					new Sending(answer, List.of(answer.body()), false)))
			.toList());
	}

	@Test
	@Matrix(60)
	void anAnswerInPiecesAsSmallAsCanBeIsCountedAndPassedOn() {
		assertExact(answers().map((answer) -> new Sending(answer, smallPieces(answer.body()), false)).toList());
	}

	@Test
	void anAnswerCutByChanceIsCountedAndPassedOn() {
		Random random = new Random(20261121);

		assertExact(answers()
			.flatMap((answer) -> IntStream.range(0, RANDOM_CUTS)
				.mapToObj((i) -> new Sending(answer, cutByChance(answer.body(), random), random.nextBoolean())))
			.toList());
	}

	/**
	 * An answer on its way.
	 *
	 * @param answer what is sent
	 * @param pieces in which it is sent
	 * @param asksUsage whether the client asks for usage at the end of a stream
	 */
	private record Sending(RecordedAnswer answer, List<byte[]> pieces, boolean asksUsage) {

		Sending {
			// An empty chunk would be the last one.
			pieces = pieces.stream().filter((piece) -> piece.length > 0).toList();
		}

		ScriptedProvider.Script script() {
			String[] headers = (this.answer.encoding() != null)
					? new String[] { "Content-Encoding: " + this.answer.encoding() } : new String[0];
			return this.answer.isEvents() ? ScriptedProvider.stream(this.pieces, headers)
					: ScriptedProvider.json(this.pieces, headers);
		}

		Map<String, Object> request(String model) {
			Map<String, Object> body = new HashMap<>(
					Map.of("model", model, "messages", List.of(Map.of("role", "user", "content", "Hi"))));
			if (this.answer.isStream()) {
				body.put("stream", true);
				if (this.asksUsage) {
					body.put("stream_options", Map.of("include_usage", true));
				}
			}
			return body;
		}

		byte[] forClient() {
			return this.asksUsage ? this.answer.body() : this.answer.withoutUsageChunk();
		}

		@Override
		public String toString() {
			return "%s, usage %s, in pieces of %s".formatted(this.answer,
					this.asksUsage ? "asked for" : "not asked for", Cuts.lengths(this.pieces));
		}

	}

	private static void assertExact(List<Sending> sendings) {
		RunningGateway.Client client = agency.client("Reader", Map.of("on_missing_usage", "free"));
		List<Callable<HttpResponse<byte[]>>> calls = new ArrayList<>();
		for (Sending sending : sendings) {
			String model = "answer-" + SENDINGS.size();
			SENDINGS.put(model, sending);
			calls.add(() -> gateway.chat(client, sending.request(model)));
		}
		List<HttpResponse<byte[]>> answers = Together.run(AT_ONCE, calls);
		List<String> requests = answers.stream()
			.map((answer) -> answer.headers().firstValue("x-request-id").orElseThrow())
			.toList();
		Map<String, Line> lines = gateway.lines(client, sendings.size())
			.stream()
			.collect(Collectors.toMap(Line::requestId, Function.identity()));

		assertThat(lines.keySet()).containsExactlyInAnyOrderElementsOf(requests);
		SoftAssertions soft = new SoftAssertions();
		for (int i = 0; i < sendings.size(); i++) {
			Sending sending = sendings.get(i);
			soft.assertThat(latin(answers.get(i).body()))
				.as("bytes of %s", sending)
				.isEqualTo(latin(sending.forClient()));
			soft.assertThat(counts(lines.get(requests.get(i))))
				.as("counts of %s", sending)
				.isEqualTo(expected(sending.answer()));
		}
		soft.assertAll();
	}

	private static List<Object> counts(Line line) {
		return Arrays.asList(line.status(), line.inputTokens(), line.cachedInputTokens(), line.cacheWriteTokens(),
				line.outputTokens(), line.reasoningTokens(), line.totalTokens(), line.quantity());
	}

	/** Counts that no provider reported are none, for this client free. */
	private static List<Object> expected(RecordedAnswer answer) {
		RecordedAnswer.Counts counts = answer.expected();
		return (counts != null)
				? Arrays.asList("billed", counts.input(), counts.cachedInput(), counts.cacheWrite(), counts.output(),
						counts.reasoning(), counts.charged(), counts.charged() * 1000)
				: Arrays.asList("free", null, null, null, null, null, null, 0L);
	}

	private static Stream<RecordedAnswer> answers() {
		return Stream.concat(RecordedAnswer.recorded("chat.completions").stream(), RecordedAnswer.madeUp().stream());
	}

	private static List<byte[]> smallPieces(byte[] body) {
		return (body.length <= Cuts.EVERY_OFFSET_MAX) ? Cuts.everyByte(body) : Cuts.at(body,
				IntStream.iterate(LONG_PIECE, (at) -> at < body.length, (at) -> at + LONG_PIECE).toArray());
	}

	private static List<byte[]> cutByChance(byte[] body, Random random) {
		int[] offsets = IntStream.range(0, 1 + random.nextInt(RANDOM_CUTS))
			.map((i) -> random.nextInt(body.length + 1))
			.sorted()
			.toArray();
		return Cuts.at(body, offsets);
	}

	private static String latin(byte[] bytes) {
		return new String(bytes, StandardCharsets.ISO_8859_1);
	}

}
