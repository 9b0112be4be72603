package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A lane of which PostgreSQL has lost commits: Stripe may have more than the outbox
 * knows. Nothing of it is cut or sent before each hour is settled.
 *
 * @param lane whose
 * @param hours that are not settled
 */
record DoubtfulLane(Lane lane, List<Hour> hours) {

	DoubtfulLane {
		hours = List.copyOf(hours);
	}

	/**
	 * One UTC hour, and what Stripe had aggregated in it at the last reading.
	 *
	 * @param hour when it begins
	 * @param seen at the last reading, {@code null} before the first
	 * @param seenAt when that was
	 */
	record Hour(Instant hour, @Nullable BigDecimal seen, @Nullable Instant seenAt) {

		/**
		 * Whether {@code reading} says the same as the one before, long enough after it:
		 * then it is believed.
		 */
		boolean isDecidedBy(BigDecimal reading, Instant now) {
			return this.seen != null && this.seenAt != null && this.seen.compareTo(reading) == 0
					&& !this.seenAt.plus(NextState.READINGS_APART).isAfter(now);
		}

		/** Whether {@code reading} is to be remembered: the first, or another one. */
		boolean isNewsTo(BigDecimal reading) {
			return this.seen == null || this.seen.compareTo(reading) != 0;
		}

	}

}
