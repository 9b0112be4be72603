package io.tallygate.sandbox.stripe;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import io.tallygate.core.Ids;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * One call on its way through a resource: what it asks for, and what it changes. The
 * changes take effect together, after the resource has answered without refusing.
 */
final class Call {

	private final Account account;

	private final Params params;

	private final List<String> pathIds;

	private final Instant now;

	private final Ids ids;

	private final @Nullable String chosenId;

	private List<ObjectNode> changes = new ArrayList<>();

	private List<Emitted> emitted = new ArrayList<>();

	private final String origin;

	Call(Account account, Params params, List<String> pathIds, Instant now, Ids ids, @Nullable String chosenId,
			String origin) {
		this.account = account;
		this.params = params;
		this.pathIds = pathIds;
		this.now = now;
		this.ids = ids;
		this.chosenId = chosenId;
		this.origin = origin;
	}

	/** The same call, of which a part asks with other parameters. */
	Call with(Params params) {
		Call part = new Call(this.account, params, this.pathIds, this.now, this.ids, null, this.origin);
		part.changes = this.changes;
		part.emitted = this.emitted;
		return part;
	}

	/** What happens by itself as time passes, without anybody's call. */
	static Call byTime(Account account, Instant now, Ids ids) {
		return new Call(account, Params.parse(), List.of(), now, ids, null, "");
	}

	/**
	 * Something that webhooks are told of.
	 *
	 * @param type Stripe's word for it
	 * @param object as it is now
	 */
	record Emitted(String type, ObjectNode object) {
	}

	Account account() {
		return this.account;
	}

	Params params() {
		return this.params;
	}

	/** The id that the path names. */
	String pathId() {
		return this.pathIds.get(0);
	}

	Instant now() {
		return this.now;
	}

	/** Where pages that belong to this Stripe are found: scheme, host and port. */
	String origin() {
		return this.origin;
	}

	/** What this call tells webhooks so far. */
	List<Emitted> emitted() {
		return this.emitted;
	}

	/** Tells webhooks of an object, and gives it back. */
	ObjectNode emit(String type, ObjectNode object) {
		this.emitted.add(new Emitted(type, object.deepCopy()));
		return object;
	}

	/** What this call changes so far. */
	List<ObjectNode> changes() {
		return this.changes;
	}

	/**
	 * A new object with an id, the fields that all have, and the id that a seed chose
	 * where it chose one: objects made beside it share the end of that id.
	 */
	ObjectNode create(String kind, String prefix) {
		String id = (this.chosenId != null) ? prefix + this.chosenId.substring(this.chosenId.indexOf('_') + 1)
				: this.ids.next(prefix);
		if (find(id) != null) {
			throw StripeProblem.invalid("resource_already_exists", "id", "Object already exists with id: " + id);
		}
		return Json.object()
			.put("id", id)
			.put("object", kind)
			.put("created", this.now.getEpochSecond())
			.put("livemode", false);
	}

	String newId(String prefix) {
		return this.ids.next(prefix);
	}

	/** Puts an object, new or changed, into the account. */
	ObjectNode save(ObjectNode object) {
		this.changes.add(Json.object().set("put", object));
		return object;
	}

	void record(AcceptedEvent event) {
		this.changes.add(Json.object().set("event", event.json()));
	}

	void cancel(AcceptedEvent event) {
		this.changes.add(Json.object().put("cancel", event.identifier()));
	}

	/** Whatever has this id, as this call has left it. */
	@Nullable ObjectNode find(String id) {
		for (int i = this.changes.size() - 1; i >= 0; i--) {
			if (this.changes.get(i).get("put") instanceof ObjectNode object && Json.text(object, "id").equals(id)) {
				return object;
			}
		}
		return this.account.find(id);
	}

	/** The object that the path names, to be changed: a copy. */
	ObjectNode subject(String kind, String word) {
		ObjectNode object = this.account.find(kind, pathId());
		if (object == null) {
			throw StripeProblem.notFound(word, pathId());
		}
		return object.deepCopy();
	}

	/** The object that a parameter names, which must not be deleted. */
	ObjectNode named(String kind, String word, String id, String param) {
		ObjectNode object = find(id);
		if (object == null || !Json.text(object, "object").equals(kind) || Account.isDeleted(object)) {
			throw StripeProblem.noSuch(word, id, param);
		}
		return object;
	}

	/**
	 * Sets {@code metadata} of the object as Stripe merges it: an empty value unsets its
	 * key, an empty {@code metadata} all keys.
	 */
	void mergeMetadata(ObjectNode object) {
		ObjectNode metadata = object.withObjectProperty("metadata");
		if (this.params.has("metadata") && this.params.child("metadata").names().isEmpty()) {
			metadata.removeAll();
		}
		this.params.child("metadata").copy().properties().forEach((entry) -> {
			if (entry.getValue().stringValue("").isEmpty()) {
				metadata.remove(entry.getKey());
			}
			else {
				metadata.set(entry.getKey(), entry.getValue());
			}
		});
	}

	/**
	 * Copies texts from the parameters: given and empty is null, absent is left alone.
	 */
	void mergeTexts(ObjectNode object, String... names) {
		for (String name : names) {
			if (this.params.has(name)) {
				object.put(name, this.params.text(name));
			}
			else if (!object.has(name)) {
				object.putNull(name);
			}
		}
	}

}
