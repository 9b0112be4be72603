package io.tallygate.stripe;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a webhook tells, as far as it is believed: that something happened to an object.
 * These fields are the same in every version of the API, which is why a webhook of
 * another version than ours does no harm; the object itself is read from Stripe.
 *
 * @param eventId {@code evt_…}: the same in every delivery
 * @param kind whether the object came with it
 * @param type what happened ("invoice.paid")
 * @param createdAt when it happened
 * @param livemode whether real money moves
 * @param account whose it is, where Stripe says so
 * @param apiVersion in which the object came, if it came
 * @param objectType Stripe's word for what it happened to ("invoice")
 * @param objectId of that
 * @param customerId whose that is, if a customer's
 */
public record WebhookNotice(String eventId, Kind kind, String type, Instant createdAt, boolean livemode,
		@Nullable String account, @Nullable String apiVersion, @Nullable String objectType, @Nullable String objectId,
		@Nullable String customerId) {

	private static final JsonMapper JSON = new JsonMapper();

	private static final int TEXT_MAX = 255;

	private static final String THIN = "v2.core.event";

	/** How an event comes. */
	public enum Kind {

		/** With the object as it was then. */
		SNAPSHOT,
		/** With its id only. */
		THIN;

		/** The name in JSON and in the database: lower case. */
		public String text() {
			return name().toLowerCase(Locale.ROOT);
		}

	}

	/** Reads a body; {@code null} for one that is no event. */
	public static @Nullable WebhookNotice read(byte[] body) {
		try {
			JsonNode event = JSON.readTree(body);
			return Objects.equals(text(event, "object"), THIN) ? thin(event) : snapshot(event);
		}
		catch (JacksonException | DateTimeException ex) {
			return null;
		}
	}

	private static @Nullable WebhookNotice snapshot(JsonNode event) {
		JsonNode created = event.path("created");
		if (!Objects.equals(text(event, "object"), "event") || !created.isIntegralNumber()) {
			return null;
		}
		JsonNode object = event.path("data").path("object");
		String objectType = text(object, "object");
		String customer = Objects.equals(objectType, "customer") ? text(object, "id") : idOf(object, "customer");
		return notice(event, Kind.SNAPSHOT, Instant.ofEpochSecond(created.asLong()), text(event, "account"),
				text(event, "api_version"), objectType, text(object, "id"), customer);
	}

	private static @Nullable WebhookNotice thin(JsonNode event) {
		String created = text(event, "created");
		JsonNode object = event.path("related_object");
		return (created != null) ? notice(event, Kind.THIN, Instant.parse(created), account(text(event, "context")),
				null, text(object, "type"), text(object, "id"), null) : null;
	}

	private static @Nullable WebhookNotice notice(JsonNode event, Kind kind, Instant createdAt,
			@Nullable String account, @Nullable String apiVersion, @Nullable String objectType,
			@Nullable String objectId, @Nullable String customer) {
		String id = text(event, "id");
		String type = text(event, "type");
		JsonNode livemode = event.path("livemode");
		if (id == null || type == null || !id.matches("evt_\\w{1,250}") || !livemode.isBoolean()) {
			return null;
		}
		return new WebhookNotice(id, kind, type, createdAt, livemode.asBoolean(), account, apiVersion, objectType,
				objectId, customer);
	}

	/** The context of a thin event ends with the account that it is of. */
	private static @Nullable String account(@Nullable String context) {
		return (context != null) ? context.substring(context.lastIndexOf('/') + 1) : null;
	}

	/** An id, or that of the object that stands in its place. */
	private static @Nullable String idOf(JsonNode object, String field) {
		return object.path(field).isObject() ? text(object.path(field), "id") : text(object, field);
	}

	private static @Nullable String text(JsonNode object, String field) {
		JsonNode value = object.path(field);
		String text = value.isString() ? value.asString() : "";
		return (text.isEmpty() || text.length() > TEXT_MAX) ? null : text;
	}

}
