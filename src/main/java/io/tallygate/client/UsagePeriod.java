package io.tallygate.client;

import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

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

	/**
	 * The period that {@code at} falls into, where periods like this one follow each
	 * other: as many months long as this one, or as many milliseconds.
	 */
	public UsagePeriod around(Instant at) {
		OffsetDateTime begin = this.start.atOffset(ZoneOffset.UTC);
		long months = ChronoUnit.MONTHS.between(begin.withDayOfMonth(1),
				this.end.atOffset(ZoneOffset.UTC).withDayOfMonth(1));
		return begin.plusMonths(months).toInstant().equals(this.end) ? ofMonthsAround(at, months) : ofLengthAround(at);
	}

	/** Step by step, because a month's end is not gone back to once it was shortened. */
	private UsagePeriod ofMonthsAround(Instant at, long months) {
		UsagePeriod period = this;
		while (!at.isBefore(period.end)) {
			period = new UsagePeriod(period.end, later(period.end, months));
		}
		while (at.isBefore(period.start)) {
			period = new UsagePeriod(later(period.start, -months), period.start);
		}
		return period;
	}

	private UsagePeriod ofLengthAround(Instant at) {
		long length = Math.max(1, Duration.between(this.start, this.end).toMillis());
		long before = Math.floorDiv(Duration.between(this.start, at).toMillis(), length);
		Instant first = this.start.plusMillis(Math.multiplyExact(before, length));
		return new UsagePeriod(first, first.plusMillis(length));
	}

	private static Instant later(Instant at, long months) {
		return at.atOffset(ZoneOffset.UTC).plusMonths(months).toInstant();
	}

	private static Instant startOf(YearMonth month) {
		return month.atDay(1).atStartOfDay().toInstant(ZoneOffset.UTC);
	}

}
