package io.tallygate.core;

/**
 * In which order what runs in the background starts, and in the reverse of which it
 * stops. Web servers stand far above, their event loops at 0.
 */
public final class Phases {

	/**
	 * Spring's Redis client, which works on the event loops: both stores are there from
	 * the first of ours to the last.
	 */
	public static final int REDIS = 500;

	/** Knows who bears a key, and counts: the last to stop. */
	public static final int METERING = 1000;

	/** Sends what was counted: stops before the counting does. */
	public static final int OUTBOX = 2000;

	private Phases() {
	}

}
