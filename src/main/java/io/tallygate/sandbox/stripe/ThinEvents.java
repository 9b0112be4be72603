package io.tallygate.sandbox.stripe;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v2/core/events}: events that are told without their data, which is read here.
 */
final class ThinEvents {

	static final String KIND = "v2.core.event";

	/** Usage that was accepted and is refused after all. */
	static final String ERROR_REPORT = "v1.billing.meter.error_report_triggered";

	/** Usage whose meter is not there. */
	static final String NO_METER_FOUND = "v1.billing.meter.no_meter_found";

	private static final String URL = "/v2/core/events";

	/** Of each kind of refusal, so many are named. */
	private static final int SAMPLES_MAX = 5;

	List<Route> routes() {
		return List.of(
				new Route("GET", URL, "rak_event_read", Allowed.of("limit", "object_id", "types[]"), ThinEvents::list),
				new Route("GET", URL + "/{id}", "rak_event_read", Allowed.of(), (call) -> call.subject(KIND, "event")));
	}

	private static ObjectNode list(Call call) {
		ObjectNode list = Json.object().putNull("next_page_url").putNull("previous_page_url");
		list.putArray("data").addAll(call.account().all(KIND).stream().limit(Listing.limit(call.params())).toList());
		return list;
	}

	/** A new event about an object, told to the destinations that want it. */
	static ObjectNode of(Call call, String type, String objectId, String objectType, String url, ObjectNode data) {
		ObjectNode event = Json.object()
			.put("id", call.newId("evt_test_"))
			.put("object", KIND)
			.putNull("context")
			.put("created", call.now().truncatedTo(ChronoUnit.MILLIS).toString())
			.put("livemode", false)
			.putNull("reason")
			.put("type", type);
		if (!objectId.isEmpty()) {
			event.putObject("related_object").put("id", objectId).put("type", objectType).put("url", url);
		}
		event.set("data", data);
		return call.emit(type, call.save(event));
	}

	/** What is sent of it: no data. */
	static ObjectNode notification(ObjectNode event) {
		ObjectNode thin = event.deepCopy();
		thin.remove("data");
		return thin;
	}

	/**
	 * An event that is refused after its call was answered.
	 *
	 * @param identifier the caller's
	 * @param code Stripe's word for why
	 * @param message to a person
	 */
	record Refusal(String identifier, String code, String message) {
	}

	/**
	 * Reports that accepted events are refused after all, which are not counted any more.
	 */
	static ObjectNode refuseLater(Call call, ObjectNode meter, String code, List<AcceptedEvent> events) {
		events.forEach(call::cancel);
		return report(call, meter,
				events.stream()
					.map((event) -> new Refusal(event.identifier(), code, "The event was refused: " + code))
					.toList());
	}

	/** Tells of refused events; of those whose event name no meter has, of no meter. */
	static ObjectNode report(Call call, @Nullable ObjectNode meter, List<Refusal> refusals) {
		Map<String, List<Refusal>> byCode = refusals.stream()
			.collect(Collectors.groupingBy(Refusal::code, LinkedHashMap::new, Collectors.toList()));
		long now = call.now().getEpochSecond();
		ObjectNode data = Json.object()
			.put("developer_message_summary", "There are invalid events: " + String.join(", ", byCode.keySet()))
			.put("validation_start", Instant.ofEpochSecond(now - 10).toString())
			.put("validation_end", Instant.ofEpochSecond(now).toString());
		ObjectNode reason = data.putObject("reason").put("error_count", refusals.size());
		ArrayNode types = reason.putArray("error_types");
		byCode.forEach((code, alike) -> {
			ArrayNode samples = types.addObject()
				.put("code", code)
				.put("error_count", alike.size())
				.putArray("sample_errors");
			alike.stream()
				.limit(SAMPLES_MAX)
				.forEach((refusal) -> samples.addObject()
					.put("error_message", refusal.message())
					.putObject("request")
					.put("identifier", refusal.identifier()));
		});
		if (meter == null) {
			return of(call, NO_METER_FOUND, "", "", "", data);
		}
		String id = Json.text(meter, "id");
		return of(call, ERROR_REPORT, id, MeterResource.KIND, "/v1/billing/meters/" + id, data);
	}

}
