package io.tallygate.provider;

import java.nio.charset.StandardCharsets;
import java.util.Set;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;

/**
 * The text of a request that a model reads: of its messages, prompt and tools every
 * string that is not an address, an id, or the data of a picture or sound.
 */
final class PromptText {

	/** No more characters than these are kept. */
	static final int LENGTH_MAX = 256 * 1024;

	private static final Set<String> READ = Set.of("messages", "prompt", "input", "tools", "functions");

	private static final Set<String> UNREAD = Set.of("url", "image_url", "data", "file_data", "file_id", "id",
			"tool_call_id", "type");

	private final StringBuilder text = new StringBuilder();

	private long omitted;

	private int messages;

	private PromptText() {
	}

	static PromptText of(byte[] requestBody) {
		PromptText prompt = new PromptText();
		try (JsonParser json = ChatBody.JSON.createParser(ObjectReadContext.empty(), requestBody)) {
			prompt.collect(json);
		}
		catch (JacksonException ex) {
			// It was relayed all the same, so what could be read of it counts.
		}
		return prompt;
	}

	/** What was kept. */
	String text() {
		return this.text.toString();
	}

	/** How many bytes there were beyond what was kept. */
	long omitted() {
		return this.omitted;
	}

	/** How many messages there are. */
	int messages() {
		return this.messages;
	}

	private void collect(JsonParser json) {
		if (json.nextToken() != JsonToken.START_OBJECT) {
			return;
		}
		while (json.nextToken() == JsonToken.PROPERTY_NAME) {
			String field = json.currentName();
			json.nextToken();
			if (READ.contains(field)) {
				collectValue(json, field);
			}
			else {
				json.skipChildren();
			}
		}
	}

	private void collectValue(JsonParser json, String field) {
		int depth = 0;
		JsonToken token = json.currentToken();
		do {
			switch (token) {
				case START_OBJECT, START_ARRAY -> {
					depth++;
					this.messages += (depth == 2 && field.equals("messages")) ? 1 : 0;
				}
				case END_OBJECT, END_ARRAY -> depth--;
				case VALUE_STRING -> {
					String name = json.currentName();
					if (name == null || !UNREAD.contains(name)) {
						keep(json.getString());
					}
				}
				default -> {
				}
			}
			token = (depth > 0) ? json.nextToken() : null;
		}
		while (token != null);
	}

	private void keep(String string) {
		int room = LENGTH_MAX - this.text.length();
		if (string.length() < room) {
			this.text.append(string).append('\n');
		}
		else {
			this.omitted += string.getBytes(StandardCharsets.UTF_8).length;
		}
	}

}
