package io.tallygate.metering;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;

import io.tallygate.core.Problem;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** Which time is meant. */
class PeriodTests {

	private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-21T10:00:00Z"), ZoneOffset.UTC);

	@ParameterizedTest
	@CsvSource({ ", , 2026-11-01T00:00:00Z, 2026-12-01T00:00:00Z",
			"2026-11-20, 2026-11-21, 2026-11-20T00:00:00Z, 2026-11-21T00:00:00Z",
			"2026-11-20T10:00:00+02:00, 2026-11-20T09:00:00Z, 2026-11-20T08:00:00Z, 2026-11-20T09:00:00Z",
			"2026-09-05, , 2026-09-05T00:00:00Z, 2026-12-01T00:00:00Z",
			", 2026-10-01, 2026-09-01T00:00:00Z, 2026-10-01T00:00:00Z",
			", 2026-10-01T00:00:01Z, 2026-10-01T00:00:00Z, 2026-10-01T00:00:01Z" })
	void whatIsLeftOutIsTheMonth(String from, String to, Instant start, Instant end) {
		assertThat(Period.of(from, to, CLOCK)).isEqualTo(new Period(start, end));
	}

	@ParameterizedTest
	@CsvSource({ "yesterday, , /from", ", 2026-13-01, /to", "2026-11-20T10:00:00, , /from",
			"2026-11-21, 2026-11-20, /to", "2026-11-21, 2026-11-21, /to" })
	void whatIsNoStretchOfTimeIsRefused(String from, String to, String pointer) {
		assertThatExceptionOfType(Problem.class).isThrownBy(() -> Period.of(from, to, CLOCK))
			.satisfies((problem) -> assertThat(problem.errors().get(0).pointer()).isEqualTo(pointer));
	}

}
