package io.tallygate.bench;

import java.util.List;

/**
 * What is measured.
 *
 * @param name in tables
 * @param port where it listens
 * @param key what it takes as a channel key; others take any
 * @param process its own, 0 for the mock provider itself
 * @param redis the process of its Redis, if it has one
 * @param postgres the process of its PostgreSQL, if it has one
 */
record Target(String name, int port, String key, long process, List<Long> redis, List<Long> postgres) {

	static final String DIRECT = "direct";

	static final String NGINX = "nginx";

	static final String PLAIN = "plain Spring Cloud Gateway";

	static final String TALLYGATE = "Tallygate";

	static final String UNMETERED = "Tallygate, metering off";

	static final String LEDGER = "Tallygate, close-durability ledger";

	Target {
		redis = List.copyOf(redis);
		postgres = List.copyOf(postgres);
	}

	/** One without stores. */
	static Target of(String name, int port, long process) {
		return new Target(name, port, "none", process, List.of(), List.of());
	}

	/** The same for another client. */
	Target with(String otherName, String otherKey) {
		return new Target(otherName, this.port, otherKey, this.process, this.redis, this.postgres);
	}

	boolean isJvm() {
		return this.process != 0 && !this.name.equals(NGINX);
	}

}
