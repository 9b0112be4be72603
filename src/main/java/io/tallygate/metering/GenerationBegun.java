package io.tallygate.metering;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

import io.tallygate.metering.Counters.Holding;
import io.tallygate.metering.Counters.Total;

/**
 * What Redis still said of the accounts when it was found to have lost something, beside
 * what the ledger says, in thousandths.
 *
 * @param server that was looked at
 * @param begunBy the server that had begun its generation, "" for none
 * @param accounts that were compared
 * @param unknown of these, how many Redis does not know
 * @param differences of those that it does, the largest first; of a sound Redis only what
 * other replicas have not written yet
 * @param unwritten entries that this replica holds and gives it again
 * @param unwrittenQuantity of these
 */
record GenerationBegun(String server, String begunBy, int accounts, int unknown, List<Difference> differences,
		int unwritten, long unwrittenQuantity) {

	/** Differences that are kept one by one; the sum is that of all. */
	static final int DIFFERENCES_MAX = 100;

	GenerationBegun {
		differences = List.copyOf(differences);
	}

	/**
	 * What Redis said of one account.
	 *
	 * @param account whose
	 * @param redis base and pending entries
	 * @param redisVersion of the base
	 * @param ledger all lines, and what this replica has not written
	 * @param ledgerVersion of the account
	 */
	record Difference(AccountKey account, long redis, long redisVersion, long ledger, long ledgerVersion) {

		/** Less than 0 where Redis lacks something. */
		long quantity() {
			return this.redis - this.ledger;
		}

		private String json() {
			return "{\"account\":\"" + this.account.text() + "\",\"difference\":" + quantity() + ",\"redis\":"
					+ this.redis + ",\"redis_version\":" + this.redisVersion + ",\"ledger\":" + this.ledger
					+ ",\"ledger_version\":" + this.ledgerVersion + "}";
		}

	}

	/** Holds what Redis says against these accounts and entries. */
	static GenerationBegun of(Holding seen, List<Account> accounts, List<Total> totals, Collection<Entry> unwritten) {
		Map<AccountKey, Total> inRedis = totals.stream().collect(Collectors.toMap(Total::account, (total) -> total));
		Map<AccountKey, Long> waiting = new HashMap<>();
		unwritten.forEach((entry) -> waiting.merge(entry.account(), entry.quantity(), Long::sum));
		List<Difference> differences = accounts.stream()
			.flatMap((account) -> Optional.ofNullable(inRedis.get(account.key()))
				.map((total) -> difference(account, total, waiting.getOrDefault(account.key(), 0L)))
				.stream())
			.filter((difference) -> difference.quantity() != 0)
			.sorted(Comparator.comparingLong((Difference difference) -> -Math.abs(difference.quantity()))
				.thenComparing(Difference::account))
			.toList();
		return new GenerationBegun(seen.server(), (seen.server0() != null) ? seen.server0() : "", accounts.size(),
				accounts.size() - inRedis.size(), differences, unwritten.size(),
				unwritten.stream().mapToLong(Entry::quantity).sum());
	}

	private static Difference difference(Account account, Total total, long waiting) {
		return new Difference(account.key(), total.base() + total.pending(), total.version(), account.total() + waiting,
				account.version());
	}

	/** Whether it is worth a person's while to know. */
	boolean isRemarkable() {
		return !this.differences.isEmpty() || this.unknown > 0 || this.unwritten > 0;
	}

	/** In plain words. */
	String reason() {
		String whose = this.begunBy.isEmpty() ? "Redis holds no counters, or not everywhere the same"
				: "Redis holds counters that " + this.begunBy + " began";
		return whose + "; of " + this.accounts + " accounts it does not know " + this.unknown + ", and "
				+ this.differences.size() + " differ from the ledger, by "
				+ this.differences.stream().mapToLong((each) -> Math.abs(each.quantity())).sum()
				+ " thousandths in all; " + this.unwritten + " entries of " + this.unwrittenQuantity
				+ " thousandths are not written and given to it again";
	}

	/** The largest differences. */
	String json() {
		return this.differences.stream()
			.limit(DIFFERENCES_MAX)
			.map(Difference::json)
			.collect(Collectors.joining(",", "[", "]"));
	}

}
