package io.tallygate.sandbox.stripe;

import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes an event of everything that a call tells, and a delivery for each endpoint that
 * wants to hear of it. They are part of the call's changes, so that nothing is told that
 * did not happen, and nothing that happened is untold after a crash.
 */
final class Recorder {

	private final String version;

	Recorder(String version) {
		this.version = version;
	}

	/** Adds events and deliveries to what the call changes. */
	void record(Call call, String requestId, @Nullable String idempotencyKey) {
		for (Call.Emitted emitted : List.copyOf(call.emitted())) {
			if (Json.text(emitted.object(), "object").equals(ThinEvents.KIND)) {
				deliver(call, emitted.type(), Json.text(emitted.object(), "id"), "thin");
			}
			else {
				snapshot(call, emitted, requestId, idempotencyKey);
			}
		}
	}

	private void snapshot(Call call, Call.Emitted emitted, String requestId, @Nullable String idempotencyKey) {
		ObjectNode event = Json.object()
			.put("id", call.newId("evt_"))
			.put("object", EventResource.KIND)
			.put("api_version", this.version)
			.put("created", call.now().getEpochSecond());
		event.putObject("data").set("object", emitted.object());
		event.put("livemode", false).put("pending_webhooks", 0);
		event.putObject("request")
			.put("id", requestId.isEmpty() ? null : requestId)
			.put("idempotency_key", idempotencyKey);
		event.put("type", emitted.type());
		String id = Json.text(event, "id");
		int endpoints = deliver(call, emitted.type(), id, "snapshot");
		call.save(event.put("pending_webhooks", endpoints));
	}

	private static int deliver(Call call, String type, String event, String payload) {
		int endpoints = 0;
		if (payload.equals("snapshot")) {
			for (ObjectNode endpoint : call.account().all(WebhookEndpointResource.KIND)) {
				endpoints += deliver(call, endpoint, type, event);
			}
		}
		for (ObjectNode destination : call.account().all(EventDestinationResource.KIND)) {
			if (Json.text(destination, "event_payload").equals(payload)) {
				endpoints += deliver(call, destination, type, event);
			}
		}
		return endpoints;
	}

	private static int deliver(Call call, JsonNode endpoint, String type, String event) {
		if (!WebhookEndpointResource.wants(endpoint, type)) {
			return 0;
		}
		call.save(Json.object()
			.put("id", call.newId("whd_"))
			.put("object", Deliveries.KIND)
			.put("endpoint", Json.text(endpoint, "id"))
			.put("event", event)
			.put("attempts", 0)
			.put("next_at_ms", call.now().toEpochMilli())
			.put("state", "due"));
		return 1;
	}

	/** The line that makes the journal remember what the call changed. */
	static ObjectNode line(Call call) {
		ObjectNode line = Json.object().put("account", call.account().id());
		call.changes().forEach(line.putArray("changes")::add);
		return line;
	}

}
