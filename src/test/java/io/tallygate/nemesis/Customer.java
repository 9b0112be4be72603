package io.tallygate.nemesis;

import java.util.Map;

/**
 * A client of an agency, and how it is charged.
 *
 * @param name of it
 * @param id the gateway's, by which its accounts are known
 * @param key of its channel
 * @param divisor thousandths that make a unit at Stripe
 * @param isBilled whether Stripe is told at all
 * @param weights of input and output, in thousandths; {@code null} when messages count
 */
record Customer(String name, String id, String key, long divisor, boolean isBilled, long[] weights) {

	/** What an exchange adds, in thousandths. */
	long quantity(long input, long output) {
		return (this.weights != null) ? input * this.weights[0] + output * this.weights[1] : 1000;
	}

	/**
	 * What is asked for when one is made.
	 *
	 * @param name of it
	 * @param agency whose
	 * @param stripe the id of the customer at Stripe, "" for none
	 * @param price at which price
	 * @param terms the fields of the charge policy
	 */
	record Wanted(String name, int agency, String stripe, String price, Map<String, Object> terms) {
	}

}
