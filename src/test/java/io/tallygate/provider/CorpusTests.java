package io.tallygate.provider;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

import io.tallygate.support.Cuts;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Recorded answers of many providers, each with the counts that a person or script read
 * from it. The recordings stand beside the project, not in it; where they are not, this
 * says so and the answers under {@code src/test/resources/answers} are what is tested.
 */
class CorpusTests {

	private static final Path CORPUS = Path.of("../shared/usage-corpus");

	private static final JsonMapper JSON = new JsonMapper();

	@Test
	void theCorpusIsThere() {
		Assumptions.assumeTrue(Files.isDirectory(CORPUS), "No recordings at " + CORPUS.toAbsolutePath().normalize()
				+ ": only the answers in src/test/resources are tested");

		assertThat(cases()).hasSizeGreaterThan(100);
	}

	@TestFactory
	Stream<DynamicTest> countsAreThoseRecorded() {
		return cases().stream()
			.map((recorded) -> DynamicTest.dynamicTest(recorded.name(), () -> assertCounts(recorded)));
	}

	@TestFactory
	Stream<DynamicTest> cutsChangeNothing() {
		return cases().stream()
			.map((recorded) -> DynamicTest.dynamicTest(recorded.name(), () -> assertCutsChangeNothing(recorded)));
	}

	private static void assertCounts(Recorded recorded) {
		Usage usage = recorded.tapped(true, List.of(recorded.body())).reading().usage();

		if (recorded.expected("input_tokens") == null && recorded.expected("total_tokens") == null) {
			assertThat(usage).isNull();
			return;
		}
		assertThat(usage).isNotNull();
		assertThat(usage.input()).isEqualTo(recorded.expected("input_tokens"));
		assertThat(usage.output()).isEqualTo(recorded.expected("output_tokens"));
		assertThat(usage.total()).isEqualTo(recorded.expected("total_tokens"));
		assertThat(usage.cachedInput()).isEqualTo(recorded.expected("cached_input_tokens"));
		assertThat(usage.cacheWrite()).isEqualTo(recorded.expected("cache_write_tokens"));
		assertThat(usage.reasoning()).isEqualTo(recorded.expected("reasoning_tokens"));
		assertThat(usage.totalTokens()).isEqualTo(recorded.meta().at("/normalised/total_all").asLong());
	}

	private static void assertCutsChangeNothing(Recorded recorded) {
		byte[] body = recorded.body();
		for (boolean hides : new boolean[] { false, true }) {
			Tapped whole = recorded.tapped(hides, List.of(body));
			assertThat(whole.bytes()).isEqualTo(hides ? recorded.withoutUsageChunk() : body);
			Stream.concat(Cuts.of(body), Stream.of(Cuts.everyByte(body))).forEach((pieces) -> {
				Tapped cut = recorded.tapped(hides, pieces);
				assertThat(cut).as("cut in pieces of %s", Cuts.lengths(pieces)).isEqualTo(whole);
			});
		}
	}

	private static List<Recorded> cases() {
		if (!Files.isDirectory(CORPUS)) {
			return List.of();
		}
		try (Stream<Path> files = Files.walk(CORPUS, 3)) {
			return files.filter((file) -> file.endsWith("meta.json"))
				.map(Recorded::read)
				.filter(Recorded::isOurs)
				.sorted((one, other) -> one.name().compareTo(other.name()))
				.toList();
		}
		catch (IOException ex) {
			throw new IllegalStateException(ex);
		}
	}

	/**
	 * One recorded answer.
	 *
	 * @param name of its directory
	 * @param meta what is known of it
	 * @param body its bytes
	 */
	private record Recorded(String name, JsonNode meta, byte[] body) {

		static Recorded read(Path file) {
			try {
				return new Recorded(file.getParent().getFileName().toString(), JSON.readTree(Files.readAllBytes(file)),
						Files.readAllBytes(file.resolveSibling("response.body")));
			}
			catch (IOException ex) {
				throw new IllegalStateException(ex);
			}
		}

		/** Whether it is in OpenAI's shape and an answer that is charged. */
		boolean isOurs() {
			String api = this.meta.get("api").asString();
			return (api.equals("chat.completions") || api.equals("completions"))
					&& this.meta.get("http_status").asInt() == 200;
		}

		@Nullable Long expected(String count) {
			JsonNode value = this.meta.get("expected").get(count);
			return value.isNull() ? null : Long.valueOf(value.asLong());
		}

		@Nullable String encoding() {
			JsonNode encoding = this.meta.get("body_content_encoding");
			return encoding.isNull() ? null : encoding.asString();
		}

		Tapped tapped(boolean hides, List<byte[]> pieces) {
			boolean stream = this.meta.get("stream").asBoolean();
			return Tapped.of(AnswerTap.of(stream, encoding(), hides, false), pieces);
		}

		byte[] withoutUsageChunk() {
			boolean isPlainStream = encoding() == null && this.meta.get("framing").asString().equals("sse");
			return isPlainStream ? UsageChunks.removed(this.body) : this.body;
		}

	}

}
