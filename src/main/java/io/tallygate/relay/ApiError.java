package io.tallygate.relay;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

import io.netty.handler.codec.http.HttpHeaders;
import io.tallygate.metering.Admission.Rates;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a client app is told instead of an answer, in the shape that OpenAI's SDKs parse.
 * The table of codes is fixed: apps branch on it.
 */
final class ApiError extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private static final JsonMapper JSON = new JsonMapper();

	/** Every code that the gateway itself answers with. */
	enum Code {

		INVALID_API_KEY(401, "invalid_request_error"), CLIENT_SUSPENDED(402, "billing_error"),
		USAGE_CAP_REACHED(402, "billing_error"), MODEL_NOT_ALLOWED(403, "permission_error"),
		UNKNOWN_PATH(404, "invalid_request_error"), MODEL_NOT_FOUND(404, "invalid_request_error"),
		REQUEST_TIMEOUT(408, "invalid_request_error"), REQUEST_TOO_LARGE(413, "invalid_request_error"),
		UNSUPPORTED_CONTENT_ENCODING(415, "invalid_request_error"), INVALID_JSON(400, "invalid_request_error"),
		MISSING_MODEL(400, "invalid_request_error"), BACKGROUND_NOT_SUPPORTED(400, "invalid_request_error"),
		INVALID_REQUEST(400, "invalid_request_error"), RATE_LIMIT_EXCEEDED(429, "rate_limit_error"),
		INTERNAL_ERROR(500, "server_error"), PROVIDER_UNREACHABLE(502, "server_error"),
		PROVIDER_BAD_RESPONSE(502, "server_error"), PROVIDER_UNAVAILABLE(503, "server_error"),
		GATEWAY_OVERLOADED(503, "server_error"), METERING_UNAVAILABLE(503, "server_error"),
		PROVIDER_TIMEOUT(504, "server_error");

		private final int status;

		private final String type;

		Code(int status, String type) {
			this.status = status;
			this.type = type;
		}

		int status() {
			return this.status;
		}

		/** The code as apps see it: lower case. */
		String text() {
			return name().toLowerCase(java.util.Locale.ROOT);
		}

		/** The code of this text, {@link #INVALID_REQUEST} for one not listed. */
		static Code of(String text) {
			for (Code code : values()) {
				if (code.text().equals(text)) {
					return code;
				}
			}
			return INVALID_REQUEST;
		}

	}

	private final Code code;

	private final @Nullable String param;

	private final @Nullable Duration retryAfter;

	private final transient Rates rates;

	private ApiError(Code code, String message, @Nullable String param, @Nullable Duration retryAfter, Rates rates) {
		super(message, null, false, false);
		this.code = code;
		this.param = param;
		this.retryAfter = retryAfter;
		this.rates = rates;
	}

	/** An error with this code; those of status 503 say to come back in a second. */
	static ApiError of(Code code, String message) {
		return new ApiError(code, message, null, (code.status == 503) ? Duration.ofSeconds(1) : null, Rates.NONE);
	}

	/** An error in one field of the request. */
	static ApiError of(Code code, String message, @Nullable String param) {
		return new ApiError(code, message, param, null, Rates.NONE);
	}

	/** An error that passes with time. */
	static ApiError of(Code code, String message, Duration retryAfter) {
		return new ApiError(code, message, null, retryAfter, Rates.NONE);
	}

	/** The same error, which also tells a client how its rates stand. */
	ApiError with(Rates standing) {
		return new ApiError(this.code, String.valueOf(getMessage()), this.param, this.retryAfter, standing);
	}

	Code code() {
		return this.code;
	}

	int status() {
		return this.code.status;
	}

	/** The JSON object, as the body of an answer. */
	byte[] body() {
		ObjectNode root = JSON.createObjectNode();
		root.putObject("error")
			.put("message", getMessage())
			.put("type", this.code.type)
			.put("param", this.param)
			.put("code", this.code.text());
		return JSON.writeValueAsBytes(root);
	}

	/**
	 * The event that ends a stream which cannot go on. It begins with an empty line,
	 * because the provider may have broken off in the middle of an event.
	 */
	byte[] event() {
		return ("\n\ndata: " + new String(body(), StandardCharsets.UTF_8) + "\n\n").getBytes(StandardCharsets.UTF_8);
	}

	/** The headers that go with the status. */
	void writeHeaders(HttpHeaders headers) {
		headers.set("content-type", "application/json");
		if (this.code.status == 401 || this.code.status == 402) {
			headers.set("x-should-retry", "false");
		}
		if (this.retryAfter != null) {
			headers.set("retry-after", Math.max(1, (this.retryAfter.toMillis() + 999) / 1000));
			headers.set("retry-after-ms", Math.max(1, this.retryAfter.toMillis()));
		}
		RateHeaders.write(this.rates, headers);
		if (this.code == Code.REQUEST_TOO_LARGE) {
			// The rest of the body is not worth reading.
			headers.set("connection", "close");
		}
	}

}
