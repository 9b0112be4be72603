package io.tallygate.simulation;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

import io.tallygate.fault.Matrix;
import io.tallygate.support.Progress;
import io.tallygate.support.Results;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * As many schedules as one likes:
 * {@code ./mvnw -Psimulation verify -Dseeds=100000 -Dfrom=0}. One of them alone, as it
 * was: {@code ./mvnw -Psimulation verify -Dseed=4711}.
 */
class SimulationCampaign {

	private static final int FAULTS_SHOWN = 10;

	@Test
	@Matrix({ 11, 12, 17, 20, 22, 23, 25, 31, 36, 37, 42, 43, 44, 45, 47, 48, 49, 51, 70, 71, 74 })
	void runs() {
		String one = System.getProperty("seed", "");
		if (!one.isEmpty()) {
			assertThat(Schedule.of(Long.parseLong(one)).fault()).isEmpty();
			return;
		}
		Schedule.quietly(() -> campaign(Long.getLong("from", 0), Long.getLong("seeds", 100_000)));
	}

	private static void campaign(long from, long seeds) {
		long begun = System.nanoTime();
		List<String> faults = schedules(from, seeds);
		Duration took = Duration.ofNanos(System.nanoTime() - begun);
		Map<Bug, Long> found = new TreeMap<>();
		Arrays.stream(Bug.values())
			.filter((bug) -> bug != Bug.NONE)
			.forEach((bug) -> seedsUntilFound(bug, seeds).ifPresent((needed) -> found.put(bug, needed)));
		Results.write("simulation", Map.of("from", from, "seeds", seeds, "seconds", took.toSeconds(), "faults",
				faults.size(), "bugs", found));
		found.forEach((bug, needed) -> System.out.println(bug + " is found by seed " + (needed - 1)));

		assertThat(faults).as("faults of %s schedules, of which %s are shown", seeds, FAULTS_SHOWN).isEmpty();
		assertThat(found.keySet()).containsExactlyElementsOf(
				Arrays.stream(Bug.values()).filter((bug) -> bug != Bug.NONE).collect(Collectors.toList()));
	}

	private static List<String> schedules(long from, long seeds) {
		try (Progress progress = new Progress("schedules", seeds)) {
			AtomicLong faults = new AtomicLong();
			return LongStream.range(from, from + seeds).parallel().mapToObj((seed) -> {
				Optional<String> fault = Schedule.of(seed).fault();
				fault.ifPresent((text) -> progress.say(text + "\n" + faults.incrementAndGet() + " so far"));
				progress.step();
				return fault;
			}).flatMap(Optional::stream).limit(FAULTS_SHOWN).toList();
		}
	}

	/** Amid troubles of all kinds, as nobody knows beforehand what brings it to light. */
	private static Optional<Long> seedsUntilFound(Bug bug, long seeds) {
		for (long seed = 0; seed < seeds; seed++) {
			if (new Schedule(seed, Trouble.of(seed), bug).fault().isPresent()) {
				return Optional.of(seed + 1);
			}
		}
		return Optional.empty();
	}

}
