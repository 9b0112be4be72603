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
	 * other: as many months long as this one, or as many seconds.
	 */
	public UsagePeriod around(Instant at) {
		UsagePeriod period = this;
		while (!at.isBefore(period.end)) {
			period = new UsagePeriod(period.end, period.shifted(period.end, 1));
		}
		while (at.isBefore(period.start)) {
			period = new UsagePeriod(period.shifted(period.start, -1), period.start);
		}
		return period;
	}

	private Instant shifted(Instant from, int periods) {
		OffsetDateTime begin = this.start.atOffset(ZoneOffset.UTC);
		long months = ChronoUnit.MONTHS.between(begin.withDayOfMonth(1),
				this.end.atOffset(ZoneOffset.UTC).withDayOfMonth(1));
		return begin.plusMonths(months).toInstant().equals(this.end)
				? from.atOffset(ZoneOffset.UTC).plusMonths(periods * months).toInstant()
				: from.plus(Duration.between(this.start, this.end).multipliedBy(periods));
	}

	private static Instant startOf(YearMonth month) {
		return month.atDay(1).atStartOfDay().toInstant(ZoneOffset.UTC);
	}

}
