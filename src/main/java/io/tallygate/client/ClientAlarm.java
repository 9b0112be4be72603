package io.tallygate.client;

import java.time.Instant;

import org.jspecify.annotations.Nullable;

/**
 * Something that is wrong with how a client is billed, for a person to look at.
 *
 * @param code stable, for programs
 * @param message what is billed wrongly, in plain words
 * @param raisedAt when it was found first; none of one that is about to be raised
 */
public record ClientAlarm(String code, String message, @Nullable Instant raisedAt) {

	/** One that was just found. */
	public ClientAlarm(String code, String message) {
		this(code, message, null);
	}

}
