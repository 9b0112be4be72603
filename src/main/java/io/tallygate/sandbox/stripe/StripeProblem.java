package io.tallygate.sandbox.stripe;

import java.io.Serial;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** A refusal as Stripe words it: a status and an {@code error} object. */
final class StripeProblem extends RuntimeException {

	@Serial
	private static final long serialVersionUID = 1L;

	private final int status;

	private final String type;

	private final @Nullable String code;

	private final @Nullable String param;

	private String rateLimitedReason = "";

	StripeProblem(int status, String type, @Nullable String code, @Nullable String param, String message) {
		super(message, null, false, false);
		this.status = status;
		this.type = type;
		this.code = code;
		this.param = param;
	}

	/** 400 about one parameter. */
	static StripeProblem invalid(@Nullable String code, @Nullable String param, String message) {
		return new StripeProblem(400, "invalid_request_error", code, param, message);
	}

	/** 400 for a parameter that names an object which is not there. */
	static StripeProblem noSuch(String what, String id, String param) {
		return invalid("resource_missing", param, "No such " + what + ": '" + id + "'");
	}

	/** 404 for an object named by the path. */
	static StripeProblem notFound(String what, String id) {
		return new StripeProblem(404, "invalid_request_error", "resource_missing", "id",
				"No such " + what + ": '" + id + "'");
	}

	static StripeProblem unauthorized(String message) {
		return new StripeProblem(401, "invalid_request_error", null, null, message);
	}

	/** 429; which limit it was goes into a header. */
	static StripeProblem tooManyRequests(String reason, String message) {
		StripeProblem problem = new StripeProblem(429, "invalid_request_error", "rate_limit", null, message);
		problem.rateLimitedReason = reason;
		return problem;
	}

	static StripeProblem serverError() {
		return new StripeProblem(500, "api_error", null, null,
				"An unknown error occurred. Let us know at https://support.stripe.com/contact.");
	}

	int status() {
		return this.status;
	}

	/** Stripe's word for it, where it has one. */
	@Nullable String code() {
		return this.code;
	}

	/** Which limit a 429 speaks of, empty otherwise. */
	String rateLimitedReason() {
		return this.rateLimitedReason;
	}

	/** The body of the answer. */
	ObjectNode body(String requestId) {
		ObjectNode body = Json.object();
		ObjectNode error = body.putObject("error");
		if (this.code != null) {
			error.put("code", this.code);
			error.put("doc_url", "https://stripe.com/docs/error-codes/" + this.code.replace('_', '-'));
		}
		error.put("message", getMessage());
		if (this.param != null) {
			error.put("param", this.param);
		}
		error.put("request_log_url", "https://dashboard.stripe.com/test/logs/" + requestId);
		error.put("type", this.type);
		return body;
	}

}
