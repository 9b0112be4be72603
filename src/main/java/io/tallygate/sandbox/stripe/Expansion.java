package io.tallygate.sandbox.stripe;

import java.util.List;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Puts the objects themselves where {@code expand[]} names a field with their id. */
final class Expansion {

	/** Stripe's own bound on the depth of one expansion. */
	private static final int DEPTH_MAX = 4;

	private Expansion() {
	}

	/** Expands what the call asks for, in a tree of its own. */
	static ObjectNode expand(Call call, ObjectNode answer) {
		List<String> paths = call.params().texts("expand");
		if (paths.isEmpty()) {
			return answer;
		}
		ObjectNode expanded = answer.deepCopy();
		for (String path : paths) {
			String[] steps = path.split("\\.", -1);
			// A list counts its data as no depth.
			if (steps.length > (steps[0].equals("data") ? DEPTH_MAX + 1 : DEPTH_MAX)) {
				throw StripeProblem.invalid(null, "expand[]",
						"You cannot expand more than " + DEPTH_MAX + " levels of a property. Property: " + path);
			}
			walk(call, expanded, steps, 0, path);
		}
		return expanded;
	}

	private static void walk(Call call, JsonNode node, String[] steps, int depth, String path) {
		if (depth == steps.length) {
			return;
		}
		if (node instanceof ArrayNode list) {
			list.forEach((element) -> walk(call, element, steps, depth, path));
			return;
		}
		JsonNode child = node.get(steps[depth]);
		if (!(node instanceof ObjectNode object) || child == null) {
			throw StripeProblem.invalid(null, "expand[]", "This property cannot be expanded (" + path + ").");
		}
		if (child.isString()) {
			ObjectNode target = call.find(child.stringValue());
			if (target == null) {
				throw StripeProblem.invalid(null, "expand[]", "This property cannot be expanded (" + path + ").");
			}
			child = target.deepCopy();
			object.set(steps[depth], child);
		}
		if (!child.isNull()) {
			walk(call, child, steps, depth + 1, path);
		}
	}

}
