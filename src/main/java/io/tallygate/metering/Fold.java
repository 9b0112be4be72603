package io.tallygate.metering;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Turns new ledger entries into raised accounts:
 * <ol>
 * <li>entries are taken in the order in which they occurred, of equals in the order of
 * their ids;</li>
 * <li>each raises its account's total by its quantity;</li>
 * <li>the units that this completes are credited to the account's bucket of the hour in
 * which the entry occurred.</li>
 * </ol>
 * Pure: the caller holds the accounts locked and has left out entries that stand in the
 * ledger already.
 */
final class Fold {

	private final Map<AccountKey, Account> accounts;

	private final List<Line> lines = new ArrayList<>();

	private final Map<BucketKey, Credit> credits = new TreeMap<>();

	private Fold(Map<AccountKey, Account> accounts) {
		this.accounts = accounts;
	}

	/** An entry and the account's total around it. */
	record Line(Entry entry, long totalBefore, long totalAfter, long units) {
	}

	/** The hour of an account into which crossings fall. */
	record BucketKey(AccountKey account, Instant hour) implements Comparable<BucketKey> {

		@Override
		public int compareTo(BucketKey other) {
			int byAccount = this.account.compareTo(other.account);
			return (byAccount != 0) ? byAccount : this.hour.compareTo(other.hour);
		}

	}

	/** Units completed in a bucket, and when the last of them was. */
	record Credit(long units, Instant lastCrossingAt) {

		Credit plus(Credit other) {
			return new Credit(this.units + other.units,
					this.lastCrossingAt.isAfter(other.lastCrossingAt) ? this.lastCrossingAt : other.lastCrossingAt);
		}

	}

	/**
	 * Folds {@code fresh} into {@code accounts}, which hold every account that the
	 * entries name.
	 * @throws ArithmeticException if a total would leave the range of a long
	 */
	static Fold of(Map<AccountKey, Account> accounts, Collection<Entry> fresh) {
		Fold fold = new Fold(new LinkedHashMap<>(accounts));
		fresh.stream()
			.sorted(Comparator.comparing(Entry::occurredAt).thenComparing((entry) -> entry.request().value()))
			.forEach(fold::take);
		fold.lines.stream()
			.map((line) -> line.entry().account())
			.distinct()
			.forEach((key) -> fold.accounts.computeIfPresent(key, (k, account) -> account.raised()));
		return fold;
	}

	private void take(Entry entry) {
		Account before = this.accounts.get(entry.account());
		if (before == null) {
			throw new IllegalArgumentException("There is no account " + entry.account().text());
		}
		Account after = before.plus(entry.quantity());
		long units = after.crossed() - before.crossed();
		this.accounts.put(entry.account(), after);
		this.lines.add(new Line(entry, before.total(), after.total(), units));
		if (units > 0) {
			BucketKey bucket = new BucketKey(entry.account(), entry.occurredAt().truncatedTo(ChronoUnit.HOURS));
			this.credits.merge(bucket, new Credit(units, entry.occurredAt()), Credit::plus);
		}
	}

	/** Every account, raised or not. */
	Map<AccountKey, Account> accounts() {
		return this.accounts;
	}

	/** The new lines in the order in which they raised their accounts. */
	List<Line> lines() {
		return this.lines;
	}

	/** What is added to which bucket, in the order of accounts. */
	Map<BucketKey, Credit> credits() {
		return this.credits;
	}

}
