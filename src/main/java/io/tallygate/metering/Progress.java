package io.tallygate.metering;

import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;

import reactor.core.publisher.Mono;

/**
 * How far the writers of money have come in PostgreSQL, and what is done when it turns
 * out to have lost commits: the port behind which both can be simulated.
 */
interface Progress {

	/** Of these writers, those that PostgreSQL knows. */
	Mono<Map<String, Reached>> reached(Collection<String> writers);

	/**
	 * Writes down that commits were lost, or widens a loss that is still being mended.
	 * The writers go on from where they had come to, and accounts count their versions
	 * from above all that was seen before.
	 */
	Mono<Void> openRollback(String foundBy, Instant lostSince, Map<String, Long> versions, String lost);

	/**
	 * Dates these writers' last commits anew, as far as PostgreSQL remembers them: it has
	 * lost nothing until now.
	 */
	Mono<Void> confirm(Map<String, Long> versions);

	/**
	 * The writers of whom nothing was heard for so long that Stripe takes nothing of that
	 * time any more.
	 */
	Mono<List<String>> ended();

	/** Knows no more of these. */
	Mono<Void> forget(List<String> writers);

	/** Whether a loss was written down whose entries are not restored yet. */
	Mono<Boolean> wantsEntries();

	/** All entries that Redis still had were offered to the ledger again. */
	Mono<Void> entriesRestored(long entries);

	/**
	 * How far a writer has come.
	 *
	 * @param version its last commit's
	 * @param at when that was
	 */
	record Reached(long version, Instant at) {
	}

}
