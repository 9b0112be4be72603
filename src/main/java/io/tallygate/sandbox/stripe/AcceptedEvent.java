package io.tallygate.sandbox.stripe;

import java.time.Instant;

import tools.jackson.databind.node.ObjectNode;

/**
 * A meter event that was accepted: what tests compare a ledger with.
 *
 * @param order of arrival in its account, from 1
 * @param account of the key that it came with
 * @param identifier the caller's, else one made up here
 * @param customer {@code cus_…}
 * @param eventName the meter's
 * @param meter {@code mtr_…}
 * @param value a whole number
 * @param timestamp when the usage occurred, by the caller
 * @param receivedAt when it arrived, by our clock
 * @param isCancelled whether an adjustment took it back
 */
public record AcceptedEvent(long order, String account, String identifier, String customer, String eventName,
		String meter, long value, Instant timestamp, Instant receivedAt, boolean isCancelled) {

	AcceptedEvent cancelled() {
		return new AcceptedEvent(this.order, this.account, this.identifier, this.customer, this.eventName, this.meter,
				this.value, this.timestamp, this.receivedAt, true);
	}

	ObjectNode json() {
		return Json.object()
			.put("order", this.order)
			.put("account", this.account)
			.put("identifier", this.identifier)
			.put("customer", this.customer)
			.put("event_name", this.eventName)
			.put("meter", this.meter)
			.put("value", this.value)
			.put("timestamp", this.timestamp.getEpochSecond())
			.put("received_at_ms", this.receivedAt.toEpochMilli())
			.put("cancelled", this.isCancelled);
	}

	static AcceptedEvent of(ObjectNode json) {
		return new AcceptedEvent(json.path("order").asLong(), Json.text(json, "account"), Json.text(json, "identifier"),
				Json.text(json, "customer"), Json.text(json, "event_name"), Json.text(json, "meter"),
				json.path("value").asLong(), Instant.ofEpochSecond(json.path("timestamp").asLong()),
				Instant.ofEpochMilli(json.path("received_at_ms").asLong()), json.path("cancelled").asBoolean(false));
	}

}
