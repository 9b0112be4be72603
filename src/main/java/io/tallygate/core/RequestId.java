package io.tallygate.core;

/** The id of one request to the data plane, {@code req_} and a time-ordered body. */
public record RequestId(String value) {

	/** What every such id begins with. */
	public static final String PREFIX = "req_";

	public RequestId {
		Ids.check(PREFIX, value);
	}

	@Override
	public String toString() {
		return this.value;
	}

}
