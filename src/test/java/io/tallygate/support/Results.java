package io.tallygate.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.TreeMap;

import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a campaign measured, in {@code target/results}. What is worth keeping is copied to
 * {@code docs/results}, from where the documentation takes its figures.
 */
public final class Results {

	private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

	private Results() {
	}

	/** Writes the results of the campaign of this name, with what they were made on. */
	public static void write(String campaign, Map<String, ?> results) {
		Map<String, Object> all = new TreeMap<>(results);
		all.put("at", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
		all.put("java", Runtime.version().toString());
		all.putIfAbsent("cores", Runtime.getRuntime().availableProcessors());
		try {
			Path file = Files.createDirectories(Path.of("target", "results")).resolve(campaign + ".json");
			Files.writeString(file, JSON.writeValueAsString(all) + "\n");
			System.out.println("Written to " + file);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
