package io.tallygate.core;

/** The id of a channel key, {@code key_} and a time-ordered body. */
public record KeyId(String value) {

	/** What every such id begins with. */
	public static final String PREFIX = "key_";

	public KeyId {
		Ids.check(PREFIX, value);
	}

	@Override
	public String toString() {
		return this.value;
	}

}
