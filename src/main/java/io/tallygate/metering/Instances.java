package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.util.Set;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Who lives, and what the dead left open, in PostgreSQL: the port behind which both can
 * be simulated.
 */
interface Instances {

	/** Registers a new instance for {@code lease}; answers PostgreSQL's time. */
	Mono<Instant> register(String instance, Duration lease);

	/**
	 * Renews a lease that has not lapsed and answers PostgreSQL's time; empty when it has
	 * lapsed, and is not renewed.
	 */
	Mono<Instant> renew(String instance, Duration lease);

	/** Every instance whose lease holds. */
	Mono<Set<String>> alive();

	/** Gives up a lease. */
	Mono<Void> release(String instance);

	/**
	 * Marks an exchange open in PostgreSQL, where Redis cannot; answers PostgreSQL's
	 * time.
	 */
	Mono<Instant> open(Counters.Mark mark);

	/** Every exchange marked open in PostgreSQL. */
	Flux<Counters.Mark> opened();

	/** Removes marks in PostgreSQL. */
	Mono<Void> strike(Set<String> requests);

	/**
	 * Removes marks of exchanges that were never relayed, and takes them off the list of
	 * orphans.
	 */
	Mono<Void> takeBack(Set<String> requests);

	/**
	 * Lists an exchange whose end nobody saw, unless it stands in the ledger;
	 * {@code true} when it was new.
	 */
	Mono<Boolean> orphan(Counters.Mark mark);

}
