package io.tallygate.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

import tools.jackson.databind.JsonNode;

/** What was measured along curves: some figures at each size. */
final class Points {

	private final List<Point> all = new ArrayList<>();

	/**
	 * One figure, once.
	 *
	 * @param curve of which something grows
	 * @param size how much of it there was
	 * @param what was measured
	 */
	private record Point(String curve, long size, String what, double value) {
	}

	void add(String curve, long size, String what, double value) {
		this.all.add(new Point(curve, size, what, value));
	}

	/** What another run has measured of all curves but these. */
	void addOthers(Points other, Set<String> curves) {
		other.all.stream().filter((point) -> !curves.contains(point.curve())).forEach(this.all::add);
	}

	/** All figures of a load: each is found under the load's name and its own. */
	void add(String curve, long size, String load, Map<Figure, Double> figures) {
		figures.forEach((figure, value) -> add(curve, size, name(load, figure), value));
	}

	/** Under which a figure of a load is found. */
	static String name(String load, Figure figure) {
		return load + ", " + figure.key();
	}

	/** Sizes of a curve at which this was measured, the smallest first. */
	List<Long> sizes(String curve, String what) {
		return this.all.stream()
			.filter((point) -> point.curve().equals(curve) && point.what().equals(what))
			.map(Point::size)
			.distinct()
			.sorted()
			.toList();
	}

	/** A figure over all rounds. */
	Optional<Spread> spread(String curve, long size, String what) {
		List<Double> values = this.all.stream()
			.filter((point) -> point.curve().equals(curve) && point.size() == size && point.what().equals(what))
			.map(Point::value)
			.toList();
		return values.isEmpty() ? Optional.empty() : Optional.of(Spread.of(values));
	}

	/** For the terminal. */
	void print() {
		this.all.stream()
			.map((point) -> new Point(point.curve(), point.size(), point.what(), 0))
			.distinct()
			.forEach((point) -> spread(point.curve(), point.size(), point.what())
				.ifPresent((spread) -> System.out.printf("%-9s %,11d  %-52s %12s  %s to %s%n", point.curve(),
						point.size(), point.what(), Console.number(spread.median()), Console.number(spread.min()),
						Console.number(spread.max()))));
	}

	/** For the results' file. */
	List<Map<String, Object>> toJson() {
		return this.all.stream()
			.map((point) -> (Map<String, Object>) new TreeMap<String, Object>(Map.of("curve", point.curve(), "size",
					point.size(), "what", point.what(), "value", Math.round(point.value() * 1000) / 1000.0)))
			.toList();
	}

	/** From the results' file. */
	static Points of(JsonNode results) {
		Points points = new Points();
		for (JsonNode each : results.path("points")) {
			points.add(each.path("curve").asString(), each.path("size").asLong(), each.path("what").asString(),
					each.path("value").asDouble());
		}
		return points;
	}

}
