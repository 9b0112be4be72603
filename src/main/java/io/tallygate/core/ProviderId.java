package io.tallygate.core;

/** The id of an agency's provider, {@code prv_} and a time-ordered body. */
public record ProviderId(String value) {

	/** What every such id begins with. */
	public static final String PREFIX = "prv_";

	public ProviderId {
		Ids.check(PREFIX, value);
	}

	@Override
	public String toString() {
		return this.value;
	}

}
