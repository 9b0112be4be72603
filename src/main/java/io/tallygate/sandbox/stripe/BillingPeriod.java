package io.tallygate.sandbox.stripe;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;

/**
 * The time for which a subscription bills at once. Periods follow each other from the
 * anchor; before an anchor that lies ahead there is one that ends on it.
 */
record BillingPeriod(Instant start, Instant end) {

	/**
	 * The period of a subscription that contains {@code now}.
	 * @param begun when the one began that ends on an anchor that lies ahead
	 */
	static BillingPeriod at(Instant now, Instant begun, Instant anchor, String interval, long count) {
		if (now.isBefore(anchor)) {
			return new BillingPeriod(begun, anchor);
		}
		ZonedDateTime first = anchor.atZone(ZoneOffset.UTC);
		ChronoUnit unit = switch (interval) {
			case "day" -> ChronoUnit.DAYS;
			case "week" -> ChronoUnit.WEEKS;
			case "year" -> ChronoUnit.YEARS;
			default -> ChronoUnit.MONTHS;
		};
		// Counted from the anchor each time, so that the 31st comes back after February.
		long passed = unit.between(first, now.atZone(ZoneOffset.UTC)) / count;
		ZonedDateTime start = first.plus(passed * count, unit);
		ZonedDateTime end = first.plus((passed + 1) * count, unit);
		if (!end.toInstant().isAfter(now)) {
			start = end;
			end = first.plus((passed + 2) * count, unit);
		}
		return new BillingPeriod(start.toInstant(), end.toInstant());
	}

}
