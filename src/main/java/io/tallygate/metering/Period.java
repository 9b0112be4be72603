package io.tallygate.metering;

import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;

import io.tallygate.client.UsagePeriod;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;

/**
 * A stretch of time that is asked about.
 *
 * @param from inclusive
 * @param to exclusive
 */
record Period(Instant from, Instant to) {

	Period {
		if (!from.isBefore(to)) {
			throw Problem.invalid("/to", "to must be after from, but is " + to + " and from is " + from);
		}
	}

	/**
	 * The stretch between two RFC 3339 times or dates. Without them it is the current UTC
	 * month; with an end alone, the month in which that end falls.
	 */
	static Period of(@Nullable String from, @Nullable String to, Clock clock) {
		Instant end = (to != null) ? time("/to", to) : null;
		if (from != null) {
			Instant start = time("/from", from);
			return new Period(start, (end != null) ? end : later(start, monthAfter(clock.instant())));
		}
		Instant within = (end != null) ? end.minusNanos(1) : clock.instant();
		return new Period(monthOf(within), (end != null) ? end : monthAfter(within));
	}

	/** A client's period. */
	static Period of(UsagePeriod period) {
		return new Period(period.start(), period.end());
	}

	private static Instant later(Instant start, Instant end) {
		return start.isBefore(end) ? end : start.plusSeconds(1);
	}

	private static Instant monthOf(Instant time) {
		return time.atOffset(ZoneOffset.UTC).toLocalDate().withDayOfMonth(1).atStartOfDay().toInstant(ZoneOffset.UTC);
	}

	private static Instant monthAfter(Instant time) {
		return monthOf(time).atOffset(ZoneOffset.UTC).plusMonths(1).toInstant();
	}

	private static Instant time(String pointer, String text) {
		try {
			return (text.length() == 10) ? LocalDate.parse(text).atStartOfDay().toInstant(ZoneOffset.UTC)
					: OffsetDateTime.parse(text).toInstant();
		}
		catch (DateTimeException ex) {
			throw Problem.invalid(pointer,
					"'" + text + "' is not an RFC 3339 time such as 2026-11-01T00:00:00Z, nor a date");
		}
	}

}
