package io.tallygate.core;

/** Everything that is counted, in one place. Tags are few and bounded; no ids. */
public enum Metric {

	/** Closes by what Redis made of them. */
	CLOSES("tallygate.metering.closes", "Exchanges closed in Redis, by result"),

	/** Exchanges admitted by PostgreSQL because Redis was away. */
	OPENED_IN_POSTGRES("tallygate.metering.opened.in.postgres",
			"Exchanges marked open in PostgreSQL, Redis being away"),

	/** Refusals because nothing can be counted. */
	METERING_UNAVAILABLE("tallygate.metering.unavailable",
			"Exchanges refused or failed because they could not be counted"),

	/** Exchanges whose end nobody saw. */
	ORPHANS("tallygate.metering.orphans", "Exchanges found open after the instance that relayed them had died"),

	/** Clients that are told of. */
	SOFT_CAPS_REACHED("tallygate.metering.soft.caps.reached", "Soft caps reached, once a client and period"),

	/** Exchanges open here. */
	EXCHANGES_OPEN("tallygate.metering.exchanges.open", "Exchanges admitted and not closed"),

	/** Entries that PostgreSQL has not committed. */
	ENTRIES_UNWRITTEN("tallygate.metering.entries.unwritten",
			"Entries held in memory that PostgreSQL has not committed"),

	/** Entries that Redis keeps. */
	ENTRIES_PENDING("tallygate.metering.entries.pending",
			"Entries that Redis keeps and PostgreSQL may not have, of all replicas, at the last sweep"),

	/** How far the ledger is behind. */
	OLDEST_PENDING("tallygate.metering.oldest.pending", "Seconds since the oldest of these ended"),

	/** How long entries are exposed. */
	ENTRY_WRITTEN("tallygate.metering.entry.written", "From the end of an exchange to its commit in PostgreSQL"),

	/** Redis against the ledger. */
	DRIFT("tallygate.metering.drift",
			"Thousandths by which Redis and the ledger differed at the same version, at the last comparison of all accounts"),

	/** What comparing mended. */
	BASES_BEHIND("tallygate.metering.bases.behind", "Accounts of which Redis had an older total than PostgreSQL"),

	/** Entries that the ledger refuses. */
	ENTRIES_SET_ASIDE("tallygate.metering.entries.set.aside",
			"Entries that the ledger refuses for themselves, kept for a person"),

	/** Whether Redis is away. */
	REDIS_AWAY("tallygate.metering.redis.away", "1 while Redis is away or has not been asked who it is, else 0"),

	/** Tag {@code outcome}: first, repeated, replayed, in_flight, reused. */
	ADMIN_REPEATS("tallygate.admin.repeats",
			"Requests to the admin API with an Idempotency-Key, by what it said of them"),

	/** Tag {@code outcome}: found, unknown, failed. */
	DIRECTORY_LOADS("tallygate.directory.loads", "Channel keys looked up in PostgreSQL"),

	/** A gauge. */
	DIRECTORY_KEYS("tallygate.directory.keys", "Channel keys held in memory"),

	/** While PostgreSQL is away. */
	DIRECTORY_STALE("tallygate.directory.stale",
			"Requests served by what was known of a key before a change that could not be read"),

	/** Calls to Stripe. */
	STRIPE_CALLS("tallygate.stripe.calls", "Calls to Stripe by outcome, with their duration"),

	/** Calls to Stripe under way. */
	STRIPE_CALLS_ADMITTED("tallygate.stripe.calls.admitted", "Calls to Stripe that run or wait for their turn"),

	/** Tag {@code outcome}: made, found, refused, doubt, unanswered. */
	STRIPE_INTENTS("tallygate.stripe.intents", "Things that the admin API was asked to make at Stripe, by outcome"),

	/** Tag {@code outcome}: fits, raised, unchecked. */
	TERMS_CHECKS("tallygate.billing.terms.checks", "Clients' terms held against Stripe, by outcome"),

	/** How far the nightly check is behind. */
	TERMS_CHECKS_BEHIND("tallygate.billing.terms.checks.behind",
			"Seconds that the client waits whose terms have been due for a check for longest"),

	/** Clients that a person has to look at. */
	CLIENTS_ALARMED("tallygate.billing.clients.alarmed", "Clients whose billing at Stripe has an alarm"),

	/**
	 * Tag {@code outcome}: taken, repeated, off, malformed, forged, stale, unreadable,
	 * other_mode, other_account.
	 */
	WEBHOOKS("tallygate.webhook.received", "Webhooks from Stripe, by what was thought of them"),

