package io.tallygate.sandbox.stripe;

import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import io.tallygate.core.Ids;
import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What Stripe does not have, for tests and the sandbox itself, open to whoever reaches
 * the port: {@code /__faults}, {@code /__refusals}, {@code /__periods},
 * {@code /__transcript} and {@code /__keys}, all JSON.
 */
final class ControlDesk {

	/** What the paths of this desk begin with. */
	static final String PREFIX = "/__";

	private final Accounts accounts;

	private final Faults faults;

	private final Desk desk;

	private final InstantSource clock;

	private final Ids ids;

	ControlDesk(Accounts accounts, Faults faults, Desk desk, InstantSource clock, Ids ids) {
		this.accounts = accounts;
		this.faults = faults;
		this.desk = desk;
		this.clock = clock;
		this.ids = ids;
	}

	Outcome<Answer> handle(HttpCall http) {
		try {
			return switch (http.method() + " " + http.path()) {
				case "POST /__faults" -> addFault(Json.read(http.body()));
				case "GET /__faults" -> Outcome.unchanged(faultsWaiting());
				case "DELETE /__faults" -> clearFaults();
				case "GET /__transcript" -> Outcome.unchanged(transcript(Params.parse(http.query()).text("account")));
				case "POST /__keys" -> addKey(Json.read(http.body()));
				case "POST /__periods" -> endPeriod(Json.read(http.body()));
				case "POST /__refusals" -> refuseLater(Json.read(http.body()));
				default -> Outcome.unchanged(problem(404, "No such path: " + http.path()));
			};
		}
		catch (IllegalArgumentException | IllegalStateException | JacksonException ex) {
			return Outcome.unchanged(problem(400, String.valueOf(ex.getMessage())));
		}
	}

	private static Answer problem(int status, String message) {
		return Answer.of(status, Json.write(Json.object().put("error", message)));
	}

	private Outcome<Answer> addFault(ObjectNode json) {
		this.faults.add(Fault.of(json));
		return Outcome.unchanged(faultsWaiting());
	}

	private Outcome<Answer> clearFaults() {
		this.faults.clear();
		return Outcome.unchanged(faultsWaiting());
	}

	private Answer faultsWaiting() {
		ObjectNode body = Json.object();
		ArrayNode waiting = body.putArray("faults");
		this.faults.waiting().forEach((fault) -> waiting.add(fault.json()));
		return Answer.of(200, Json.write(body));
	}

	private Outcome<Answer> refuseLater(ObjectNode json) {
		List<String> identifiers = json.path("identifiers").valueStream().map((each) -> each.asString("")).toList();
		Outcome<String> refused = this.desk.refuseLater(Json.text(json, "account"), Json.text(json, "event_name"),
				Json.text(json, "code"), identifiers);
		return new Outcome<>(Answer.of(200, Json.write(Json.object().put("event", refused.value()))), refused.line());
	}

	private Outcome<Answer> endPeriod(ObjectNode json) {
		Outcome<ObjectNode> ended = this.desk.endPeriod(Json.text(json, "subscription"));
		ObjectNode body = Json.object().put("subscription", Json.text(ended.value(), "id"));
		body.set("ends_at", ended.value().path("billing_cycle_anchor"));
		return new Outcome<>(Answer.of(200, Json.write(body)), ended.line());
	}

	private Answer transcript(@Nullable String account) {
		ObjectNode body = Json.object();
		ArrayNode events = body.putArray("events");
		ArrayNode totals = body.putArray("totals");
		for (AcceptedEvent event : events(account)) {
			events.add(event.json());
		}
		for (Account each : accounts(account)) {
			each.events().lanes().forEach((lane) -> totals.add(total(lane)));
		}
		return Answer.of(200, Json.write(body));
	}

	/** All accepted events of an account, or of all, in their order of arrival. */
	List<AcceptedEvent> events(@Nullable String account) {
		List<AcceptedEvent> events = new ArrayList<>();
		for (Account each : accounts(account)) {
			List<AcceptedEvent> own = new ArrayList<>();
			each.events().lanes().forEach(own::addAll);
			own.sort((one, other) -> Long.compare(one.order(), other.order()));
			events.addAll(own);
		}
		return events;
	}

	private List<Account> accounts(@Nullable String account) {
		return this.accounts.all().stream().filter((each) -> account == null || each.id().equals(account)).toList();
	}

	private static ObjectNode total(List<AcceptedEvent> lane) {
		AcceptedEvent first = lane.get(0);
		List<AcceptedEvent> counted = lane.stream().filter((event) -> !event.isCancelled()).toList();
		return Json.object()
			.put("account", first.account())
			.put("customer", first.customer())
			.put("meter", first.meter())
			.put("event_name", first.eventName())
			.put("events", counted.size())
			.put("value", counted.stream().mapToLong(AcceptedEvent::value).sum());
	}

	/** A new key, to a new account unless one is named. */
	private Outcome<Answer> addKey(ObjectNode json) {
		Set<String> permissions = null;
		if (json.get("permissions") instanceof ArrayNode listed) {
			permissions = new LinkedHashSet<>();
			for (JsonNode permission : listed) {
				permissions.add(permission.asString(""));
			}
		}
		String account = json.path("account").stringValue(null);
		Outcome<SandboxKey> made = makeKey((account != null) ? account : this.ids.next("acct_"),
				json.path("account_name").stringValue("Sandbox"), permissions);
		ObjectNode body = Json.object()
			.put("key", made.value().secret().reveal())
			.put("account", made.value().account());
		return new Outcome<>(Answer.of(200, Json.write(body)), made.line());
	}

	/** A new key to this account, remembered. */
	Outcome<SandboxKey> makeKey(String account, String accountName, @Nullable Set<String> permissions) {
		String prefix = (permissions != null) ? SandboxKey.RESTRICTED_PREFIX : SandboxKey.SECRET_PREFIX;
		SandboxKey key = new SandboxKey(Secret.of(this.ids.next(prefix)), account, accountName, permissions);
		this.accounts.open(key, this.clock.instant());
		return new Outcome<>(key, Accounts.line(key, this.clock.instant()));
	}

}
