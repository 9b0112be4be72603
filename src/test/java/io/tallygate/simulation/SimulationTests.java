package io.tallygate.simulation;

import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

import io.tallygate.fault.Matrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * A few thousand schedules of chance, and each planted mistake.
 * {@link SimulationCampaign} runs as many as one likes, and one alone.
 */
class SimulationTests {

	private static final int SEEDS = 3000;

	/**
	 * Most are found at once, the rarest in about one schedule of a thousand.
	 */
	private static final int SEEDS_TO_FIND_A_BUG = 3000;

	@Test
	@Matrix({ 11, 12, 17, 20, 22, 23, 25, 31, 36, 37, 42, 43, 44, 45, 47, 48, 49, 51, 70, 71, 74 })
	void whateverGoesWrongNothingIsLostAndNothingIsChargedTwice() {
		Schedule.quietly(() -> {
			List<String> faults = LongStream.range(0, SEEDS)
				.mapToObj((seed) -> Schedule.of(seed).fault())
				.flatMap(Optional::stream)
				.limit(3)
				.toList();

			assertThat(faults).isEmpty();
		});
	}

	/**
	 * One is left to the campaign, as it takes thousands of schedules;
	 * {@code RedisLimitsIntegrationTests} holds what it gets wrong.
	 */
	@ParameterizedTest
	@EnumSource(mode = EnumSource.Mode.EXCLUDE, names = { "NONE", "USE_KNOWN_THOUGH_A_MARK_WAS_STRUCK" })
	void aPlantedMistakeIsFound(Bug bug) {
		Schedule.quietly(() -> assertThat(LongStream.range(0, SEEDS_TO_FIND_A_BUG)
			.mapToObj((seed) -> Schedule.of(seed, bug).fault())
			.flatMap(Optional::stream)
			.findFirst()).isPresent());
	}

	@Test
	void aSeedIsOneSchedule() {
		Schedule.quietly(() -> {
			Schedule schedule = LongStream.range(0, SEEDS_TO_FIND_A_BUG)
				.mapToObj((seed) -> Schedule.of(seed, Bug.DOUBT_FORGOTTEN))
				.filter((one) -> one.fault().isPresent())
				.findFirst()
				.orElseThrow();

			assertThat(schedule.fault()).isEqualTo(schedule.fault());
		});
	}

}
