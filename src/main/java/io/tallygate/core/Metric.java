package io.tallygate.core;

/** Everything that is counted, in one place. Tags are few and bounded; no ids. */
public enum Metric {

	/** Meter events that are not delivered. */
	OUTBOX_EVENTS("tallygate.outbox.events", "Meter events by state: due, sending or parked"),

	/** How far the outbox is behind. */
	OUTBOX_OLDEST_DUE("tallygate.outbox.oldest.due", "Seconds since the oldest undelivered meter event was cut"),

	/** What the last scan found. */
	OUTBOX_LANES_DUE("tallygate.outbox.lanes.due", "Free lanes with units due, at the last scan"),

	/** Meter events made. */
	OUTBOX_CUTS("tallygate.outbox.cuts", "Meter events cut from accounts"),

	/** Attempts to deliver. */
	OUTBOX_ATTEMPTS("tallygate.outbox.attempts", "What came of taking up a meter event, by outcome"),

	/** Meter events that wait for a person. */
	OUTBOX_PARKED("tallygate.outbox.parked", "Meter events parked, by reason"),

	/** Results of an owner that is none any more. */
	OUTBOX_LATE_RESULTS("tallygate.outbox.late.results",
			"Results that came after another had taken up the meter event, and changed nothing"),

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
