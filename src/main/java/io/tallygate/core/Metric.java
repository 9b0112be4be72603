package io.tallygate.core;

/** What is counted and measured here, by name. Tags are few and bounded. */
public enum Metric {

	/** Tag {@code outcome}: found, unknown, failed. */
	DIRECTORY_LOADS("tallygate.directory.loads", "Channel keys looked up in PostgreSQL"),
	/** A gauge. */
	DIRECTORY_KEYS("tallygate.directory.keys", "Channel keys held in memory"),
	/** While PostgreSQL is away. */
	DIRECTORY_STALE("tallygate.directory.stale",
			"Requests served by what was known of a key before a change that could not be read");

	private final String id;

	private final String description;

	Metric(String id, String description) {
		this.id = id;
		this.description = description;
	}

	/** The name of the meter. */
	public String id() {
		return this.id;
	}

	/** What it tells, in a sentence. */
	public String description() {
		return this.description;
	}

}
