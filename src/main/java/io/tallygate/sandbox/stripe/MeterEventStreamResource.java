package io.tallygate.sandbox.stripe;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v2/billing/meter_event_stream}: many meter events in one call, for whoever has
 * a session, which a key opens for a quarter of an hour. Only the form of the events is
 * looked at before the answer; those that the other way would refuse are told of in thin
 * events. Stripe documents no code for an identifier that it knows, and may say nothing
 * of it: here it is told of, which is the harder case for who listens.
 */
final class MeterEventStreamResource {

	static final String URL = "/v2/billing/meter_event_stream";

	/** A session, as it is kept. */
	static final String SESSION = "v2.billing.meter_event_session";

	/** The code of an identifier that is known. */
	static final String DUPLICATE = "duplicate_identifier";

	private static final String TOKEN_PREFIX = "token_sandbox_";

	private static final Duration SESSION_LIFE = Duration.ofMinutes(15);

	private static final int EVENTS_MAX = 100;

	List<Route> routes() {
		return List.of(
				new Route("POST", "/v2/billing/meter_event_session", MeterEventResource.WRITE, Allowed.of(),
						MeterEventStreamResource::open),
				new Route("POST", URL, MeterEventResource.WRITE, Allowed.of("events[**]"),
						MeterEventStreamResource::create));
	}

	private static ObjectNode open(Call call) {
		String id = call.newId("mes_test_");
		ObjectNode session = Json.object()
			.put("id", id)
			.put("object", SESSION)
			.put("authentication_token", TOKEN_PREFIX + call.account().id() + "." + id)
			.put("created", call.now().toString())
			.put("expires_at", call.now().plus(SESSION_LIFE).toString())
			.put("livemode", false);
		return call.save(session);
	}

	/** What a session's token opens: its account, for as long as it lives. */
	static SandboxKey authenticate(Accounts accounts, String token, Instant now) {
		int dot = token.lastIndexOf('.');
		String account = (dot > TOKEN_PREFIX.length()) ? token.substring(TOKEN_PREFIX.length(), dot) : "";
		ObjectNode session = accounts.ids().contains(account)
				? accounts.account(account).find(SESSION, token.substring(dot + 1)) : null;
		if (session == null || !token.startsWith(TOKEN_PREFIX)) {
			throw StripeProblem.unauthorized("Invalid session token");
		}
		if (!Instant.parse(Json.text(session, "expires_at")).isAfter(now)) {
			throw new StripeProblem(401, "temporary_session_expired", "billing_meter_event_session_expired", null,
					"The temporary session token has expired.");
		}
		return SandboxKey.secret(SandboxKey.SECRET_PREFIX + Json.text(session, "id"), account, "");
	}

	/** Ends an account's sessions before their time. */
	static void expire(Call call) {
		call.account()
			.all(SESSION)
			.forEach((session) -> call.save(session.deepCopy().put("expires_at", call.now().toString())));
	}

	private static ObjectNode create(Call call) {
		List<Params> events = call.params().children("events");
		if (events.isEmpty()) {
			throw StripeProblem.invalid("parameter_missing", "events", "Missing required param: events.");
		}
		if (events.size() > EVENTS_MAX) {
			throw StripeProblem.invalid(null, "events", "At most " + EVENTS_MAX + " events are taken in one call.");
		}
		events.forEach(MeterEventStreamResource::checkForm);
		Map<String, List<ThinEvents.Refusal>> refused = new LinkedHashMap<>();
		Set<String> taken = new HashSet<>();
		for (Params event : events) {
			ThinEvents.Refusal refusal = take(call.with(event), taken);
			if (refusal != null) {
				refused.computeIfAbsent(event.text("event_name", ""), (name) -> new ArrayList<>()).add(refusal);
			}
		}
		refused.forEach(
				(name, refusals) -> ThinEvents.report(call, MeterResource.byEventName(call.account(), name), refusals));
		return Json.object();
	}

	private static void checkForm(Params event) {
		event.required("event_name", 100);
		MeterEventResource.checkPayload(event);
		if (event.has("identifier")) {
			event.required("identifier", 100);
		}
		timestamp(event);
	}

	private static @Nullable Instant timestamp(Params event) {
		String text = event.text("timestamp");
		try {
			return (text != null) ? Instant.parse(text) : null;
		}
		catch (DateTimeParseException ex) {
			throw StripeProblem.invalid(null, event.name("timestamp"), "Invalid timestamp: " + text);
		}
	}

	/** Takes an event, or says why it is refused. */
	private static ThinEvents.@Nullable Refusal take(Call part, Set<String> taken) {
		Params event = part.params();
		try {
			AcceptedEvent accepted = MeterEventResource.taken(part, timestamp(event), taken.size());
			if (!taken.add(accepted.identifier())) {
				throw MeterEventResource.duplicate(accepted.identifier());
			}
			part.record(accepted);
			return null;
		}
		catch (StripeProblem ex) {
			if (ex.status() >= 500) {
				throw ex;
			}
			return new ThinEvents.Refusal(event.text("identifier", ""),
					Objects.requireNonNullElse(ex.code(), DUPLICATE), String.valueOf(ex.getMessage()));
		}
	}

}
