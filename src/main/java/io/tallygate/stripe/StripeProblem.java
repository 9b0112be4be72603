package io.tallygate.stripe;

import java.util.Locale;

import com.stripe.exception.StripeException;
import com.stripe.model.StripeError;
import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;

/**
 * What Stripe answered instead of what was asked for, or that it did not answer. Every
 * exception of Stripe's library becomes one, here; the key never stands in its text.
 */
public final class StripeProblem extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private static final int MESSAGE_MAX = 500;

	/** What follows from it. */
	public enum Kind {

		/** The agency has no Stripe connection, or its key cannot be opened. */
		NOT_CONNECTED,
		/** The call waited for its turn too long and never left. */
		NOT_SENT,
		/** 401 or 403: the key does not open this door. */
		KEY_REFUSED,
		/** There is no such object. */
		NOT_FOUND,
		/** Any other 4xx: a repeat would be refused too. */
		REFUSED,
		/** 429: later. */
		BUSY,
		/** 5xx: perhaps after it was done. */
		FAILED,
		/** No answer, or none that is Stripe's: perhaps it was done. */
		UNANSWERED

	}

	private final Kind kind;

	private final int status;

	private final String code;

	private final String param;

	StripeProblem(Kind kind, int status, String code, String message) {
		this(kind, status, code, message, "");
	}

	private StripeProblem(Kind kind, int status, String code, String message, String param) {
		super(message);
		this.kind = kind;
		this.status = status;
		this.code = code;
		this.param = param;
	}

	/** What an exception of a call made with {@code key} means. */
	static StripeProblem of(Exception thrown, Secret key) {
		if (thrown instanceof StripeProblem known) {
			return known;
		}
		if (thrown instanceof StripeException answer && answer.getStatusCode() != null) {
			return answered(answer.getStatusCode(), answer.getStripeError(), key);
		}
		Throwable cause = (thrown.getCause() != null) ? thrown.getCause() : thrown;
		return new StripeProblem(Kind.UNANSWERED, 0, "no_answer", "Stripe did not answer: "
				+ printable(cause.getClass().getSimpleName() + " (" + cause.getMessage() + ")", key));
	}

	private static StripeProblem answered(int status, @Nullable StripeError error, Secret key) {
		String code = (error != null) ? codeOf(error) : "http_" + status;
		String message = (error != null && error.getMessage() != null) ? error.getMessage()
				: "Status " + status + " without an explanation";
		String param = (error != null && error.getParam() != null) ? error.getParam() : "";
		return new StripeProblem(kind(status, code, error != null), status, code, printable(message, key), param);
	}

	private static Kind kind(int status, String code, boolean explained) {
		// An earlier attempt under the same idempotency key is still running at Stripe.
		if (status == 429 || code.equals("idempotency_key_in_use")) {
			return Kind.BUSY;
		}
		if (status >= 500) {
			return Kind.FAILED;
		}
		// Something between us and Stripe answered, or half an answer came.
		if (!explained || status < 400) {
			return Kind.UNANSWERED;
		}
		if (status == 401 || status == 403) {
			return Kind.KEY_REFUSED;
		}
		return (status == 404 || code.equals("resource_missing")) ? Kind.NOT_FOUND : Kind.REFUSED;
	}

	private static String codeOf(StripeError error) {
		if (error.getCode() != null) {
			return error.getCode();
		}
		return (error.getType() != null) ? error.getType() : "unknown";
	}

	private static String printable(String text, Secret key) {
		String clean = text.replace(key.reveal(), key.toString());
		return (clean.length() > MESSAGE_MAX) ? clean.substring(0, MESSAGE_MAX) + "…" : clean;
	}

	/** What follows from it. */
	public Kind kind() {
		return this.kind;
	}

	/** The HTTP status, 0 without an answer. */
	public int status() {
		return this.status;
	}

	/** Stripe's {@code error.code}, or its type where there is none. */
	public String code() {
		return this.code;
	}

	/** Stripe's name of the parameter at fault, empty where none is. */
	public String param() {
		return this.param;
	}

	/** Whether the key is good and lacks a permission, which Stripe's words name. */
	public boolean isPermission() {
		return this.status == 403;
	}

	/** What Stripe said, or what happened. */
	public String reason() {
		return String.valueOf(getMessage());
	}

	/** Whether Stripe's words contain these, whatever their case. */
	boolean says(String words) {
		return reason().toLowerCase(Locale.ROOT).contains(words);
	}

}
