package io.tallygate.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A file of results of {@link Growth}.
 *
 * @param json all of it
 */
record GrowthResults(JsonNode json) {

	/** What was recorded. */
	static final Path RECORDED = Path.of("docs", "results", "growth.json");

	/** Nothing, where there is no file. */
	static GrowthResults read(Path file) {
		try {
			return new GrowthResults(JsonMapper.shared().readTree(Files.exists(file) ? Files.readString(file) : "{}"));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	Points points() {
		return Points.of(this.json);
	}

	/** How each curve was measured. */
	Map<String, JsonNode> curves() {
		Map<String, JsonNode> curves = new TreeMap<>();
		this.json.path("curves").properties().forEach((curve) -> curves.put(curve.getKey(), curve.getValue()));
		return curves;
	}

	/** Answers that were wrong, and requests without their line. */
	int faults() {
		return curves().values().stream().mapToInt((curve) -> curve.path("faults").asInt()).sum();
	}

}
