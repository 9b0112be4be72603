package io.tallygate.provider;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonFactory;

/**
 * One walk over the bytes of a chat completions request, without building a tree: what
 * the gateway must know of it, and where {@code include_usage} stands or would stand.
 * <p>
 * A field that decides how the answer is metered may be there once only, and spelled as
 * it is. Parsers differ in which of two they believe, and some ignore case, so a provider
 * could act on one and we on the other.
 */
final class ChatBody {

	/** Deeper nesting is refused. */
	static final int DEPTH_MAX = 100;

	/** Longer numbers are refused. */
	static final int NUMBER_LENGTH_MAX = 1000;

	/** Models are named in the ledger and in Redis. */
	static final int MODEL_LENGTH_MAX = 256;

	/** Strings are as long as the caller lets a body be: images come in them. */
	static final JsonFactory JSON = JsonFactory.builder()
		.streamReadConstraints(StreamReadConstraints.builder()
			.maxNestingDepth(DEPTH_MAX)
			.maxNumberLength(NUMBER_LENGTH_MAX)
			.maxStringLength(Integer.MAX_VALUE)
			.build())
		.build();

	private static final String INCLUDE_USAGE = "include_usage";

	private static final List<String> ONCE = List.of("model", "stream", "stream_options", "background",
			"max_completion_tokens", "max_tokens", "n");

	/** What goes unread in another spelling would be taken for what is not asked. */
	private static final List<String> SPELLED = List.of("stream", "background", "max_completion_tokens", "max_tokens",
			"n");

	private final byte[] body;

	private final List<String> seen = new ArrayList<>(4);

	private @Nullable String model;

	private boolean stream;

	private boolean background;

	private @Nullable JsonToken streamOptions;

	private boolean asksUsage;

	private long maxCompletionTokens = -1;

	private long maxTokens = -1;

	private int choices = 1;

	/** Where the bytes of {@link #splice} go: this range is replaced. */
	private int spliceStart;

	private int spliceEnd;

	private String splice = "";

	private ChatBody(byte[] body) {
		this.body = body;
	}

