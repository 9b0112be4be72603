package io.tallygate.metering;

import java.time.Duration;
import java.util.Set;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Who lives, and what the dead left open, in PostgreSQL: the port behind which both can
 * be simulated.
 */
interface Instances {

	/** Registers a new instance for {@code lease}. */
	Mono<Void> register(String instance, Duration lease);

	/**
	 * Renews a lease that has not lapsed; {@code false} when it has, and is not renewed.
	 */
	Mono<Boolean> renew(String instance, Duration lease);

	/** Every instance whose lease holds. */
	Mono<Set<String>> alive();

	/** Gives up a lease. */
	Mono<Void> release(String instance);

	/** Marks an exchange open in PostgreSQL, where Redis cannot. */
	Mono<Void> open(Counters.Mark mark);

	/** Every exchange marked open in PostgreSQL. */
	Flux<Counters.Mark> opened();

	/** Removes marks in PostgreSQL. */
	Mono<Void> strike(Set<String> requests);

	/**
	 * Lists an exchange whose end nobody saw, unless it stands in the ledger;
	 * {@code true} when it was new.
	 */
	Mono<Boolean> orphan(Counters.Mark mark);

}
