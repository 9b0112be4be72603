package io.tallygate.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A figure of one target held against another's of the same round. Less is better.
 *
 * @param load under which
 * @param figure of the target
 * @param target that is judged
 * @param other that it is held against
 * @param otherFigure of the other
 * @param kind how
 * @param goal what it should be at most, if that was said
 */
record Comparison(String load, Figure figure, String target, String other, Figure otherFigure, Kind kind,
		@Nullable Double goal) {

	/** A worse ratio than the recorded one by more than this is a failure. */
	static final double TOLERANCE = 1.10;

	/** How two figures are held against each other. */
	enum Kind {

		/** One divided by the other: what a check compares. */
		TIMES,
		/** What one adds to the other. */
		ADDED,
		/** One divided by another of the same target. */
		SHARE,
		/** By itself. */
		ALONE;

		private double of(double own, double other) {
			return switch (this) {
				case TIMES, SHARE -> own / other;
				case ADDED -> own - other;
				case ALONE -> own;
			};
		}

	}

	/** All that are looked at, as far as they were measured. */
	static List<Comparison> of(Samples samples) {
		List<Comparison> all = new ArrayList<>();
		all.add(times(Loads.JSON_BEST, Figure.CPU, Target.PLAIN, 0.75));
		all.add(times(Loads.JSON_BEST, Figure.CPU, Target.NGINX, 4.0));
		all.add(times(Loads.JSON_BEST, Figure.CPU, Target.UNMETERED, null));
		all.add(times(Loads.JSON_BEST, Figure.CPU, Target.PORTKEY, null));
		all.add(times(Loads.JSON_BEST, Figure.CPU, Target.BEFORE, null));
		all.add(own(Loads.JSON_BEST, Figure.REDIS, Kind.SHARE, Figure.CPU, 0.10));
		all.add(times(Loads.JSON_FIXED, Figure.CPU, Target.PLAIN, null));
		all.add(times(Loads.JSON_FIXED, Figure.CPU, Target.NGINX, null));
		all.add(times(Loads.JSON_FIXED, Figure.CPU, Target.UNMETERED, null));
		all.add(added(Loads.JSON_CALM, Figure.WHOLE_P50, 150.0));
		all.add(added(Loads.JSON_CALM, Figure.WHOLE_P99, null));
		all.add(times(Loads.SSE, Figure.CPU, Target.PLAIN, 0.9));
		all.add(times(Loads.SSE, Figure.CPU, Target.NGINX, null));
		all.add(times(Loads.SSE, Figure.CPU, Target.UNMETERED, null));
		all.add(times(Loads.SSE, Figure.CPU, Target.PORTKEY, null));
		all.add(times(Loads.SSE, Figure.CPU, Target.BEFORE, null));
		all.add(added(Loads.SSE, Figure.FIRST_P50, 350.0));
		all.add(added(Loads.SSE, Figure.FIRST_P99, null));
		all.add(added(Loads.SSE, Figure.CHUNK_P50, null));
		samples.loads().stream().filter(Loads::isPlateau).forEach((plateau) -> {
			all.add(times(plateau, Figure.HEAP, Target.PLAIN, null));
			all.add(own(plateau, Figure.HEAP, Kind.ALONE, Figure.HEAP, 16_384.0));
		});
		return all.stream().filter((each) -> each.spread(samples).isPresent()).toList();
	}

	/**
	 * Which ratios are worse than the recorded ones, in words: their median by more than a
	 * tenth and than every recorded round, and each of their rounds than the recorded
	 * median, for with another mood of the machine a ratio is another, too. What is held
	 * against another build of the same run should be 1.
	 */
	static List<String> worse(Samples samples, JsonNode recorded) {
		List<String> worse = new ArrayList<>();
		for (Comparison comparison : of(samples)) {
			JsonNode found = recorded.path(comparison.name());
			boolean isBeside = comparison.other().equals(Target.BEFORE);
			if (comparison.kind() == Kind.TIMES && (isBeside || found.isObject())) {
				Spread before = isBeside ? new Spread(1, 1, 1) : Spread.of(found);
				comparison.spread(samples)
					.filter((now) -> now.median() > Math.max(before.median() * TOLERANCE, before.max())
							&& now.min() > before.median())
					.ifPresent((now) -> worse
						.add(comparison.name() + ": " + now.inWords() + " instead of " + before.inWords()));
			}
		}
		return worse;
	}

	Optional<Spread> spread(Samples samples) {
		return samples.against(this.load, this.target, this.figure, this.other, this.otherFigure, this.kind::of);
	}

	/** By which it is found again in a file. */
	String name() {
		String own = this.load + ", " + this.figure.key();
		return switch (this.kind) {
			case TIMES -> own + ", against " + this.other;
			case ADDED -> own + ", added to " + this.other;
			case SHARE -> own + ", for each of " + this.otherFigure.key();
			case ALONE -> own;
		};
	}

	boolean isMetBy(Spread spread) {
		return this.goal == null || spread.median() <= this.goal;
	}

	private static Comparison times(String load, Figure figure, String other, @Nullable Double goal) {
		return new Comparison(load, figure, Target.TALLYGATE, other, figure, Kind.TIMES, goal);
	}

	private static Comparison added(String load, Figure figure, @Nullable Double goal) {
		return new Comparison(load, figure, Target.TALLYGATE, Target.DIRECT, figure, Kind.ADDED, goal);
	}

	private static Comparison own(String load, Figure figure, Kind kind, Figure otherFigure, @Nullable Double goal) {
		return new Comparison(load, figure, Target.TALLYGATE, Target.TALLYGATE, otherFigure, kind, goal);
	}

}