	/** Tag {@code outcome}: done, ignored, again, failed. */
	WEBHOOKS_WORKED_OFF("tallygate.webhook.worked.off", "Events that Stripe told, by what came of working them off"),

	/** What is in the inbox. */
	WEBHOOKS_WAITING("tallygate.webhook.waiting", "Events that Stripe told and that are not worked off"),

	/** How far the inbox is behind. */
	WEBHOOKS_BEHIND("tallygate.webhook.behind", "Seconds since the oldest event came that is not worked off"),

	/** Tag {@code outcome}: clean, unclean, again. */
	RECONCILIATIONS("tallygate.reconciliation.runs", "Runs that held ledger, outbox and Stripe against each other"),

	/**
	 * Tag {@code kind}: missing, doubled, late, parked, discarded, foreign, unbalanced.
	 */
	RECONCILIATION_FINDINGS("tallygate.reconciliation.findings", "Differences that these runs found, by kind"),

	/** Agencies that somebody has to look at. */
	RECONCILIATIONS_UNCLEAN("tallygate.reconciliation.unclean",
			"Agencies whose last run of the last three hours was not clean"),

	/** Clients that owe. */
	CLIENTS_HELD("tallygate.billing.clients.held", "Clients whose keys are answered 402 because they owe"),

	/** Meter events that are not delivered. */
	OUTBOX_EVENTS("tallygate.outbox.events", "Meter events by state: due, sending or parked"),

	/** How far the outbox is behind. */
	OUTBOX_OLDEST_DUE("tallygate.outbox.oldest.due", "Seconds since the oldest undelivered meter event was cut"),

	/** Lanes of which PostgreSQL may have lost what Stripe has. */
	OUTBOX_LANES_IN_DOUBT("tallygate.outbox.lanes.in.doubt",
			"Lanes that wait for a comparison with Stripe, since PostgreSQL lost commits"),

	/** Accounts against meter events. */
	OUTBOX_DRIFT("tallygate.outbox.drift",
			"Units by which accounts and meter events differed, when they were compared last"),

	/** Nothing of these gets to Stripe. */
	OUTBOX_AGENCIES_PAUSED("tallygate.outbox.agencies.paused", "Agencies whose delivery is paused"),

	/** Nothing of these is tried for a moment. */
	OUTBOX_AGENCIES_RESTING("tallygate.outbox.agencies.resting",
			"Agencies whose meter events this replica leaves alone for some seconds, as their last tries were in vain"),

	/** What the last scan found. */
	OUTBOX_LANES_DUE("tallygate.outbox.lanes.due", "Free lanes with units due, at the last scan"),

	/** Meter events made. */
	OUTBOX_CUTS("tallygate.outbox.cuts", "Meter events cut from accounts"),

	/** Units that went into a later period. */
	OUTBOX_UNITS_LATE("tallygate.outbox.units.late",
			"Units dated into a later period, because the invoice of their own had left draft"),

	/** Attempts to deliver. */
	OUTBOX_ATTEMPTS("tallygate.outbox.attempts", "What came of taking up a meter event, by outcome"),

	/** Meter events that wait for a person. */
	OUTBOX_PARKED("tallygate.outbox.parked", "Meter events parked, by reason"),

	/** Results of an owner that is none any more. */
	OUTBOX_LATE_RESULTS("tallygate.outbox.late.results",
			"Results that came after another had taken up the meter event, and changed nothing"),

	/** Exchanges settled. */
	RELAY_EXCHANGES("tallygate.relay.exchanges", "Exchanges that were opened, by API and by how they were settled"),

	/** Errors answered by the gateway itself. */
	RELAY_ERRORS("tallygate.relay.errors", "Requests answered or broken off with an error of ours, by its code"),

	/** The wait for a provider. */
	RELAY_FIRST_BYTE("tallygate.relay.first.byte", "From a request's arrival to the first byte of the answer"),

	/** Exchanges under way. */
	RELAY_RUNNING("tallygate.relay.running", "Exchanges that were opened and are not settled"),

	/** Answers read for nobody. */
	RELAY_DRAINS("tallygate.relay.drains", "Answers being read to their end for clients that hung up"),

	/** Answers given up. */
	RELAY_DRAINS_CUT("tallygate.relay.drains.cut", "Answers given up after the client had hung up"),

	/** Memory for bodies. */
	RELAY_BUFFERED_BYTES("tallygate.relay.buffered.bytes",
			"Bytes of bodies held: requests, and answers that go out whole"),

	/** What became of spans. */
	TELEMETRY_SPANS("tallygate.telemetry.spans",
			"Spans, by outcome: ended, exported or failed; what ended and is neither waits or was dropped");

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
