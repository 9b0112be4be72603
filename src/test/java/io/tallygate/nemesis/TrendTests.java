package io.tallygate.nemesis;

import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

import io.tallygate.nemesis.Trend.Point;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

/** What rises fails, and what only trembles does not. */
class TrendTests {

	private static final int POINTS = 120;

	private static final int SECONDS_BETWEEN = 60;

	private static final double PER_HOUR_MAX = 2;

	private static final double GRAIN = 3;

	@Test
	void theSlopeOfALineIsItsSlope() {
		Trend trend = trend((hours) -> 40 + 6 * hours, 0);

		assertThat(trend.perHour()).isCloseTo(6, within(1e-9));
		assertThat(trend.first()).isCloseTo(40, within(1e-9));
		assertThat(trend.rise()).isCloseTo(6 * 119 / 60.0, within(1e-9));
	}

	@Test
	void whatRisesUnderItsNoiseFails() {
		assertThat(trend((hours) -> 40 + 3 * hours, 2).rises(PER_HOUR_MAX, GRAIN)).isTrue();
	}

	@Test
	void whatIsLevelPassesHoweverItTrembles() {
		assertThat(trend((hours) -> 40, 4).rises(PER_HOUR_MAX, GRAIN)).isFalse();
	}

	@Test
	void whatFallsPasses() {
		assertThat(trend((hours) -> 40 - 10 * hours, 1).rises(PER_HOUR_MAX, GRAIN)).isFalse();
	}

	@Test
	void aFewWildPointsChangeNothing() {
		Trend trend = trend((hours) -> (Math.round(hours * 60) % 5 == 0) ? 400 : 40, 1);

		assertThat(trend.rises(PER_HOUR_MAX, GRAIN)).isFalse();
	}

	@Test
	void aStepInTheMiddleIsARise() {
		assertThat(trend((hours) -> (hours < 1) ? 40 : 50, 1).rises(PER_HOUR_MAX, GRAIN)).isTrue();
	}

	@Test
	void inAShortTimeARiseOfAGrainTellsNothing() {
		List<Point> minutes = List.of(new Point(0, 40), new Point(60, 41), new Point(120, 42));

		assertThat(Trend.of(minutes).perHour()).isCloseTo(60, within(1e-9));
		assertThat(Trend.of(minutes).rises(PER_HOUR_MAX, GRAIN)).isFalse();
	}

	@Test
	void onePointHasNoTrend() {
		assertThatIllegalArgumentException().isThrownBy(() -> Trend.of(List.of(new Point(1, 1))));
	}

	/** Two hours of it, with noise of this much. */
	private static Trend trend(DoubleUnaryOperator hourly, double noise) {
		Random random = new Random(1);
		return Trend.of(IntStream.range(0, POINTS)
			.mapToObj((i) -> new Point(i * SECONDS_BETWEEN,
					hourly.applyAsDouble(i * SECONDS_BETWEEN / 3600.0) + noise * random.nextGaussian()))
			.toList());
	}

}
