package io.tallygate.metering;

import java.time.Duration;

/**
 * So many a minute: a bucket that a minute's worth fills, and that empties evenly. After
 * a minute's rest all of it may be taken at once; whoever goes on taking gets one after
 * the other, as they are given back. What is taken is kept in 60,000ths of one, because a
 * millisecond gives back {@code perMinute} of those and nothing is ever rounded.
 * <p>
 * {@code redis/exchange.lua} does the same arithmetic for all replicas.
 *
 * @param perMinute how many
 */
record Rate(long perMinute) {

	/** What one of them takes. */
	static final long ONE = 60_000;

	private static final long MINUTE_MILLIS = 60_000;

	/**
	 * What is left of {@code taken} so many milliseconds later; a clock may step back.
	 */
	long after(long taken, long millis) {
		long givenBack = Math.min(Math.max(0, millis), 2 * MINUTE_MILLIS) * this.perMinute;
		return bounded(taken - givenBack);
	}

	/** Whether one more may be taken. */
	boolean hasOne(long taken) {
		return taken + ONE <= this.perMinute * ONE;
	}

	/**
	 * What is taken with so many more. Never so much that anybody would wait for more
	 * than a minute.
	 */
	long plus(long taken, long more) {
		return bounded(taken + Math.min(more, 2 * this.perMinute) * ONE);
	}

	/** How many may be taken now, and when all of them. */
	Admission.RateStanding standing(long taken) {
		return new Admission.RateStanding(this.perMinute, Math.max(0, (this.perMinute * ONE - taken) / ONE),
				millis(taken));
	}

	/** How long until one may be taken; zero where it may be now. */
	Duration untilOne(long taken) {
		return millis(Math.max(0, taken + ONE - this.perMinute * ONE));
	}

	private Duration millis(long taken) {
		return Duration.ofMillis((taken + this.perMinute - 1) / this.perMinute);
	}

	private long bounded(long taken) {
		return Math.max(0, Math.min(taken, (2 * this.perMinute - 1) * ONE));
	}

}
