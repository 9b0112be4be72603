package io.tallygate.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A provider's answer and the counts that a person or script read from it.
 *
 * @param name of it
 * @param api that it answers
 * @param body its bytes
 * @param isStream whether a stream was asked for
 * @param isEvents whether it is a stream of events
 * @param encoding of the body, {@code null} for none
 * @param expected the counts, {@code null} where it reports none
 */
public record RecordedAnswer(String name, String api, byte[] body, boolean isStream, boolean isEvents,
		@Nullable String encoding, @Nullable Counts expected) {

	/** Recordings of many providers, which stand beside the project, not in it. */
	private static final Path CORPUS = Path.of("../shared/usage-corpus");

	/** Made up, and part of the project. */
	private static final Path MADE_UP = Path.of("src/test/resources/answers");

	private static final JsonMapper JSON = new JsonMapper();

	/**
	 * What an answer reports, {@code null} for a class that it does not.
	 *
	 * @param input all input
	 * @param cachedInput part of the input
	 * @param cacheWrite part of the input
	 * @param output all output
	 * @param reasoning part of the output
	 * @param total the provider's own
	 * @param charged what is charged in all
	 */
	public record Counts(@Nullable Long input, @Nullable Long cachedInput, @Nullable Long cacheWrite,
			@Nullable Long output, @Nullable Long reasoning, @Nullable Long total, long charged) {
	}

	/** Why there are no recordings, where there are none. */
	public static String whyNone() {
		return "No recordings at " + CORPUS.toAbsolutePath().normalize()
				+ ": only the answers in src/test/resources are tested";
	}

	/** Whether the recordings are there. */
	public static boolean areThere() {
		return Files.isDirectory(CORPUS);
	}

	/**
	 * The recordings of answers of these APIs that succeeded; none where they are not
	 * there.
	 */
	public static List<RecordedAnswer> recorded(String... apis) {
		if (!areThere()) {
			return List.of();
		}
		try (Stream<Path> files = Files.walk(CORPUS, 3)) {
			return files.filter((file) -> file.endsWith("meta.json"))
				.flatMap((file) -> recorded(file, Set.of(apis)))
				.sorted(Comparator.comparing(RecordedAnswer::name))
				.toList();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** The answers of the project's own. */
	public static List<RecordedAnswer> madeUp() {
		try (Stream<String> lines = Files.lines(MADE_UP.resolve("expected.csv"))) {
			return lines.filter((line) -> !line.startsWith("#")).map(RecordedAnswer::madeUp).toList();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** What a client sees that did not ask for usage. */
	public byte[] withoutUsageChunk() {
		return (this.isEvents && this.encoding == null) ? UsageChunks.removed(this.body) : this.body;
	}

	@Override
	public String toString() {
		return this.name;
	}

	private static Stream<RecordedAnswer> recorded(Path file, Set<String> apis) {
		JsonNode meta = JSON.readTree(bytes(file));
		String api = meta.get("api").asString();
		if (!apis.contains(api) || meta.get("http_status").asInt() != 200) {
			return Stream.empty();
		}
		return Stream.of(new RecordedAnswer(file.getParent().getFileName().toString(), api,
				bytes(file.resolveSibling("response.body")), meta.get("stream").asBoolean(),
				meta.get("framing").asString().equals("sse"), text(meta.get("body_content_encoding")), counts(meta)));
	}

	private static @Nullable Counts counts(JsonNode meta) {
		JsonNode expected = meta.get("expected");
		if (expected.get("input_tokens").isNull() && expected.get("total_tokens").isNull()) {
			return null;
		}
		return new Counts(number(expected, "input_tokens"), number(expected, "cached_input_tokens"),
				number(expected, "cache_write_tokens"), number(expected, "output_tokens"),
				number(expected, "reasoning_tokens"), number(expected, "total_tokens"),
				meta.at("/normalised/total_all").asLong());
	}

	private static RecordedAnswer madeUp(String line) {
		String[] fields = line.split("\\|", -1);
		Long[] counts = Stream.of(fields)
			.skip(1)
			.limit(6)
			.map((field) -> field.strip().equals("-") ? null : Long.valueOf(field.strip()))
			.toArray(Long[]::new);
		String name = fields[0].strip();
		boolean isStream = name.endsWith(".sse");
		return new RecordedAnswer(name, "chat.completions", bytes(MADE_UP.resolve(name)), isStream, isStream, null,
				new Counts(counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[5]));
	}

	private static @Nullable Long number(JsonNode counts, String name) {
		JsonNode value = counts.get(name);
		return value.isNull() ? null : Long.valueOf(value.asLong());
	}

	private static @Nullable String text(JsonNode value) {
		return value.isNull() ? null : value.asString();
	}

	private static byte[] bytes(Path file) {
		try {
			return Files.readAllBytes(file);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
