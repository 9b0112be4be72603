package io.tallygate.nemesis;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

import io.tallygate.fault.Matrix;
import io.tallygate.nemesis.Nemesis.Plan;
import io.tallygate.support.Progress;
import io.tallygate.support.Results;
import org.junit.jupiter.api.Test;

/**
 * As long as one likes: {@code ./mvnw -Pnemesis verify -Dminutes=35}. What went wrong
 * with a run goes wrong in the same order with its seed ({@code -Dseed=4711}); when
 * exactly, the machine decides. {@code -Dpairs} lets two things go wrong at a time,
 * {@code -Dredis=cluster} takes a cluster of six, {@code -Drate=300} so many requests a
 * second.
 */
class NemesisCampaign {

	@Test
	@Matrix({ 17, 31, 35, 74, 77 })
	void runs() {
		long seed = Long.getLong("seed", ThreadLocalRandom.current().nextInt(1_000_000));
		Duration time = Duration.ofMinutes(Long.getLong("minutes", 10));
		boolean arePairs = System.getProperty("pairs") != null && !System.getProperty("pairs").equals("false");
		Plan plan = new Plan(seed, time, Integer.getInteger("rate", 300), arePairs,
				"cluster".equals(System.getProperty("redis")), Path.of("target", "nemesis", "seed-" + seed));
		System.out.println(plan);
		long begun = System.nanoTime();
		try (Nemesis nemesis = new Nemesis(plan); Progress progress = new Progress("seconds", time.toSeconds())) {
			Outcome outcome = nemesis.run((line) -> {
				progress.say(line);
				progress.reach(Duration.ofNanos(System.nanoTime() - begun).toSeconds());
			});
			System.out.println(outcome.table());
			Results.write(arePairs ? "nemesis-pairs" : plan.isCluster() ? "nemesis-cluster" : "nemesis",
					outcome.figures());
		}
	}

}
