package io.tallygate.metering;

import java.time.Duration;

/** Neither Redis nor PostgreSQL can take an exchange, so none is relayed unmetered. */
public final class MeteringUnavailable extends RuntimeException {

	private static final long serialVersionUID = 1L;

	private final Duration retryAfter;

	public MeteringUnavailable(String message, Duration retryAfter) {
		super(message);
		this.retryAfter = retryAfter;
	}

	/** When to try again. */
	public Duration retryAfter() {
		return this.retryAfter;
	}

}
