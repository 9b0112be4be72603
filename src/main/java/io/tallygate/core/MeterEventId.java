package io.tallygate.core;

/** The id of a meter event of the outbox, {@code mev_} and a time-ordered body. */
public record MeterEventId(String value) {

	/** What every such id begins with. */
	public static final String PREFIX = "mev_";

	public MeterEventId {
		Ids.check(PREFIX, value);
	}

	@Override
	public String toString() {
		return this.value;
	}

}
