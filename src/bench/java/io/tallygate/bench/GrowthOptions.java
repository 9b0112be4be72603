package io.tallygate.bench;

import java.util.Arrays;
import java.util.List;

/**
 * What is made to grow, from system properties.
 *
 * @param common to all benches
 * @param rate requests a second at which cost is measured
 * @param clients how many there are, one size after the other
 * @param rows of the ledger
 * @param backlog meter events that wait
 */
record GrowthOptions(Options common, int rate, List<Integer> clients, List<Long> rows, List<Integer> backlog) {

	GrowthOptions {
		clients = List.copyOf(clients);
		rows = List.copyOf(rows);
		backlog = List.copyOf(backlog);
	}

	static GrowthOptions ofSystem() {
		return new GrowthOptions(Options.ofSystem(), Integer.getInteger("rate", 500),
				sizes("clients", "1,1000,100000").stream().map(Long::intValue).toList(),
				sizes("rows", "1000,1000000,50000000"),
				sizes("backlog", "0,10000,1000000").stream().map(Long::intValue).toList());
	}

	/** Sizes must rise: what was added is not taken away. */
	private static List<Long> sizes(String property, String otherwise) {
		return Arrays.stream(System.getProperty(property, otherwise).split(","))
			.map(String::strip)
			.map(Long::valueOf)
			.sorted()
			.toList();
	}

}
