package io.tallygate.provider;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * One {@code usage} object, read. Its names differ between providers; what they mean does
 * not: input includes what was cached, output includes reasoning (or the total says by
 * how much it does not).
 * <p>
 * A report is believed whole or not at all: a count that is negative, has a fraction or
 * is no number makes it void, and so does the absence of every count.
 */
final class UsageReport {

	private static final JsonFactory JSON = new JsonFactory();

	private @Nullable Long input;

	private @Nullable Long cachedInput;

	private @Nullable Long cacheWrite;

	private @Nullable Long output;

	private @Nullable Long reasoning;

	private @Nullable Long total;

	private boolean valid = true;

	private UsageReport() {
	}

	/** The counts of this object, or {@code null} where the report is void. */
	static @Nullable Usage read(Bytes object) {
		UsageReport report = new UsageReport();
		try (JsonParser json = JSON.createParser(ObjectReadContext.empty(), object.array(), 0, object.length())) {
			json.nextToken();
			report.readCounts(json);
		}
		catch (JacksonException ex) {
			return null;
		}
		return report.usage();
	}

	private void readCounts(JsonParser json) {
		while (json.nextToken() != JsonToken.END_OBJECT) {
			String name = json.currentName();
			JsonToken value = json.nextToken();
			switch (name) {
				case "prompt_tokens", "input_tokens" -> this.input = count(json, value);
				case "completion_tokens", "output_tokens" -> this.output = count(json, value);
				case "total_tokens" -> this.total = count(json, value);
				case "cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens" ->
					this.cachedInput = count(json, value);
				case "cache_write_tokens" -> this.cacheWrite = count(json, value);
				case "prompt_tokens_details", "input_tokens_details", "completion_tokens_details",
						"output_tokens_details" ->
					readDetails(json, value);
				default -> json.skipChildren();
			}
		}
	}

	private void readDetails(JsonParser json, JsonToken value) {
		if (value != JsonToken.START_OBJECT) {
			json.skipChildren();
			return;
		}
		while (json.nextToken() != JsonToken.END_OBJECT) {
			String name = json.currentName();
			JsonToken detail = json.nextToken();
			switch (name) {
				case "cached_tokens" -> this.cachedInput = count(json, detail);
				case "cache_write_tokens" -> this.cacheWrite = count(json, detail);
				case "reasoning_tokens" -> this.reasoning = count(json, detail);
				default -> json.skipChildren();
			}
		}
	}

	private @Nullable Long count(JsonParser json, JsonToken value) {
		if (value == JsonToken.VALUE_NULL) {
			return null;
		}
		if (value == JsonToken.VALUE_NUMBER_INT && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER
				&& json.getLongValue() >= 0 && json.getLongValue() <= Usage.COUNT_MAX) {
			return json.getLongValue();
		}
		this.valid = false;
		json.skipChildren();
		return null;
	}

	private @Nullable Usage usage() {
		boolean counted = this.input != null || this.output != null || this.total != null;
		return (this.valid && counted)
				? new Usage(this.input, this.cachedInput, this.cacheWrite, this.output, this.reasoning, this.total)
				: null;
	}

}
