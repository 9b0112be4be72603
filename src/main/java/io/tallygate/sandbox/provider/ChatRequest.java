package io.tallygate.sandbox.provider;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is asked of {@code /v1/chat/completions}.
 *
 * @param tokensMax of output, null for no bound
 * @param isUsageAskedFor by {@code stream_options.include_usage}
 * @param user whom the caller says that it is for, "" when it does not
 */
record ChatRequest(FakeModel model, JsonNode messages, boolean isStreamed, boolean isUsageAskedFor,
		@Nullable Integer tokensMax, String user) {

	private static final JsonMapper MAPPER = JsonMapper.builder().build();

	static ChatRequest parse(byte[] body) {
		ObjectNode json = read(body);
		String name = json.path("model").stringValue("");
		if (name.isEmpty()) {
			throw OpenAiProblem.invalid("you must provide a model parameter", "model", null);
		}
		FakeModel model = FakeModel.named(name);
		if (model == null) {
			throw new OpenAiProblem(404, "invalid_request_error", "model", "model_not_found",
					"The model `" + name + "` does not exist or you do not have access to it.");
		}
		JsonNode messages = json.path("messages");
		if (!messages.isArray() || messages.isEmpty()) {
			throw OpenAiProblem.invalid("Missing required parameter: 'messages'.", "messages",
					"missing_required_parameter");
		}
		boolean isStreamed = json.path("stream").asBoolean(false);
		if (json.path("stream_options").isObject() && !isStreamed) {
			throw OpenAiProblem.invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
					"stream_options", null);
		}
		return new ChatRequest(model, messages, isStreamed,
				json.path("stream_options").path("include_usage").asBoolean(false), tokensMax(json),
				json.path("user").stringValue(""));
	}

	private static ObjectNode read(byte[] body) {
		try {
			return MAPPER.readValue(body, ObjectNode.class);
		}
		catch (JacksonException ex) {
			throw OpenAiProblem.invalid("We could not parse the JSON body of your request.", null, null);
		}
	}

	private static @Nullable Integer tokensMax(ObjectNode json) {
		for (String name : new String[] { "max_completion_tokens", "max_tokens" }) {
			JsonNode value = json.path(name);
			if (value.isMissingNode() || value.isNull()) {
				continue;
			}
			if (!value.isIntegralNumber() || value.asLong() < 1 || value.asLong() > Integer.MAX_VALUE) {
				throw OpenAiProblem.invalid("Invalid '" + name + "': expected an integer of at least 1.", name,
						"integer_below_min_value");
			}
			return value.asInt();
		}
		return null;
	}

	/** The text of the last thing that the user said, on which the answer depends. */
	String lastUserText() {
		String text = "";
		for (JsonNode message : this.messages) {
			if (message.path("role").stringValue("").equals("user")) {
				JsonNode content = message.path("content");
				StringBuilder parts = new StringBuilder(content.stringValue(""));
				content.forEach((part) -> parts.append(part.path("text").stringValue("")));
				text = parts.toString();
			}
		}
		return text;
	}

}
