package io.tallygate.support;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Takes usage chunks out of a whole stream in the plainest way: by regular expressions
 * and JSON trees. The tap, which sees pieces and builds nothing, has to agree.
 */
public final class UsageChunks {

	private static final JsonMapper JSON = new JsonMapper();

	private static final Pattern LINE = Pattern.compile("(?<text>[^\\r\\n]*)(?:\\r\\n|\\r|\\n|\\z)");

	private UsageChunks() {
	}

	/** The stream without events that hold usage and nothing else. */
	public static byte[] removed(byte[] stream) {
		ByteArrayOutputStream kept = new ByteArrayOutputStream();
		StringBuilder event = new StringBuilder();
		Matcher line = LINE.matcher(new String(stream, StandardCharsets.ISO_8859_1));
		while (line.find()) {
			event.append(line.group());
			if (line.group("text").isEmpty()) {
				if (!isUsageAlone(event.toString())) {
					kept.writeBytes(event.toString().getBytes(StandardCharsets.ISO_8859_1));
				}
				event.setLength(0);
			}
		}
		return kept.toByteArray();
	}

	private static boolean isUsageAlone(String lines) {
		String data = lines.lines()
			.filter((line) -> line.startsWith("data:"))
			.map((line) -> line.substring("data:".length()))
			.collect(Collectors.joining("\n"));
		try {
			JsonNode chunk = JSON.readTree(data);
			return !lines.contains("event: error") && chunk.path("usage").isObject() && chunk.path("choices").isEmpty()
					&& !chunk.has("error");
		}
		catch (JacksonException ex) {
			return false;
		}
	}

}
