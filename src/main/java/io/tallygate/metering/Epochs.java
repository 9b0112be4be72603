package io.tallygate.metering;

import java.util.List;
import java.util.Set;

import reactor.core.publisher.Mono;

/**
 * Epochs that were superseded, in PostgreSQL: the port behind which they can be
 * simulated.
 */
interface Epochs {

	/** Epochs that have ended and still hold a remainder, or were never closed. */
	Mono<List<AccountKey>> ended();

	/** The accounts among {@code accounts} that a mark in PostgreSQL names. */
	Mono<Set<AccountKey>> markedOpen(List<AccountKey> accounts);

	/**
	 * Closes an epoch once: its remainder is carried to the next one, rounded up or
	 * dropped.
	 */
	Mono<Void> close(AccountKey account);

}
