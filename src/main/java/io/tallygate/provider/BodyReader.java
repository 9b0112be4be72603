package io.tallygate.provider;

import io.netty.buffer.ByteBuf;

/** Reads the bytes of an answer's body without changing or keeping them. */
interface BodyReader {

	/** Why reading stopped where it did. */
	enum Stop {

		/** All bytes given were read. */
		BYTES,
		/** An event of a stream is complete. */
		EVENT,
		/** The end of the stream has begun; nothing is read after it. */
		END

	}

	/**
	 * Reads on from {@code from}, to {@code to} at most, and less where it stops.
	 * @return the first byte not yet read
	 */
	int read(ByteBuf bytes, int from, int to);

	/** Why the last read stopped. */
	Stop stop();

	/** How many bytes read belong to the event that is or was being read. */
	int eventLength();

	/**
	 * How many of the last bytes read may be the beginning of the end of the stream, or
	 * are it.
	 */
	int endLength();

	/** Whether the last event was a chunk that only tells the usage. */
	boolean isUsageAlone();

	/** There are no more bytes. */
	void complete();

	/** What has been found so far. */
	Reading reading();

}
