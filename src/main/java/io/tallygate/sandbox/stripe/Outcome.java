package io.tallygate.sandbox.stripe;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What became of a piece of work at the desk.
 *
 * @param value what is handed back
 * @param line what the journal must hold before that, null if nothing changed
 */
record Outcome<T>(T value, @Nullable ObjectNode line) {

	static <T> Outcome<T> unchanged(T value) {
		return new Outcome<>(value, null);
	}

}
