package io.tallygate.client;

import java.time.Duration;
import java.time.Instant;

import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import static org.assertj.core.api.Assertions.assertThat;

/** In which period a client's use counts. */
class BilledPeriodsTests {

	private static final ClientId CLIENT = new ClientId("cli_" + "0".repeat(Ids.BODY_LENGTH));

	private static final Instant START = Instant.parse("2026-11-10T12:34:00Z");

	private static final Instant END = Instant.parse("2026-12-10T12:34:00Z");

	private final BilledPeriods periods = new BilledPeriods(new ClientProperties(10, 10, Duration.ofSeconds(1), 10,
			Duration.ofSeconds(1), Duration.ofMinutes(1), Duration.ofSeconds(1)));

	@Test
	void withoutASubscriptionItIsTheMonth() {
		assertThat(this.periods.at(CLIENT, START)).isEqualTo(UsagePeriod.monthOf(START));
	}

	@Test
	void aSubscriptionsPeriodBeginsAndEndsToTheMinute() {
		this.periods.learn(CLIENT, START, END);

		assertThat(this.periods.at(CLIENT, START)).isEqualTo(new UsagePeriod(START, END));
		assertThat(this.periods.at(CLIENT, END.minusMillis(1))).isEqualTo(new UsagePeriod(START, END));
	}

	@Test
	void theNextOneBeginsWhereThatOneEndsBeforeStripeWasAskedAgain() {
		this.periods.learn(CLIENT, START, END);

		assertThat(this.periods.at(CLIENT, END)).isEqualTo(new UsagePeriod(END, Instant.parse("2027-01-10T12:34:00Z")));
		assertThat(this.periods.at(CLIENT, START.minusMillis(1)))
			.isEqualTo(new UsagePeriod(Instant.parse("2026-10-10T12:34:00Z"), START));
	}

	@Test
	void aMonthThatBeginsOnThe31stEndsWithAShorterOne() {
		this.periods.learn(CLIENT, Instant.parse("2027-01-31T00:00:00Z"), Instant.parse("2027-02-28T00:00:00Z"));

		assertThat(this.periods.at(CLIENT, Instant.parse("2027-03-01T00:00:00Z")))
			.isEqualTo(new UsagePeriod(Instant.parse("2027-02-28T00:00:00Z"), Instant.parse("2027-03-28T00:00:00Z")));
	}

	/** A subscription whose first period was cut short; this is asked on the hot path. */
	@Test
	@Timeout(value = 5, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
	void aPeriodOfASecondIsNotCountedUpStepByStep() {
		Instant later = START.plus(Duration.ofDays(100_000));
		this.periods.learn(CLIENT, START, START.plusSeconds(1));

		for (int i = 0; i < 1000; i++) {
			assertThat(this.periods.at(CLIENT, later)).isEqualTo(new UsagePeriod(later, later.plusSeconds(1)));
		}
	}

	@Test
	void aSubscriptionThatEndedLeavesTheMonth() {
		this.periods.learn(CLIENT, START, END);
		this.periods.learn(CLIENT, null, null);

		assertThat(this.periods.at(CLIENT, START)).isEqualTo(UsagePeriod.monthOf(START));
	}

	@Property
	void everyInstantIsInItsPeriod(@ForAll @IntRange(min = 1, max = 400) int days,
			@ForAll @LongRange(min = -100_000_000, max = 100_000_000) long seconds) {
		UsagePeriod known = new UsagePeriod(START, START.plus(Duration.ofDays(days)));
		Instant instant = START.plusSeconds(seconds);

		UsagePeriod period = known.around(instant);

		assertThat(period.start()).isBeforeOrEqualTo(instant);
		assertThat(period.end()).isAfter(instant);
		assertThat(period.around(period.end()).start()).isEqualTo(period.end());
	}

}
