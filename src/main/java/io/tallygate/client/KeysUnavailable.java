package io.tallygate.client;

import org.jspecify.annotations.Nullable;

/**
 * Whose key it is cannot be known now: it is not in memory, or too old there, and
 * PostgreSQL does not answer. Trying again later helps.
 */
public final class KeysUnavailable extends RuntimeException {

	private static final long serialVersionUID = 1L;

	KeysUnavailable(String message, @Nullable Throwable cause) {
		super(message, cause);
	}

}
