package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;

import org.jspecify.annotations.Nullable;

/**
 * The crossings of an account that fell into one UTC hour and billing period. A meter
 * event never reaches across buckets, so that its timestamp is true for all of its units.
 *
 * @param hour when it begins
 * @param period when its billing period began, {@code null} where that is not known
 * @param crossed units completed in it
 * @param cut of these, how many stand in meter events
 * @param lastCrossingAt when the last of them was completed
 */
record Bucket(Instant hour, @Nullable Instant period, long crossed, long cut, Instant lastCrossingAt) {

	static final Comparator<Bucket> OLDEST_FIRST = Comparator.comparing(Bucket::hour)
		.thenComparing(Bucket::period, Comparator.nullsFirst(Comparator.naturalOrder()));

	/** Units that stand in no meter event yet. */
	long due() {
		return this.crossed - this.cut;
	}

	boolean hasEnded(Instant now) {
		return !this.hour.plus(Duration.ofHours(1)).isAfter(now);
	}

}
