package io.tallygate.metering;

import java.util.List;

import reactor.core.publisher.Mono;

/**
 * The ledger and its accounts in PostgreSQL: the port behind which they can be simulated.
 */
interface Ledger {

	/**
	 * Writes the entries that do not stand there yet and folds them into their accounts,
	 * in one transaction; answers for each entry, new or not. Repeating it changes
	 * nothing. Cancelling does not stop it.
	 * @throws PoisonEntry (as the Mono's error) when the batch holds something that can
	 * never be written
	 */
	Mono<List<Posted>> append(List<Entry> entries);

	/** Keeps an entry that {@link #append} refuses, as it is, for a person to look at. */
	Mono<Void> setAside(Entry entry, String error);

	/**
	 * What became of an entry.
	 *
	 * @param entry the entry
	 * @param fresh whether it was written now, and not before
	 * @param totalBefore the account's total before it, in thousandths; 0 when not fresh
	 * @param totalAfter the account's total with it, in thousandths; 0 when not fresh
	 * @param account its account after the fold
	 */
	record Posted(Entry entry, boolean fresh, long totalBefore, long totalAfter, Account account) {

		/** An entry that was set aside: it changes no account. */
		static Posted refused(Entry entry) {
			return new Posted(entry, false, 0, 0, new Account(entry.account(), 1, 0, 0, 0, -1));
		}

		/** Whether it stands in the ledger. */
		boolean isWritten() {
			return this.account.version() >= 0;
		}

	}

	/**
	 * The batch holds an entry that the ledger refuses for itself; another try cannot
	 * help.
	 */
	final class PoisonEntry extends RuntimeException {

		private static final long serialVersionUID = 1L;

		PoisonEntry(String message, Throwable cause) {
			super(message, cause);
		}

	}

}
