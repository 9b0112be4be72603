package io.tallygate.outbox;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class ClosedPeriodsTests {

	/** January and February are invoiced, and so is April; March is a draft. */
	private static final ClosedPeriods PERIODS = new ClosedPeriods(List.of(period("2026-02-01", "2026-03-01"),
			period("2026-04-01", "2026-05-01"), period("2026-01-01", "2026-02-01")));

	@ParameterizedTest
	@CsvSource({ "2025-12-31, 2025-12-31", "2026-01-01, 2026-03-01", "2026-02-28, 2026-03-01", "2026-03-01, 2026-03-01",
			"2026-03-31, 2026-03-31", "2026-04-30, 2026-05-01", "2026-06-01, 2026-06-01" })
	void whatIsInvoicedMovesToTheOldestOpenPeriodAfterIt(String at, String open) {
		assertThat(PERIODS.openFrom(day(at))).isEqualTo(day(open));
	}

	@Test
	void whereverItMovesIsOpenAndNeverEarlier() {
		Random random = new Random(7);
		for (int i = 0; i < 2_000; i++) {
			ClosedPeriods closed = someMonths(random);
			Instant at = day("2026-01-01").plusSeconds(random.nextInt(400 * 86_400));

			Instant open = closed.openFrom(at);

			assertThat(closed.contain(open)).isFalse();
			assertThat(open).isAfterOrEqualTo(at);
			assertThat(open.equals(at)).isEqualTo(!closed.contain(at));
		}
	}

	/** In no order. */
	private static ClosedPeriods someMonths(Random random) {
		List<ClosedPeriods.Period> periods = new ArrayList<>();
		Instant start = day("2026-01-01");
		for (int i = 0; i < 12; i++) {
			Instant end = start.plusSeconds(1 + random.nextInt(40 * 86_400));
			if (random.nextInt(3) > 0) {
				periods.add(new ClosedPeriods.Period(start, end));
			}
			start = end;
		}
		Collections.shuffle(periods, random);
		return new ClosedPeriods(periods);
	}

	private static ClosedPeriods.Period period(String start, String end) {
		return new ClosedPeriods.Period(day(start), day(end));
	}

	private static Instant day(String date) {
		return Instant.parse(date + "T00:00:00Z");
	}

}
