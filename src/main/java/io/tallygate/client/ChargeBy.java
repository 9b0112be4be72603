package io.tallygate.client;

import java.util.Locale;

/** What is counted. */
public enum ChargeBy {

	TOKENS, MESSAGES;

	/** The name in JSON and in the database: lower case. */
	public String text() {
		return name().toLowerCase(Locale.ROOT);
	}

}
