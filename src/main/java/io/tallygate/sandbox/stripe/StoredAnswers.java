package io.tallygate.sandbox.stripe;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The first answer to each Idempotency-Key, a 500 too, for a day: whoever repeats the
 * call gets it again, whoever changes the call is refused.
 */
final class StoredAnswers {

	static final Duration LIFE = Duration.ofHours(24);

	/** The oldest gives way when more are kept. */
	static final int COUNT_MAX = 200_000;

	private final Map<String, Stored> byKey = new LinkedHashMap<>();

	/**
	 * An answer that was given.
	 *
	 * @param key the caller's
	 * @param fingerprint of the call
	 * @param requestId of the first call
	 */
	record Stored(String key, String fingerprint, String requestId, int status, String body, Instant at) {

		ObjectNode json() {
			return Json.object()
				.put("key", this.key)
				.put("fingerprint", this.fingerprint)
				.put("request_id", this.requestId)
				.put("status", this.status)
				.put("body", this.body)
				.put("at_ms", this.at.toEpochMilli());
		}

		static Stored of(JsonNode json) {
			return new Stored(Json.text(json, "key"), Json.text(json, "fingerprint"), Json.text(json, "request_id"),
					json.path("status").asInt(), Json.text(json, "body"),
					Instant.ofEpochMilli(json.path("at_ms").asLong()));
		}

	}

	/** The answer kept for this key, if the day is not over. */
	@Nullable Stored find(String key, Instant now) {
		Stored stored = this.byKey.get(key);
		return (stored != null && stored.at().plus(LIFE).isAfter(now)) ? stored : null;
	}

	void add(Stored stored) {
		this.byKey.remove(stored.key());
		this.byKey.put(stored.key(), stored);
		while (this.byKey.size() > COUNT_MAX || isOver(oldest(), stored.at())) {
			this.byKey.remove(oldest().key());
		}
	}

	private Stored oldest() {
		return this.byKey.values().iterator().next();
	}

	private static boolean isOver(Stored stored, Instant now) {
		return !stored.at().plus(LIFE).isAfter(now);
	}

}
