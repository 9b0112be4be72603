package io.tallygate.sandbox.stripe;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/billing/meter_events}: what was used. An event is taken when
 * <ol>
 * <li>its name is an active meter's,</li>
 * <li>its payload names a customer that is there, and a whole number,</li>
 * <li>its time is within 35 days back and 5 minutes ahead,</li>
 * <li>its identifier was not taken within the last day.</li>
 * </ol>
 */
final class MeterEventResource {

	static final String URL = "/v1/billing/meter_events";

	static final String WRITE = "rak_billing_meter_event_write";

	private static final Duration PAST_MAX = Duration.ofDays(35);

	private static final Duration FUTURE_MAX = Duration.ofMinutes(5);

	private static final int DIGITS_MAX = 15;

	private static final Allowed CREATE = Allowed.of("event_name", "identifier", "payload[*]", "timestamp");

	private static final Allowed ADJUST = Allowed.of("event_name", "type", "cancel[identifier]");

	List<Route> routes() {
		return List.of(new Route("POST", URL, WRITE, CREATE, MeterEventResource::create),
				new Route("POST", "/v1/billing/meter_event_adjustments", "rak_billing_meter_event_adjustment_write",
						ADJUST, MeterEventResource::adjust));
	}

	/** Which calls may not run at the same time: those of one customer and meter. */
	static String lane(Account account, Params params) {
		String eventName = params.text("event_name", "");
		ObjectNode meter = MeterResource.byEventName(account, eventName);
		String customer = (meter != null) ? params.child("payload").text(customerKey(meter), "") : "";
		return account.id() + " " + eventName + " " + customer;
	}

	private static String customerKey(ObjectNode meter) {
		return Json.text(meter.path("customer_mapping"), "event_payload_key");
	}

	private static ObjectNode create(Call call) {
		Params params = call.params();
		params.required("event_name", 100);
		checkPayload(params);
		Long seconds = params.whole("timestamp");
		AcceptedEvent accepted = taken(call, (seconds != null) ? Instant.ofEpochSecond(seconds) : null, 0);
		call.record(accepted);
		ObjectNode event = Json.object()
			.put("object", "billing.meter_event")
			.put("created", call.now().getEpochSecond())
			.put("event_name", accepted.eventName())
			.put("identifier", accepted.identifier())
			.put("livemode", false);
		event.set("payload", params.child("payload").copy());
		return event.put("timestamp", accepted.timestamp().getEpochSecond());
	}

	static void checkPayload(Params params) {
		if (params.child("payload").names().isEmpty()) {
			throw StripeProblem.invalid("parameter_missing", params.name("payload"),
					"Missing required param: payload.");
		}
	}

	/**
	 * The event that a call's parameters describe, or a refusal.
	 * @param before how many the same call had accepted before it
	 */
	static AcceptedEvent taken(Call call, @Nullable Instant given, int before) {
		Params params = call.params();
		String eventName = params.text("event_name", "");
		Params payload = params.child("payload");
		ObjectNode meter = activeMeter(call.account(), eventName);
		String customer = customer(call, payload, meter);
		long value = value(payload, meter);
		Instant timestamp = timestamp(given, call.now());
		String identifier = identifier(call);
		if (call.account().events().isFull()) {
			throw StripeProblem.serverError();
		}
		return new AcceptedEvent(call.account().events().nextOrder() + before, call.account().id(), identifier,
				customer, eventName, Json.text(meter, "id"), value, timestamp, call.now(), false);
	}

	private static ObjectNode activeMeter(Account account, String eventName) {
		ObjectNode meter = MeterResource.byEventName(account, eventName);
		if (meter == null) {
			throw StripeProblem.invalid("no_meter", "event_name",
					"No active meter found for event name '" + eventName + "'.");
		}
		if (!Json.text(meter, "status").equals("active")) {
			throw StripeProblem.invalid("archived_meter", "event_name",
					"The meter for event name '" + eventName + "' is archived and takes no events.");
		}
		return meter;
	}

	private static String customer(Call call, Params payload, ObjectNode meter) {
		String key = customerKey(meter);
		String id = payload.text(key);
		if (id == null) {
			throw StripeProblem.invalid("meter_event_no_customer_defined", "payload",
					"The payload must have the meter's customer key '" + key + "'.");
		}
		ObjectNode customer = call.account().find(CustomerResource.KIND, id);
		if (customer == null || Account.isDeleted(customer)) {
			throw StripeProblem.invalid("meter_event_customer_not_found", payload.name(key),
					"No such customer: '" + id + "'");
		}
		return id;
	}

	private static long value(Params payload, ObjectNode meter) {
		String key = Json.text(meter.path("value_settings"), "event_payload_key");
		String value = payload.text(key);
		if (value == null && Json.text(meter.path("default_aggregation"), "formula").equals("count")) {
			return 1;
		}
		if (value == null || !value.matches("-?\\d+")) {
			throw StripeProblem.invalid("meter_event_invalid_value", payload.name(key), "The payload's '" + key
					+ "' must be a whole number but was '" + ((value != null) ? value : "") + "'.");
		}
		if (value.replace("-", "").replaceFirst("^0+", "").length() > DIGITS_MAX) {
			throw StripeProblem.invalid("meter_event_value_too_many_digits", payload.name(key),
					"The payload's '" + key + "' may have at most " + DIGITS_MAX + " digits.");
		}
		return Long.parseLong(value);
	}

	private static Instant timestamp(@Nullable Instant timestamp, Instant now) {
		if (timestamp == null) {
			return now;
		}
		if (timestamp.isBefore(now.minus(PAST_MAX))) {
			throw StripeProblem.invalid("timestamp_too_far_in_past", "timestamp",
					"The event timestamp cannot be more than 35 days in past.");
		}
		if (timestamp.isAfter(now.plus(FUTURE_MAX))) {
			throw StripeProblem.invalid("timestamp_in_future", "timestamp",
					"The event timestamp cannot be more than 5 minutes in the future.");
		}
		return timestamp;
	}

	private static String identifier(Call call) {
		if (!call.params().has("identifier")) {
			return call.newId("");
		}
		String identifier = call.params().required("identifier", 100);
		if (call.account().events().holder(identifier, call.now()) != null) {
			throw duplicate(identifier);
		}
		return identifier;
	}

	static StripeProblem duplicate(String identifier) {
		return StripeProblem.invalid(null, null, "An event already exists with identifier " + identifier + ".");
	}

	/** Takes back an event that arrived within the last day. */
	private static ObjectNode adjust(Call call) {
		Params params = call.params();
		String eventName = params.required("event_name", 100);
		params.required("type", 10);
		params.choice("type", "cancel");
		String identifier = params.child("cancel").required("identifier", 100);
		AcceptedEvent event = call.account().events().holder(identifier, call.now());
		if (event == null || !event.eventName().equals(eventName)) {
			throw StripeProblem.invalid("resource_missing", "cancel[identifier]",
					"No event of the last 24 hours has identifier '" + identifier + "' and name '" + eventName + "'.");
		}
		call.cancel(event);
		ObjectNode adjustment = Json.object()
			.put("object", "billing.meter_event_adjustment")
			.put("event_name", eventName)
			.put("livemode", false)
			.put("status", "pending")
			.put("type", "cancel");
		adjustment.putObject("cancel").put("identifier", identifier);
		return adjustment;
	}

}
