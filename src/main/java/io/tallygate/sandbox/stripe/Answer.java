package io.tallygate.sandbox.stripe;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What goes back over the wire, if it goes back.
 *
 * @param status of HTTP
 * @param headers beside those that every answer has
 * @param body as it is sent
 * @param fate whether it is sent at all
 * @param delay to wait before
 */
record Answer(int status, Map<String, String> headers, String body, Fate fate, Duration delay) {

	/** What becomes of an answer. */
	enum Fate {

		SENT,
		/** Never sent; the connection stays open until the caller leaves. */
		WITHHELD,
		/** The connection is closed instead. */
		DROPPED

	}

	static Answer of(int status, String body) {
		return new Answer(status, Map.of("Content-Type", "application/json"), body, Fate.SENT, Duration.ZERO);
	}

	Answer with(String header, String value) {
		Map<String, String> headers = new LinkedHashMap<>(this.headers);
		headers.put(header, value);
		return new Answer(this.status, headers, this.body, this.fate, this.delay);
	}

	Answer meets(Fate fate) {
		return new Answer(this.status, this.headers, this.body, fate, this.delay);
	}

	Answer after(Duration delay) {
		return new Answer(this.status, this.headers, this.body, this.fate, delay);
	}

}
