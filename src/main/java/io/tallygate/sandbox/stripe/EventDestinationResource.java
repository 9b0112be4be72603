package io.tallygate.sandbox.stripe;

import java.util.List;
import java.util.Objects;

import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v2/core/event_destinations}: who is told of what, with thin events or with
 * whole objects. URL and signing secret are shown to who asks for them at creation.
 */
final class EventDestinationResource {

	static final String KIND = "v2.core.event_destination";

	private static final String URL = "/v2/core/event_destinations";

	private static final String READ = "rak_event_destinations_read";

	private static final String WRITE = "rak_event_destinations_write";

	private static final Allowed CREATE = Allowed.of("description", "enabled_events[]", "event_payload", "include[]",
			"metadata[*]", "name", "snapshot_api_version", "type", "webhook_endpoint[url]", "events_from[]");

	List<Route> routes() {
		return List.of(new Route("POST", URL, WRITE, CREATE, EventDestinationResource::create),
				new Route("GET", URL, READ, Allowed.of("limit", "include[]"), EventDestinationResource::list),
				new Route("GET", URL + "/{id}", READ, Allowed.of("include[]"),
						(call) -> shown(call, destination(call))),
				new Route("DELETE", URL + "/{id}", WRITE, Allowed.of(), EventDestinationResource::delete),
				new Route("POST", URL + "/{id}/disable", WRITE, Allowed.of(), (call) -> switched(call, "disabled")),
				new Route("POST", URL + "/{id}/enable", WRITE, Allowed.of(), (call) -> switched(call, "enabled")),
				new Route("POST", URL + "/{id}/ping", WRITE, Allowed.of(), EventDestinationResource::ping));
	}

	private static ObjectNode create(Call call) {
		Params params = call.params();
		String name = params.required("name", 250);
		params.required("type", 30);
		params.choice("type", "webhook_endpoint");
		params.required("event_payload", 10);
		String payload = params.choice("event_payload", "snapshot", "thin");
		ObjectNode destination = call.create(KIND, "ed_test_")
			.put("created", call.now().toString())
			.put("description", params.text("description", ""))
			.put("event_payload", payload)
			.put("name", name)
			.put("snapshot_api_version", params.text("snapshot_api_version"))
			.put("status", "enabled")
			.putNull("status_details")
			.put("type", "webhook_endpoint")
			.put("updated", call.now().toString());
		destination.putObject("metadata");
		WebhookEndpointResource.events(params, destination);
		destination.putObject("webhook_endpoint")
			.put("signing_secret", "whsec_" + call.newId(""))
			.put("url", WebhookEndpointResource.url(params.child("webhook_endpoint")));
		call.mergeMetadata(destination);
		return shown(call, call.save(destination));
	}

	private static ObjectNode list(Call call) {
		ObjectNode list = Json.object().putNull("next_page_url").putNull("previous_page_url");
		list.putArray("data").addAll(call.account().all(KIND).stream().map((each) -> shown(call, each)).toList());
		return list;
	}

	private static ObjectNode delete(Call call) {
		ObjectNode destination = destination(call);
		call.save(Json.object().put("id", Json.text(destination, "id")).put("object", KIND).put("deleted", true));
		return Json.object().put("id", Json.text(destination, "id")).put("object", "v2.core.event_destination.deleted");
	}

	private static ObjectNode switched(Call call, String status) {
		return shown(call, call.save(destination(call).put("status", status).put("updated", call.now().toString())));
	}

	private static ObjectNode ping(Call call) {
		ObjectNode destination = destination(call);
		return ThinEvents.of(call, "v2.core.event_destination.ping", Json.text(destination, "id"), KIND,
				URL + "/" + call.pathId(), Json.object());
	}

	private static ObjectNode destination(Call call) {
		ObjectNode destination = call.subject(KIND, "event destination");
		if (Account.isDeleted(destination)) {
			throw StripeProblem.notFound("event destination", call.pathId());
		}
		return destination;
	}

	private static ObjectNode shown(Call call, ObjectNode kept) {
		ObjectNode shown = kept.deepCopy();
		ObjectNode endpoint = (ObjectNode) Objects.requireNonNull(shown.get("webhook_endpoint"), "webhook_endpoint");
		List<String> include = call.params().texts("include");
		for (String field : List.of("signing_secret", "url")) {
			if (!include.contains("webhook_endpoint." + field)) {
				endpoint.putNull(field);
			}
		}
		return shown;
	}

}
