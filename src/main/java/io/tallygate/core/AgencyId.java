package io.tallygate.core;

/** The id of an agency, {@code agy_} and a time-ordered body. */
public record AgencyId(String value) {

	/** What every such id begins with. */
	public static final String PREFIX = "agy_";

	public AgencyId {
		Ids.check(PREFIX, value);
	}

	@Override
	public String toString() {
		return this.value;
	}

}
