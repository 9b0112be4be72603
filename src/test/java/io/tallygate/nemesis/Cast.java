package io.tallygate.nemesis;

import java.util.List;
import java.util.Map;

import io.tallygate.nemesis.Customer.Wanted;

/**
 * Who takes part in a {@link Scene}.
 *
 * @param gateways that there are from the beginning
 * @param isRedisCluster whether Redis is one
 * @param hasStandby whether each commit waits for a second PostgreSQL
 * @param version of the gateways, to begin with
 * @param isWatched whether gateways say what leaks in them and what blocks
 * @param guests clients besides those whom all runs have
 * @param settings of the gateways besides those that all runs have
 */
record Cast(int gateways, boolean isRedisCluster, boolean hasStandby, Version version, boolean isWatched,
		List<Wanted> guests, Map<String, String> settings) {

	/** Two gateways and nobody else. */
	static Cast of(boolean isRedisCluster, Version version) {
		return new Cast(2, isRedisCluster, false, version, false, List.of(), Map.of());
	}

	/** The same, watched or not. */
	Cast watched(boolean watched) {
		return new Cast(this.gateways, this.isRedisCluster, this.hasStandby, this.version, watched, this.guests,
				this.settings);
	}

}
