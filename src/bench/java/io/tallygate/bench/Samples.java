package io.tallygate.bench;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.Collectors;

import tools.jackson.databind.JsonNode;

/** All that was measured, round by round. */
final class Samples {

	private final List<Sample> all = new ArrayList<>();

	/**
	 * One target under one load, once.
	 *
	 * @param round of which figures may be compared
	 */
	record Sample(int round, String load, String target, Map<Figure, Double> figures) {

		Sample {
			figures = new EnumMap<>(figures);
		}

	}

	void add(Sample sample) {
		this.all.add(sample);
	}

	/** Loads, in the order in which they were first met. */
	Set<String> loads() {
		return this.all.stream().map(Sample::load).collect(Collectors.toCollection(LinkedHashSet::new));
	}

	/** Targets of a load, in the order in which they were first met. */
	Set<String> targets(String load) {
		return this.all.stream()
			.filter((sample) -> sample.load().equals(load))
			.map(Sample::target)
			.collect(Collectors.toCollection(LinkedHashSet::new));
	}

	/** A figure over all rounds. */
	Optional<Spread> spread(String load, String target, Figure figure) {
		List<Double> values = this.all.stream()
			.filter((sample) -> sample.load().equals(load) && sample.target().equals(target))
			.map((sample) -> sample.figures().get(figure))
			.filter(Objects::nonNull)
			.toList();
		return values.isEmpty() ? Optional.empty() : Optional.of(Spread.of(values));
	}

	/** What comes of two figures of the same round, over all rounds. */
	Optional<Spread> against(String load, String target, Figure figure, String other, Figure otherFigure,
			DoubleBinaryOperator operator) {
		List<Double> values = new ArrayList<>();
		for (Sample sample : this.all) {
			if (sample.load().equals(load) && sample.target().equals(target)) {
				figure(sample.round(), load, other, otherFigure)
					.ifPresent((reference) -> Optional.ofNullable(sample.figures().get(figure))
						.ifPresent((own) -> values.add(operator.applyAsDouble(own, reference))));
			}
		}
		return values.isEmpty() ? Optional.empty() : Optional.of(Spread.of(values));
	}

	private Optional<Double> figure(int round, String load, String target, Figure figure) {
		return this.all.stream()
			.filter((sample) -> sample.round() == round && sample.load().equals(load) && sample.target().equals(target))
			.findFirst()
			.map((sample) -> sample.figures().get(figure));
	}

	/** For the results' file. */
	List<Map<String, Object>> toJson() {
		return this.all.stream()
			.map((sample) -> Map.<String, Object>of("round", sample.round(), "load", sample.load(), "target",
					sample.target(), "figures",
					sample.figures()
						.entrySet()
						.stream()
						.collect(Collectors.toMap((entry) -> entry.getKey().key(),
								(entry) -> Math.round(entry.getValue() * 100) / 100.0, (a, b) -> b, TreeMap::new))))
			.toList();
	}

	/** From the results' file. */
	static Samples of(JsonNode results) {
		Samples samples = new Samples();
		for (JsonNode each : results.path("samples")) {
			Map<Figure, Double> figures = new EnumMap<>(Figure.class);
			for (Figure figure : Figure.values()) {
				if (each.path("figures").has(figure.key())) {
					figures.put(figure, each.path("figures").path(figure.key()).asDouble());
				}
			}
			samples.add(new Sample(each.path("round").asInt(), each.path("load").asString(),
					each.path("target").asString(), figures));
		}
		return samples;
	}

}
