package io.tallygate.sandbox.provider;

import java.io.Serial;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A refusal as OpenAI words it. */
final class OpenAiProblem extends RuntimeException {

	@Serial
	private static final long serialVersionUID = 1L;

	private final int status;

	private final String type;

	private final @Nullable String param;

	private final @Nullable String code;

	OpenAiProblem(int status, String type, @Nullable String param, @Nullable String code, String message) {
		super(message, null, false, false);
		this.status = status;
		this.type = type;
		this.param = param;
		this.code = code;
	}

	static OpenAiProblem invalid(String message, @Nullable String param, @Nullable String code) {
		return new OpenAiProblem(400, "invalid_request_error", param, code, message);
	}

	/** The error that a model is told to answer. */
	static OpenAiProblem ofStatus(int status) {
		return switch (status) {
			case 401 -> new OpenAiProblem(status, "invalid_request_error", null, "invalid_api_key",
					"Incorrect API key provided. You can find your API key at the fake provider.");
			case 429 -> new OpenAiProblem(status, "requests", null, "rate_limit_exceeded",
					"Rate limit reached for requests. Please try again in 1s.");
			case 503 -> new OpenAiProblem(status, "server_error", null, null,
					"The engine is currently overloaded, please try again later.");
			default -> new OpenAiProblem(status, (status < 500) ? "invalid_request_error" : "server_error", null, null,
					"The fake provider was told to answer " + status + ".");
		};
	}

	int status() {
		return this.status;
	}

	ObjectNode body() {
		ObjectNode body = JsonNodeFactory.instance.objectNode();
		body.putObject("error")
			.put("message", getMessage())
			.put("type", this.type)
			.put("param", this.param)
			.put("code", this.code);
		return body;
	}

}