	static ChatBody walk(byte[] bytes) {
		ChatBody body = new ChatBody(bytes);
		body.refuseOtherEncodings();
		try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), bytes)) {
			body.walk(json);
		}
		return body;
	}

	ChatRequest request() {
		if (this.model == null || this.model.isBlank()) {
			throw new InvalidRequest("missing_model", "model", "'model' must be given, as the name of a model");
		}
		if (this.model.length() > MODEL_LENGTH_MAX || this.model.chars().anyMatch(Character::isISOControl)) {
			throw new InvalidRequest("invalid_json", "model",
					"'model' may be " + MODEL_LENGTH_MAX + " characters long, none of them a control character");
		}
		if (this.background) {
			throw new InvalidRequest("background_not_supported", "background",
					"'background' cannot be true: an answer that is fetched later cannot be metered here");
		}
		if (this.stream && this.streamOptions != null && this.streamOptions != JsonToken.START_OBJECT
				&& this.streamOptions != JsonToken.VALUE_NULL) {
			throw new InvalidRequest("invalid_json", "stream_options", "'stream_options' must be an object or null");
		}
		return new ChatRequest(this.model, this.stream, this.stream && this.asksUsage, maxOutputTokens(), this.choices);
	}

	/** Which of two a provider keeps to is not known. None means none when it is 0. */
	private long maxOutputTokens() {
		long most = Math.max(this.maxCompletionTokens, this.maxTokens);
		return (most > 0) ? most : -1;
	}

	byte[] askingUsage() {
		byte[] inserted = this.splice.getBytes(StandardCharsets.US_ASCII);
		byte[] asking = new byte[this.body.length - (this.spliceEnd - this.spliceStart) + inserted.length];
		System.arraycopy(this.body, 0, asking, 0, this.spliceStart);
		System.arraycopy(inserted, 0, asking, this.spliceStart, inserted.length);
		System.arraycopy(this.body, this.spliceEnd, asking, this.spliceStart + inserted.length,
				this.body.length - this.spliceEnd);
		return asking;
	}

	private void walk(JsonParser json) {
		try {
			if (json.nextToken() != JsonToken.START_OBJECT) {
				throw invalid(json, "the body must be a JSON object");
			}
			while (json.nextToken() != JsonToken.END_OBJECT) {
				readField(json);
			}
			if (this.streamOptions == null) {
				// At the end, where it wins even over the same name in another case.
				spliceAt(end(json) - 1, end(json) - 1, ",\"stream_options\":{\"include_usage\":true}");
			}
			if (json.nextToken() != null) {
				throw invalid(json, "nothing may follow the object");
			}
		}
		catch (UnexpectedEndOfInputException ex) {
			throw invalid(json, "the body ends too early");
		}
		catch (StreamConstraintsException ex) {
			throw invalid(json,
					"the body may be nested " + DEPTH_MAX + " deep and its numbers " + NUMBER_LENGTH_MAX + " long");
		}
		catch (JacksonException ex) {
			throw invalid(json, "a character is not what JSON has there");
		}
	}

	private void readField(JsonParser json) {
		String name = json.currentName();
		refuseTwice(json, name, ONCE, this.seen);
		refuseOtherSpelling(json, name);
		JsonToken value = json.nextToken();
		switch (name) {
			case "model" -> this.model = (value == JsonToken.VALUE_STRING) ? json.getString() : null;
			case "stream" -> this.stream = bool(json, name, value);
			case "background" -> this.background = value == JsonToken.VALUE_TRUE;
			case "max_completion_tokens" -> this.maxCompletionTokens = count(json, value, -1);
			case "max_tokens" -> this.maxTokens = count(json, value, -1);
			case "n" -> this.choices = (int) Math.min(Math.max(1, count(json, value, 1)), Integer.MAX_VALUE);
			case "stream_options" -> readStreamOptions(json, value);
			default -> json.skipChildren();
		}
		// What stands where another type belongs has still to be walked over.
		if (json.currentToken().isStructStart()) {
			json.skipChildren();
		}
	}

	private void readStreamOptions(JsonParser json, JsonToken value) {
		this.streamOptions = value;
		if (value == JsonToken.VALUE_NULL) {
			spliceAt(start(json), end(json), "{\"include_usage\":true}");
		}
		if (value != JsonToken.START_OBJECT) {
			return;
		}
		List<String> seenInside = new ArrayList<>(1);
		boolean given = false;
		boolean empty = true;
		while (json.nextToken() != JsonToken.END_OBJECT) {
			empty = false;
			String name = json.currentName();
			refuseTwice(json, name, List.of(INCLUDE_USAGE), seenInside);
			JsonToken option = json.nextToken();
			int start = start(json);
			json.skipChildren();
			if (name.equals(INCLUDE_USAGE)) {
				given = true;
				json.finishToken();
				this.asksUsage = option == JsonToken.VALUE_TRUE;
				spliceAt(start, end(json), "true");
			}
		}
		if (!given) {
			spliceAt(end(json) - 1, end(json) - 1, empty ? "\"include_usage\":true" : ",\"include_usage\":true");
		}
	}

	private static void refuseTwice(JsonParser json, String name, List<String> once, List<String> seen) {
		for (String known : once) {
			if (known.equalsIgnoreCase(name)) {
				if (seen.contains(known)) {
					throw new InvalidRequest("invalid_json", known,
							message(json, "duplicate key: '" + known + "' may be given once only"));
				}
				seen.add(known);
			}
		}
	}

	private static void refuseOtherSpelling(JsonParser json, String name) {
		for (String known : SPELLED) {
			if (known.equalsIgnoreCase(name) && !known.equals(name)) {
				throw new InvalidRequest("invalid_json", known,
						message(json, "'" + name + "' is not spelled '" + known + "'"));
			}
		}
	}

	private static boolean bool(JsonParser json, String name, JsonToken value) {
		if (!value.isBoolean() && value != JsonToken.VALUE_NULL) {
			throw new InvalidRequest("invalid_json", name, message(json, "'" + name + "' must be a boolean"));
		}
		return value == JsonToken.VALUE_TRUE;
	}

	/** A count that we can use; whether another is allowed is the provider's business. */
	private static long count(JsonParser json, JsonToken value, long otherwise) {
		boolean usable = value == JsonToken.VALUE_NUMBER_INT
				&& json.getNumberType() != JsonParser.NumberType.BIG_INTEGER && json.getLongValue() >= 0;
		return usable ? json.getLongValue() : otherwise;
	}

	private void spliceAt(int start, int end, String text) {
		this.spliceStart = start;
		this.spliceEnd = end;
		this.splice = text;
	}

	private int start(JsonParser json) {
		return (int) json.currentTokenLocation().getByteOffset();
	}

	private int end(JsonParser json) {
		return (int) json.currentLocation().getByteOffset();
	}

	private void refuseOtherEncodings() {
		boolean other = startsWith(0xFE, 0xFF) || startsWith(0xFF, 0xFE)
				|| (this.body.length > 1 && (this.body[0] == 0 || this.body[1] == 0));
		if (other) {
			throw new InvalidRequest("invalid_json", null, "The body is not valid JSON: it must be UTF-8");
		}
	}

	private boolean startsWith(int... bytes) {
		for (int i = 0; i < bytes.length; i++) {
			if (i >= this.body.length || (this.body[i] & 0xFF) != bytes[i]) {
				return false;
			}
		}
		return true;
	}

	private static InvalidRequest invalid(JsonParser json, String rule) {
		return new InvalidRequest("invalid_json", null, message(json, rule));
	}

	private static String message(JsonParser json, String rule) {
		TokenStreamLocation location = json.currentLocation();
		return "The body is not valid JSON at line " + location.getLineNr() + ", column " + location.getColumnNr()
				+ ": " + rule;
	}

}
