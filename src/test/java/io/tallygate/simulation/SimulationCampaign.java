package io.tallygate.simulation;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongFunction;
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

	/** So many at once, and then a look whether one of them has found the mistake. */
	private static final long BLOCK = 500;

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

	/**
	 * A mistake is looked for amid troubles of all kinds, as nobody knows beforehand what
	 * brings it to light, and only then amid those that do so soonest.
	 */
	private static void campaign(long from, long seeds) {
		long begun = System.nanoTime();
		List<String> faults = schedules(from, seeds);
		Duration took = Duration.ofNanos(System.nanoTime() - begun);
		Map<Bug, Long> found = new TreeMap<>();
		List<Bug> bugs = Arrays.stream(Bug.values()).filter((bug) -> bug != Bug.NONE).toList();
		for (Bug bug : bugs) {
			Optional<Long> needed = seedsUntilFound(bug, seeds, Trouble::of)
				.or(() -> seedsUntilFound(bug, seeds, (seed) -> bug.provokedBy()));
			System.out.println(bug + needed.map((it) -> " is found by seed " + (it - 1)).orElse(" is not found"));
			needed.ifPresent((it) -> found.put(bug, it));
		}
		Results.write("simulation", Map.of("from", from, "seeds", seeds, "seconds", took.toSeconds(), "faults",
				faults.size(), "bugs", found));

		assertThat(faults).as("faults of %s schedules, of which %s are shown", seeds, FAULTS_SHOWN).isEmpty();
		assertThat(found.keySet()).containsExactlyElementsOf(bugs);
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

	private static Optional<Long> seedsUntilFound(Bug bug, long seeds, LongFunction<Set<Trouble>> amid) {
		return LongStream.iterate(0, (first) -> first < seeds, (first) -> first + BLOCK)
			.mapToObj((first) -> LongStream.range(first, first + BLOCK)
				.parallel()
				.filter((seed) -> new Schedule(seed, amid.apply(seed), bug).fault().isPresent())
				.min())
			.flatMap((seed) -> seed.stream().boxed())
			.map((seed) -> seed + 1)
			.findFirst();
	}

}
