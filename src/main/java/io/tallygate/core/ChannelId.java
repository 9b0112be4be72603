package io.tallygate.core;

/** The id of a channel, {@code chn_} and a time-ordered body. */
public record ChannelId(String value) {

	/** What every such id begins with. */
	public static final String PREFIX = "chn_";

	public ChannelId {
		Ids.check(PREFIX, value);
	}

	@Override
	public String toString() {
		return this.value;
	}

}
