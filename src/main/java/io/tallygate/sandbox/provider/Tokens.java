package io.tallygate.sandbox.provider;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import tools.jackson.databind.JsonNode;

/**
 * How the fake provider counts. A token is a run of up to eight letters or digits with
 * the white space before it, or any other single character with the white space before
 * it; white space at the end is one more. A message of a prompt counts its text, 3 more
 * for being a message, and 85 for each part that is no text; the prompt as a whole 3
 * more.
 */
final class Tokens {

	private static final Pattern TOKEN = Pattern.compile("\\s*(?:[\\p{L}\\p{N}]{1,8}|[^\\s\\p{L}\\p{N}])|\\s+$");

	private static final int PER_MESSAGE = 3;

	private static final int PER_PROMPT = 3;

	private static final int PER_PART = 85;

	private Tokens() {
	}

	/** The tokens of a text, which joined are the text again. */
	static List<String> split(String text) {
		List<String> tokens = new ArrayList<>();
		Matcher matcher = TOKEN.matcher(text);
		while (matcher.find()) {
			tokens.add(matcher.group());
		}
		return tokens;
	}

	static int count(String text) {
		return split(text).size();
	}

	/** The tokens of a prompt: an array of messages. */
	static int countPrompt(JsonNode messages) {
		int count = PER_PROMPT;
		for (JsonNode message : messages) {
			count += PER_MESSAGE;
			JsonNode content = message.path("content");
			if (content.isString()) {
				count += count(content.stringValue());
			}
			for (JsonNode part : content) {
				count += part.path("text").isString() ? count(part.path("text").stringValue()) : PER_PART;
			}
		}
		return count;
	}

}
