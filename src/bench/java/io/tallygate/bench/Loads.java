package io.tallygate.bench;

import java.util.List;

import io.tallygate.bench.Load.Plan;

/** The loads that every target meets. */
final class Loads {

	/**
	 * Whole answers, as many as 256 connections carry: with fewer, waiting for Redis's
	 * disk and not CPU would be the limit.
	 */
	static final String JSON_BEST = "json-best";

	/** Of the best rate. */
	static final int CONNECTIONS = 256;

	/** Whole answers, 2,000 a second. */
	static final String JSON_FIXED = "json-2000";

	/** Whole answers, 500 a second: for what each waits. */
	static final String JSON_CALM = "json-500";

	/** 100 new streams a second of 100 chunks, 20 ms apart: 10,000 chunks a second. */
	static final String SSE = "sse";

	static final int SSE_CHUNKS = 100;

	/**
	 * Under which it is sampled what CPU is used for: where there is so little to do that
	 * it is done between two ticks of the clock, samples are too few.
	 */
	static final List<String> PROFILED = List.of(JSON_BEST, SSE);

	/** Clients that leave in the middle. */
	static final String LEAVING = "leaving";

	/** What waits for which store. */
	static final String DURABILITY = "durability";

	/** Streams that leave together. */
	static final int LEAVING_STREAMS = 200;

	private static final String PLATEAU = "streams-";

	private Loads() {
	}

	static Plan plan(String load) {
		return switch (load) {
			case JSON_BEST -> Plan.best(CONNECTIONS);
			case JSON_FIXED -> Plan.fixed(2000);
			case JSON_CALM -> Plan.fixed(500);
			case SSE -> Plan.streams(100, SSE_CHUNKS, 20);
			case LEAVING -> Plan.streams(400, 100, 50).most(LEAVING_STREAMS);
			default -> throw new IllegalArgumentException(load);
		};
	}

	/** Whether it is whole answers at a rate that a target must carry. */
	static boolean isFixed(String load) {
		return load.equals(JSON_FIXED) || load.equals(JSON_CALM);
	}

	/** So many open streams, each with a chunk a second, for so many seconds. */
	static Plan plateau(int streams, int seconds) {
		int opened = 1000;
		return Plan.streams(opened, streams / opened + seconds + 6, 1000).most(streams);
	}

	static String plateau(int streams) {
		return PLATEAU + streams;
	}

	static boolean isPlateau(String load) {
		return load.startsWith(PLATEAU);
	}

}
