package io.tallygate.bench;

import java.util.List;

import tools.jackson.databind.JsonNode;

/** A figure over rounds. */
record Spread(double median, double min, double max) {

	/** As a results' file has it. */
	static Spread of(JsonNode spread) {
		return new Spread(spread.path("median").asDouble(), spread.path("min").asDouble(),
				spread.path("max").asDouble());
	}

	/** Of at least one value. */
	static Spread of(List<Double> values) {
		List<Double> sorted = values.stream().sorted().toList();
		int half = sorted.size() / 2;
		double median = (sorted.size() % 2 == 1) ? sorted.get(half) : (sorted.get(half - 1) + sorted.get(half)) / 2;
		return new Spread(median, sorted.get(0), sorted.get(sorted.size() - 1));
	}

	/** The median, and from where to where it goes. */
	String inWords() {
		return "%s (%s to %s)".formatted(Console.number(this.median), Console.number(this.min),
				Console.number(this.max));
	}

}
