package io.tallygate.sandbox.stripe;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * One endpoint.
 *
 * @param method of HTTP
 * @param path with {@code {id}} where an id stands
 * @param permission that a restricted key needs
 * @param allowed the parameters that it knows
 * @param handler what it does; a tree that the account holds may be answered as it is
 */
record Route(String method, String path, String permission, Allowed allowed, Function<Call, ObjectNode> handler) {

	/** The ids in {@code method path} if this route is meant, else null. */
	@Nullable List<String> match(String method, String path) {
		if (!this.method.equals(method)) {
			return null;
		}
		String[] expected = this.path.split("/", -1);
		String[] actual = path.split("/", -1);
		if (expected.length != actual.length) {
			return null;
		}
		List<String> ids = new ArrayList<>();
		for (int i = 0; i < expected.length; i++) {
			if (expected[i].equals("{id}")) {
				ids.add(actual[i]);
			}
			else if (!expected[i].equals(actual[i])) {
				return null;
			}
		}
		return ids;
	}

}
