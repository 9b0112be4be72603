package io.tallygate.nemesis;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.tallygate.fault.Matrix;
import io.tallygate.nemesis.Nemesis.Plan;
import io.tallygate.nemesis.Trend.Point;
import io.tallygate.nemesis.Watch.Finding;
import io.tallygate.support.Progress;
import io.tallygate.support.Results;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The same two gateways for hours, under a load that keeps the machine busy, while
 * everything around them goes wrong: {@code ./mvnw -Psoak verify -Dminutes=120}. Nothing
 * of theirs may rise, nothing may leak or block, and nothing may be lost or charged
 * twice. {@code -Drate=300} takes so many requests a second.
 */
class SoakCampaign {

	/**
	 * On two cores that everybody shares, the gateways with no optimizing compiler and
	 * under BlockHound: 300 keep the cores busy but for a few percent, and 800 were begun
	 * in time for a quarter of a minute, with nothing wrong and larger batches.
	 */
	private static final int RATE = 300;

	/** Between two faults, all being well. */
	private static final Duration CALM = Duration.ofSeconds(30);

	private static final int POINTS_MAX = 120;

	@Test
	@Matrix(79)
	void runs() {
		long seed = Long.getLong("seed", ThreadLocalRandom.current().nextInt(1_000_000));
		Duration time = Duration.ofMinutes(Long.getLong("minutes", 120));
		Plan plan = new Plan(seed, time, Integer.getInteger("rate", RATE), false, false,
				Path.of("target", "nemesis", "soak"))
			.sparingGateways(CALM);
		System.out.println(plan);
		long begun = System.nanoTime();
		try (Nemesis nemesis = new Nemesis(plan);
				Watch watch = new Watch(nemesis.scene(), time);
				Progress progress = new Progress("seconds", time.toSeconds())) {
			Outcome outcome = run(nemesis, watch, (line) -> {
				progress.say(line);
				progress.reach(Duration.ofNanos(System.nanoTime() - begun).toSeconds());
			});
			List<Finding> findings = watch.findings();
			Map<String, Object> figures = new LinkedHashMap<>(outcome.figures());
			figures.keySet()
				.removeAll(List.of("pairs", "gateways_killed", "requests_at_killed_gateways", "marks_open_at_kills",
						"lost_by_pairs"));
			figures.put("warm_up_seconds", Math.round(watch.warmUpSeconds()));
			figures.put("requests_per_second_begun",
					Math.round((double) outcome.requests() / outcome.took().toSeconds()));
			figures.put("samples_missed", watch.missed());
			figures.put("rising", findings.stream().filter(Finding::isRising).map(Finding::toString).toList());
			figures.put("watched", findings.stream().map(SoakCampaign::figures).toList());
			figures.put("kilobytes_grown",
					nemesis.scene().gateways().stream().collect(Collectors.toMap(Gateway::name, watch::grown)));
			System.out.println(outcome.table());
			findings.forEach(System.out::println);
			Results.write("soak", figures);

			assertThat(findings).noneMatch(Finding::isRising);
			assertThat(outcome.sums().drift()).isZero();
			assertThat(outcome.sums().missing()).isZero();
			assertThat(outcome.sums().doubled()).isZero();
			assertThat(outcome.sums().orphans()).isZero();
		}
	}

	/** What was seen is worth knowing after a failure too. */
	private static Outcome run(Nemesis nemesis, Watch watch, Consumer<String> said) {
		try {
			return nemesis.run(new Nemesis.Listener() {
				@Override
				public void say(String line) {
					said.accept(line);
				}

				@Override
				public void calm(boolean isCalm) {
					if (isCalm) {
						watch.calmBegins();
					}
					else {
						watch.calmEnds();
					}
				}
			});
		}
		catch (AssertionError | RuntimeException ex) {
			List<Finding> findings = watch.findings();
			findings.forEach(System.out::println);
			Results.write("soak",
					Map.of("failure", String.valueOf(ex.getMessage()).strip().replaceAll("\\s*\n\\s*", "; "),
							"warm_up_seconds", Math.round(watch.warmUpSeconds()), "rising",
							findings.stream().filter(Finding::isRising).map(Finding::toString).toList(), "watched",
							findings.stream().map(SoakCampaign::figures).toList()));
			throw ex;
		}
	}

	private static Map<String, Object> figures(Finding finding) {
		Map<String, Object> figures = new LinkedHashMap<>();
		figures.put("gateway", finding.gateway());
		figures.put("what", finding.quantity().label());
		figures.put("unit", finding.quantity().unit());
		figures.put("first", rounded(finding.trend().first()));
		figures.put("last", rounded(finding.trend().last()));
		figures.put("most", rounded(finding.most()));
		figures.put("per_hour", rounded(finding.trend().perHour()));
		figures.put("per_hour_max", finding.quantity().perHourMax());
		figures.put("grain", finding.quantity().grain());
		figures.put("samples", finding.points().size());
		figures.put("points", thinned(finding.points()));
		return figures;
	}

	/** Seconds and values. */
	private static List<List<Double>> thinned(List<Point> points) {
		int each = (points.size() + POINTS_MAX - 1) / POINTS_MAX;
		return IntStream.range(0, points.size())
			.filter((i) -> i % each == 0)
			.mapToObj((i) -> List.of((double) Math.round(points.get(i).seconds()), rounded(points.get(i).value())))
			.toList();
	}

	private static double rounded(double value) {
		return Math.round(value * 100) / 100.0;
	}

}
