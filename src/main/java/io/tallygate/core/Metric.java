package io.tallygate.core;

/** Everything that is counted, in one place. Tags are few and bounded; no ids. */
public enum Metric {

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
	RELAY_BUFFERED_BYTES("tallygate.relay.buffered.bytes", "Bytes of request bodies held");

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
