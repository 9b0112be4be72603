package io.tallygate.client;

import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;

/**
 * The time for which a cap holds.
 *
 * @param start inclusive
 * @param end exclusive
 */
public record UsagePeriod(Instant start, Instant end) {

	public UsagePeriod {
		if (!start.isBefore(end)) {
			throw new IllegalArgumentException("A period must end after it starts, not from " + start + " to " + end);
		}
	}

	/** The calendar month in UTC that {@code at} falls into. */
	public static UsagePeriod monthOf(Instant at) {
		YearMonth month = YearMonth.from(at.atOffset(ZoneOffset.UTC));
		return new UsagePeriod(startOf(month), startOf(month.plusMonths(1)));
	}

	private static Instant startOf(YearMonth month) {
		return month.atDay(1).atStartOfDay().toInstant(ZoneOffset.UTC);
	}

}
