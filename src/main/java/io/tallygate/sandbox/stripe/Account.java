package io.tallygate.sandbox.stripe;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * All that one Stripe account holds. It changes by applying changes, and those read back
 * from the journal are applied like those of a call that just came in.
 */
final class Account {

	private final String id;

	private final Map<String, ObjectNode> objects = new HashMap<>();

	private final Map<String, Map<String, ObjectNode>> byKind = new HashMap<>();

	private final MeterEventLog events = new MeterEventLog();

	/** Things of one fleeting kind that are remembered; the oldest give way. */
	private static final int REMEMBERED_MAX = 10_000;

	private static final Set<String> FLEETING = Set.of(EventResource.KIND, ThinEvents.KIND,
			MeterEventStreamResource.SESSION);

	private final StoredAnswers storedAnswers = new StoredAnswers();

	Account(String id) {
		this.id = id;
	}

	String id() {
		return this.id;
	}

	MeterEventLog events() {
		return this.events;
	}

	StoredAnswers storedAnswers() {
		return this.storedAnswers;
	}

	/** The object of this kind and id, if there is one; deleted ones are there. */
	@Nullable ObjectNode find(String kind, String id) {
		ObjectNode object = this.objects.get(id);
		return (object != null && Json.text(object, "object").equals(kind)) ? object : null;
	}

	/** Whatever has this id. */
	@Nullable ObjectNode find(String id) {
		return this.objects.get(id);
	}

	/** All of a kind that are not deleted, newest first. */
	List<ObjectNode> all(String kind) {
		List<ObjectNode> all = new ArrayList<>(this.byKind.getOrDefault(kind, Map.of()).values());
		all.removeIf(Account::isDeleted);
		Collections.reverse(all);
		return all;
	}

	static boolean isDeleted(JsonNode object) {
		return object.path("deleted").asBoolean(false);
	}

	/** Applies one change: an object as it is now, an event, or an event taken back. */
	void apply(JsonNode change) {
		if (change.get("put") instanceof ObjectNode object) {
			String objectId = Json.text(object, "id");
			String kind = Json.text(object, "object");
			Map<String, ObjectNode> alike = this.byKind.computeIfAbsent(kind, (each) -> new LinkedHashMap<>());
			this.objects.put(objectId, object);
			alike.put(objectId, object);
			if (kind.equals(Deliveries.KIND) && Deliveries.isOver(object)) {
				forget(alike, objectId);
			}
			else if (FLEETING.contains(kind) && alike.size() > REMEMBERED_MAX) {
				forget(alike, alike.keySet().iterator().next());
			}
		}
		else if (change.get("event") instanceof ObjectNode event) {
			this.events.add(AcceptedEvent.of(event));
		}
		else {
			this.events.cancel(Json.text(change, "cancel"));
		}
	}

	private void forget(Map<String, ObjectNode> alike, String objectId) {
		alike.remove(objectId);
		this.objects.remove(objectId);
	}

}
