package io.tallygate.sandbox.stripe;

import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/billing/meters}: immutable but for the name that is shown. */
final class MeterResource {

	static final String KIND = "billing.meter";

	private static final String URL = "/v1/billing/meters";

	private static final String READ = "rak_billing_meter_read";

	private static final String WRITE = "rak_billing_meter_write";

	private static final Allowed CREATE = Allowed.of("customer_mapping[event_payload_key]", "customer_mapping[type]",
			"default_aggregation[formula]", "display_name", "event_name", "event_time_window",
			"value_settings[event_payload_key]");

	List<Route> routes() {
		return List.of(new Route("POST", URL, WRITE, CREATE, MeterResource::create),
				new Route("GET", URL, READ, Allowed.of("limit", "starting_after", "ending_before", "status"),
						MeterResource::list),
				new Route("GET", URL + "/{id}", READ, Allowed.of(), MeterResource::meter),
				new Route("POST", URL + "/{id}", WRITE, Allowed.of("display_name"), MeterResource::update),
				new Route("POST", URL + "/{id}/deactivate", WRITE, Allowed.of(),
						(call) -> change(call, "active", "inactive")),
				new Route("POST", URL + "/{id}/reactivate", WRITE, Allowed.of(),
						(call) -> change(call, "inactive", "active")));
	}

	private static ObjectNode create(Call call) {
		Params params = call.params();
		String displayName = params.required("display_name", 250);
		String eventName = params.required("event_name", 100);
		Params aggregation = params.child("default_aggregation");
		aggregation.required("formula", 10);
		String formula = aggregation.choice("formula", "count", "last", "sum");
		// Deactivated meters keep their event name: they come back by being reactivated.
		if (byEventName(call.account(), eventName) != null) {
			throw StripeProblem.invalid("resource_already_exists", "event_name",
					"A meter already exists with event name '" + eventName + "'.");
		}
		ObjectNode meter = call.create(KIND, "mtr_");
		ObjectNode mapping = meter.putObject("customer_mapping").put("type", "by_id");
		mapping.put("event_payload_key", payloadKey(params, "customer_mapping", "stripe_customer_id"));
		if (params.has("customer_mapping")) {
			params.child("customer_mapping").required("type", 10);
			params.child("customer_mapping").choice("type", "by_id");
		}
		meter.putObject("default_aggregation").put("formula", formula);
		meter.put("display_name", displayName)
			.put("event_name", eventName)
			.put("event_time_window", params.choice("event_time_window", "day", "hour"))
			.put("status", "active");
		meter.putObject("status_transitions").putNull("deactivated_at");
		meter.put("updated", call.now().getEpochSecond());
		meter.putObject("value_settings").put("event_payload_key", payloadKey(params, "value_settings", "value"));
		return call.emit("billing.meter.created", call.save(meter));
	}

	private static String payloadKey(Params params, String setting, String defaultKey) {
		return params.has(setting) ? params.child(setting).required("event_payload_key", 100) : defaultKey;
	}

	/** The meter that takes events of this name, active or not. */
	static @Nullable ObjectNode byEventName(Account account, @Nullable String eventName) {
		return account.all(KIND)
			.stream()
			.filter((meter) -> Objects.equals(Json.text(meter, "event_name"), eventName))
			.findFirst()
			.orElse(null);
	}

	private static ObjectNode meter(Call call) {
		return call.subject(KIND, "billing meter");
	}

	private static ObjectNode update(Call call) {
		ObjectNode meter = meter(call);
		if (call.params().has("display_name")) {
			meter.put("display_name", call.params().required("display_name", 250));
		}
		return call.emit("billing.meter.updated", call.save(meter.put("updated", call.now().getEpochSecond())));
	}

	private static ObjectNode change(Call call, String from, String to) {
		ObjectNode meter = meter(call);
		if (!Json.text(meter, "status").equals(from)) {
			throw StripeProblem.invalid(null, null, "The meter '" + call.pathId() + "' is already " + to + ".");
		}
		long now = call.now().getEpochSecond();
		meter.put("status", to).put("updated", now);
		ObjectNode transitions = meter.withObjectProperty("status_transitions");
		if (to.equals("inactive")) {
			transitions.put("deactivated_at", now);
		}
		else {
			transitions.putNull("deactivated_at");
		}
		return call.emit(to.equals("inactive") ? "billing.meter.deactivated" : "billing.meter.reactivated",
				call.save(meter));
	}

	private static ObjectNode list(Call call) {
		call.params().choice("status", "active", "inactive");
		return Listing.page(call, URL,
				call.account()
					.all(KIND)
					.stream()
					.filter((meter) -> Listing.matches(call.params(), "status", meter))
					.toList());
	}

}
