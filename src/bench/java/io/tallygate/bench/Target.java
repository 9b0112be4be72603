package io.tallygate.bench;

import java.util.List;

/**
 * What is measured.
 *
 * @param name in tables
 * @param port where it listens
 * @param key what it takes as a channel key; others take any
 * @param process its own, 0 for the mock provider itself
 * @param isJvm whether its live heap can be asked for
 * @param redis the process of its Redis, if it has one
 * @param postgres the process of its PostgreSQL, if it has one
 * @param headers more lines of each request's head, each with its end
 */
record Target(String name, int port, String key, long process, boolean isJvm, List<Long> redis, List<Long> postgres,
		String headers) {

	static final String DIRECT = "direct";

	static final String NGINX = "nginx";

	static final String PLAIN = "plain Spring Cloud Gateway";

	static final String PORTKEY = "Portkey";

	static final String TALLYGATE = "Tallygate";

	static final String UNMETERED = "Tallygate, metering off";

	/** Another build, as a former one, beside this. */
	static final String BEFORE = "Tallygate, before";

	static final String LEDGER = "Tallygate, close-durability ledger";

	Target {
		redis = List.copyOf(redis);
		postgres = List.copyOf(postgres);
	}

	/** One without stores that is no JVM. */
	static Target of(String name, int port, long process) {
		return new Target(name, port, "none", process, false, List.of(), List.of(), "");
	}

	/** A JVM. */
	static Target ofJvm(String name, Child child, List<Long> redis, List<Long> postgres) {
		return new Target(name, child.port(), "none", child.pid(), true, redis, postgres, "");
	}

	/** The same for another client. */
	Target with(String otherName, String otherKey) {
		return new Target(otherName, this.port, otherKey, this.process, this.isJvm, this.redis, this.postgres,
				this.headers);
	}

	/** The same with more in the head of each request. */
	Target withHeaders(String more) {
		return new Target(this.name, this.port, this.key, this.process, this.isJvm, this.redis, this.postgres, more);
	}

}
