package io.tallygate.metering;

import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.tallygate.simulation.Tables;
import io.tallygate.simulation.Wire;

/**
 * The tables {@code account} and {@code bucket} in memory, which the ledger raises and
 * the outbox cuts.
 */
public final class InMemoryAccounts {

	final Map<AccountKey, Account> accounts;

	private final Map<AccountKey, Map<Instant, Owed>> buckets;

	/** Over these tables. */
	public InMemoryAccounts(Tables tables) {
		this.accounts = tables.table("account");
		this.buckets = tables.table("bucket");
	}

	/**
	 * What an account owes for one hour.
	 *
	 * @param hour when it begins
	 * @param crossed units completed in it
	 * @param cut of these, how many stand in meter events
	 * @param lastCrossingAt when the last of them was completed
	 */
	public record Owed(Instant hour, long crossed, long cut, Instant lastCrossingAt) {
	}

	/** A new account of nothing. */
	public void open(AccountKey key, long divisor) {
		this.accounts.put(key, new Account(key, divisor, 0, 0, 0, 0));
	}

	/** What a fold leaves behind. */
	void raise(Collection<Account> raised, Map<Fold.BucketKey, Fold.Credit> credits) {
		raised.forEach((account) -> this.accounts.put(account.key(), account));
		credits.forEach(
				(bucket, credit) -> credit(bucket.account(), bucket.hour(), credit.units(), credit.lastCrossingAt()));
	}

	/** Completes units as if a fold had done so. */
	public void cross(AccountKey key, long units, Instant at) {
		Account account = this.accounts.get(key);
		this.accounts.put(key, account.plus(units * account.divisor()).raised());
		credit(key, at.truncatedTo(java.time.temporal.ChronoUnit.HOURS), units, at);
	}

	void credit(AccountKey key, Instant hour, long units, Instant at) {
		Map<Instant, Owed> hours = new TreeMap<>(this.buckets.getOrDefault(key, Map.of()));
		hours.merge(hour, new Owed(hour, units, 0, at), (bucket, added) -> new Owed(hour, bucket.crossed() + units,
				bucket.cut(), at.isAfter(bucket.lastCrossingAt()) ? at : bucket.lastCrossingAt()));
		this.buckets.put(key, hours);
	}

	/** As one process reads them. */
	Accounts over(Wire wire) {
		return (after, limit) -> wire
			.call(() -> this.accounts.values()
				.stream()
				.filter((account) -> after == null || account.key().compareTo(after) > 0)
				.sorted(Comparator.comparing(Account::key))
				.limit(limit)
				.toList())
			.flatMapIterable((accounts) -> accounts);
	}

	/** Units completed. */
	public long crossed(AccountKey key) {
		return this.accounts.get(key).crossed();
	}

	/** Units that stand in meter events. */
	public long cut(AccountKey key) {
		return this.accounts.get(key).cut();
	}

	/** Thousandths that make a unit. */
	public long divisor(AccountKey key) {
		return this.accounts.get(key).divisor();
	}

	/** All thousandths. */
	public long total(AccountKey key) {
		return this.accounts.get(key).total();
	}

	/** How often it was raised or cut. */
	long version(AccountKey key) {
		return this.accounts.get(key).version();
	}

	/** Every account's version goes on from above all that was seen. */
	void jump() {
		this.accounts.replaceAll(
				(key, a) -> new Account(key, a.divisor(), a.total(), a.crossed(), a.cut(), a.version() + (1L << 40)));
	}

	/** Every account. */
	public List<AccountKey> keys() {
		return this.accounts.keySet().stream().sorted().toList();
	}

	/** Its hours, the oldest first. */
	public List<Owed> owed(AccountKey key) {
		return List.copyOf(this.buckets.getOrDefault(key, Map.of()).values());
	}

	/**
	 * Raises the account's cut from {@code from} by {@code value}, and that of the hour
	 * to {@code hourTo}.
	 */
	public void raiseCut(AccountKey key, long from, long value, Instant hour, long hourTo) {
		Account a = this.accounts.get(key);
		if (a.cut() != from || from + value > a.crossed()) {
			throw new IllegalStateException("Cut " + from + " + " + value + " of " + a);
		}
		this.accounts.put(key, new Account(key, a.divisor(), a.total(), a.crossed(), from + value, a.version() + 1));
		Map<Instant, Owed> hours = new TreeMap<>(this.buckets.get(key));
		hours.computeIfPresent(hour, (at, bucket) -> new Owed(at, bucket.crossed(), hourTo, bucket.lastCrossingAt()));
		this.buckets.put(key, hours);
	}

}
