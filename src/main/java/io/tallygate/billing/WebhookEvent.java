package io.tallygate.billing;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Row;
import io.tallygate.stripe.WebhookNotice;
import org.jspecify.annotations.Nullable;

/**
 * An event in the inbox: that something happened to an object at Stripe.
 *
 * @param id ours
 * @param agency whose Stripe told it
 * @param eventId Stripe's
 * @param kind whether the object came with it
 * @param type what happened
 * @param apiVersion in which the object came
 * @param objectType what it happened to
 * @param objectId of that
 * @param customerId whose that is
 * @param createdAt when it happened
 * @param receivedAt when it came first
 * @param deliveries how often it came
 * @param state where it stands
 * @param note what was made of it, or what went wrong
 * @param attempts how often it was taken up
 * @param nextAttemptAt when it may be taken up
 * @param doneAt when it was worked off
 */
record WebhookEvent(String id, AgencyId agency, String eventId, WebhookNotice.Kind kind, String type,
		@Nullable String apiVersion, @Nullable String objectType, @Nullable String objectId,
		@Nullable String customerId, Instant createdAt, Instant receivedAt, int deliveries, State state,
		@Nullable String note, int attempts, Instant nextAttemptAt, @Nullable Instant doneAt) {

	static final String PREFIX = "whe_";

	/** Of {@code webhook_event w}. */
	static final String SELECT = """
			w.id, w.agency_id, w.event_id, w.kind, w.type, w.api_version, w.object_type, w.object_id, w.customer_id,
			w.created_at, w.received_at, w.deliveries, w.state, w.note, w.attempts, w.next_attempt_at, w.done_at
			""";

	/** With growing pauses this is about two days; Stripe itself gives up after three. */
	static final int ATTEMPTS_MAX = 60;

	private static final Duration PAUSE_MAX = Duration.ofHours(1);

	/** Where an event stands. */
	enum State {

		/** It waits, or is being worked off. */
		RECEIVED,
		/** What follows from it is committed. */
		DONE,
		/** Nothing follows from it. */
		IGNORED,
		/** It was tried too often. */
		FAILED;

		String text() {
			return name().toLowerCase(Locale.ROOT);
		}

	}

	static WebhookEvent of(Readable row) {
		return new WebhookEvent(Row.text(row, "id"), new AgencyId(Row.text(row, "agency_id")),
				Row.text(row, "event_id"), WebhookNotice.Kind.valueOf(Row.text(row, "kind").toUpperCase(Locale.ROOT)),
				Row.text(row, "type"), row.get("api_version", String.class), row.get("object_type", String.class),
				row.get("object_id", String.class), row.get("customer_id", String.class),
				Row.get(row, "created_at", Instant.class), Row.get(row, "received_at", Instant.class),
				Row.get(row, "deliveries", Integer.class),
				State.valueOf(Row.text(row, "state").toUpperCase(Locale.ROOT)), row.get("note", String.class),
				Row.get(row, "attempts", Integer.class), Row.get(row, "next_attempt_at", Instant.class),
				row.get("done_at", Instant.class));
	}

	/** When it is tried again, doubling up to an hour. */
	Instant again(Instant now) {
		long seconds = Math.min(PAUSE_MAX.toSeconds(), 1L << Math.min(this.attempts, 12));
		return now.plusSeconds(seconds);
	}

	/** Whether it was tried as often as it is going to be. */
	boolean isTriedEnough() {
		return this.attempts >= ATTEMPTS_MAX;
	}

}
