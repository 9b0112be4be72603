package io.tallygate.core;

/** The id of a client, {@code cli_} and a time-ordered body. */
public record ClientId(String value) {

	/** What every such id begins with. */
	public static final String PREFIX = "cli_";

	public ClientId {
		Ids.check(PREFIX, value);
	}

	@Override
	public String toString() {
		return this.value;
	}

}
