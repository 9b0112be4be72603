package io.tallygate.relay;

import java.util.concurrent.atomic.AtomicLong;

/** Keeps the bytes of all bodies held at once under one bound. */
final class BufferedBytes {

	private final long max;

	private final AtomicLong held = new AtomicLong();

	BufferedBytes(long max) {
		this.max = max;
	}

	/** Counts {@code bytes} more as held, or says that there is no room for them. */
	boolean take(long bytes) {
		if (this.held.addAndGet(bytes) <= this.max) {
			return true;
		}
		this.held.addAndGet(-bytes);
		return false;
	}

	/** Gives back what was taken. */
	void give(long bytes) {
		this.held.addAndGet(-bytes);
	}

	long held() {
		return this.held.get();
	}

}
