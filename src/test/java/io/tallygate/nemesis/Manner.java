package io.tallygate.nemesis;

import java.time.Duration;

/**
 * How a {@link Way} treats what passes.
 *
 * @param latency that everything takes, in each direction
 * @param bytesPerSecond the most that pass, 0 for no bound
 * @param cut where connections are cut
 * @param nth of a connection's requests, answers or bytes, at most, that meets the cut
 * @param isSilent whether nothing passes and nobody is told
 */
record Manner(Duration latency, long bytesPerSecond, Cut cut, int nth, boolean isSilent) {

	/** As if nothing stood between. */
	static final Manner PLAIN = new Manner(Duration.ZERO, 0, Cut.NEVER, 0, false);

	/** Everything is kept, and passes when the way is plain again. */
	static final Manner SILENT = new Manner(Duration.ZERO, 0, Cut.NEVER, 0, true);

	/** Where in a conversation a connection is cut. */
	enum Cut {

		NEVER,
		/** The request is lost. */
		BEFORE_THE_REQUEST,
		/** The request arrives, its answer is lost. */
		BEFORE_THE_ANSWER,
		/** The answer arrives, and with it the end of the connection. */
		AFTER_THE_ANSWER,
		/** In the middle of an answer. */
		AFTER_SO_MANY_BYTES

	}

	static Manner late(Duration latency) {
		return new Manner(latency, 0, Cut.NEVER, 0, false);
	}

	static Manner narrow(long bytesPerSecond) {
		return new Manner(Duration.ZERO, bytesPerSecond, Cut.NEVER, 0, false);
	}

	static Manner cutting(Cut cut, int nth) {
		return new Manner(Duration.ZERO, 0, cut, nth, false);
	}

	boolean isPlain() {
		return equals(PLAIN);
	}

}
