package io.tallygate.metering;

import java.time.Duration;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/** So many a minute: all at once after a rest, and then one after the other. */
class RateTests {

	@ParameterizedTest
	@CsvSource({
			// per minute, taken (60,000ths) -> has one, remaining, reset ms, until one ms
			"60,       0, true,  60,     0,    0", "60,   60000, true,  59,  1000,    0",
			"60, 3540000, true,   1, 59000,    0", "60, 3540001, false,  0, 59001,    1",
			"60, 3600000, false,  0, 60000, 1000", " 7,   60000, true,   6,  8572,    0",
			" 1,   60000, false,  0, 60000, 60000", "60, 7140000, false,  0, 119000, 60000" })
	void aRateStandsByWhatIsTakenOfIt(long perMinute, long taken, boolean hasOne, long remaining, long reset,
			long untilOne) {
		Rate rate = new Rate(perMinute);

		assertThat(rate.hasOne(taken)).isEqualTo(hasOne);
		assertThat(rate.standing(taken))
			.isEqualTo(new Admission.RateStanding(perMinute, remaining, Duration.ofMillis(reset)));
		assertThat(rate.untilOne(taken)).isEqualTo(Duration.ofMillis(untilOne));
	}

	@Test
	void aMinutesRestGivesBackAllThatWasTakenAtOnce() {
		Rate rate = new Rate(60);

		assertThat(rate.after(60 * Rate.ONE, 59_999)).isEqualTo(60);
		assertThat(rate.after(60 * Rate.ONE, 60_000)).isZero();
		assertThat(rate.after(Rate.ONE, Long.MAX_VALUE)).isZero();
	}

	@Test
	void aClockThatStepsBackGivesNothingBack() {
		assertThat(new Rate(60).after(Rate.ONE, -5_000)).isEqualTo(Rate.ONE);
	}

	@Property
	void exactlySoManyAreHadAtOnce(@ForAll @IntRange(min = 1, max = 3000) int perMinute) {
		Rate rate = new Rate(perMinute);
		long taken = 0;
		int had = 0;
		while (rate.hasOne(taken)) {
			taken = rate.plus(taken, 1);
			had++;
		}

		assertThat(had).isEqualTo(perMinute);
	}

	@Property
	void nobodyWaitsForMoreThanAMinute(@ForAll @LongRange(min = 1, max = 1_000_000_000) long perMinute,
			@ForAll @LongRange(max = 1L << 53) long used) {
		Rate rate = new Rate(perMinute);

		assertThat(rate.untilOne(rate.plus(0, used))).isLessThanOrEqualTo(Duration.ofMinutes(1));
	}

	@Property
	void whoeverWaitsAsLongAsToldHasOne(@ForAll @LongRange(min = 1, max = 1_000_000_000) long perMinute,
			@ForAll @LongRange(max = 1L << 40) long used) {
		Rate rate = new Rate(perMinute);
		long taken = rate.plus(0, used);

		assertThat(rate.hasOne(rate.after(taken, rate.untilOne(taken).toMillis()))).isTrue();
	}

}
