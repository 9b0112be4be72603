package io.tallygate.sandbox.stripe;

import java.time.Duration;
import java.util.Locale;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What goes wrong with the next calls that report a meter event, or with those that make
 * something else.
 *
 * @param kind what it is
 * @param times how many calls it meets
 * @param account whose calls, null for everyone's
 * @param path of the calls, null for those that report a meter event
 * @param delay of {@link Kind#SLOW}
 */
public record Fault(Kind kind, int times, @Nullable String account, @Nullable String path, Duration delay) {

	/** Calls that one fault may meet. */
	private static final int TIMES_MAX = 1_000_000;

	public Fault {
		if (times < 1 || times > TIMES_MAX) {
			throw new IllegalArgumentException("times must be between 1 and " + TIMES_MAX + " but was " + times);
		}
		if (delay.isNegative()) {
			throw new IllegalArgumentException("delay must not be negative but was " + delay);
		}
	}

	/** The ways in which it goes wrong; on the wire in lower case. */
	public enum Kind {

		/** 429; the event is not taken. */
		RATE_LIMITED,
		/** 500; the event is not taken, the Idempotency-Key keeps answering 500. */
		SERVER_ERROR,
		/** 500 although the event is taken; the Idempotency-Key keeps answering 500. */
		SERVER_ERROR_AFTER_COMMIT,
		/** No answer, and the event is not taken. */
		HANG,
		/** No answer, although the event is taken. */
		HANG_AFTER_COMMIT,
		/** The event is taken, then the connection is closed without an answer. */
		DROP_ANSWER,
		/** 401, as after the key was revoked; the event is not taken. */
		UNAUTHORIZED,
		/** 200 with a page of HTML, as of a proxy; the event is not taken. */
		GARBAGE,
		/** The event is taken and answered, but late. */
		SLOW

	}

	/** The next {@code times} calls of everyone meet {@code kind}. */
	public static Fault next(int times, Kind kind) {
		return new Fault(kind, times, null, null, Duration.ZERO);
	}

	/** The same, of one account only. */
	public Fault of(String account) {
		return new Fault(this.kind, this.times, account, this.path, this.delay);
	}

	/** The same, of POSTs to this path: {@code /v1/customers}, for instance. */
	public Fault at(String path) {
		return new Fault(this.kind, this.times, this.account, path, this.delay);
	}

	/** The next {@code times} calls are answered late by {@code delay}. */
	public static Fault slow(int times, Duration delay) {
		return new Fault(Kind.SLOW, times, null, null, delay);
	}

	Fault withTimes(int times) {
		return new Fault(this.kind, times, this.account, this.path, this.delay);
	}

	ObjectNode json() {
		return Json.object()
			.put("kind", this.kind.name().toLowerCase(Locale.ROOT))
			.put("times", this.times)
			.put("account", this.account)
			.put("path", this.path)
			.put("delay_ms", this.delay.toMillis());
	}

	static Fault of(ObjectNode json) {
		return new Fault(Kind.valueOf(Json.text(json, "kind").toUpperCase(Locale.ROOT)), json.path("times").asInt(1),
				json.path("account").stringValue(null), json.path("path").stringValue(null),
				Duration.ofMillis(json.path("delay_ms").asLong(0)));
	}

}
