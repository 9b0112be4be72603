package io.tallygate.client;

import java.util.Locale;

/**
 * What a meter event's value is: billing units that the gateway divided, or the quantity
 * for Stripe to divide.
 */
public enum Report {

	UNITS, USAGE;

	/** The name in JSON and in the database: lower case. */
	public String text() {
		return name().toLowerCase(Locale.ROOT);
	}

}
