package io.tallygate.core;

/** Everything that is counted, in one place. Tags are few and bounded; no ids. */
public enum Metric {

	/** Calls to Stripe. */
	STRIPE_CALLS("tallygate.stripe.calls", "Calls to Stripe by outcome, with their duration"),

	/** Calls to Stripe under way. */
	STRIPE_CALLS_ADMITTED("tallygate.stripe.calls.admitted", "Calls to Stripe that run or wait for their turn");

	private final String key;

	private final String description;

	Metric(String key, String description) {
		this.key = key;
		this.description = description;
	}

	/** The name, as Micrometer spells it. */
	public String key() {
		return this.key;
	}

	/** What it tells. */
	public String description() {
		return this.description;
	}

}
