package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import io.tallygate.client.ChargePolicy;
import io.tallygate.client.Terms;
import io.tallygate.client.UsagePeriod;
import io.tallygate.simulation.Bug;
import io.tallygate.simulation.Tables;
import io.tallygate.simulation.Wire;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The ledger, its accounts, epochs and the instances' leases, in memory. */
public final class InMemoryPostgres {

	private final InstantSource clock;

	private final Bug bug;

	private final InMemoryAccounts accounts;

	/** Exchange lines by request. */
	private final Map<String, Fold.Line> lines;

	/** Quantities of the lines that carry, round up or drop, by number. */
	private final Map<Integer, Correction> corrections;

	private final Map<String, Counters.Mark> opened;

	private final Map<String, Counters.Mark> orphans;

	private final Map<String, Instant> leases;

	private final Map<AccountKey, Epoch> epochs;

	private final Map<UsageKey, PeriodUsage> usage;

	private final Map<Integer, GenerationBegun> generations;

	/** Over these tables. */
	public InMemoryPostgres(InstantSource clock, Tables tables, Bug bug) {
		this.clock = clock;
		this.bug = bug;
		this.accounts = new InMemoryAccounts(tables);
		this.lines = tables.table("ledger");
		this.corrections = tables.table("correction");
		this.opened = tables.table("open_exchange");
		this.orphans = tables.table("orphan");
		this.leases = tables.table("instance_lease");
		this.epochs = tables.table("epoch");
		this.usage = tables.table("usage_period");
		this.generations = tables.table("counter_generation");
	}

	/** A line that is no exchange. */
	private record Correction(AccountKey account, Remainder.Kind kind, long quantity) {
	}

	private record Epoch(ChargePolicy policy, boolean roundsUp, boolean superseded, boolean closed) {
	}

	/** Opens an epoch with its account, and supersedes the one before. */
	public void open(Terms terms, boolean roundsUp) {
		AccountKey key = new AccountKey(terms.client(), terms.epoch());
		this.epochs.put(key, new Epoch(terms.policy(), roundsUp, false, false));
		this.accounts.open(key, terms.policy().divisor());
		this.epochs.computeIfPresent(new AccountKey(terms.client(), terms.epoch() - 1),
				(before, epoch) -> new Epoch(epoch.policy(), epoch.roundsUp(), true, epoch.closed()));
	}

	/** What each exchange in the ledger added, in thousandths. */
	public Map<String, Long> counted() {
		return this.lines.values()
			.stream()
			.collect(Collectors.toMap((line) -> line.entry().request().value(), (line) -> line.entry().quantity()));
	}

	/** Exchanges whose end nobody saw. */
	public Set<String> orphans() {
		return this.orphans.keySet();
	}

	/** Exchanges that are marked open here. */
	public Set<String> open() {
		return this.opened.keySet();
	}

	/** What is wrong with ledger and accounts at this instant. */
	public List<String> faults() {
		List<String> faults = new ArrayList<>(faultsOfAccounts());
		faults.addAll(faultsOfPeriods());
		this.orphans.keySet()
			.stream()
			.filter(this.lines::containsKey)
			.forEach((request) -> faults.add(request + " is in the ledger and an orphan"));
		long carried = this.corrections.values()
			.stream()
			.filter((line) -> line.kind() == Remainder.Kind.CARRY)
			.mapToLong(Correction::quantity)
			.sum();
		if (carried != 0) {
			faults.add(carried + " were carried from one epoch and not to the next");
		}
		return faults;
	}

	private List<String> faultsOfPeriods() {
		Map<UsageKey, Long> sums = this.lines.values()
			.stream()
			.map(Fold.Line::entry)
			.collect(
					Collectors.groupingBy(
							(entry) -> new UsageKey(entry.account().client(), entry.chargeBy(),
									UsagePeriod.monthOf(entry.occurredAt()).start()),
							Collectors.summingLong(Entry::quantity)));
		Map<UsageKey, Long> used = this.usage.values()
			.stream()
			.collect(Collectors.toMap(PeriodUsage::key, PeriodUsage::quantity));
		return sums.equals(used) ? List.of() : List.of("used are " + used + " of lines of " + sums);
	}

	/** The exchanges that a client was charged for in a period, in thousandths each. */
	Map<String, Long> countedIn(UsageKey key) {
		return this.lines.values()
			.stream()
			.map(Fold.Line::entry)
			.filter((entry) -> entry.usage().equals(key))
			.collect(Collectors.toMap((entry) -> entry.request().value(), Entry::quantity));
	}

	/** What was used of a period. */
	PeriodUsage used(UsageKey key) {
		return this.usage.getOrDefault(key, PeriodUsage.nothingYet(key));
	}

	private void raisePeriods(List<Fold.Line> lines) {
		lines.stream()
			.collect(Collectors.groupingBy((line) -> line.entry().usage(),
					Collectors.summingLong((line) -> line.entry().quantity())))
			.forEach((key, quantity) -> {
				PeriodUsage before = this.usage.get(key);
				this.usage.put(key,
						(before != null) ? new PeriodUsage(key, before.quantity() + quantity, before.version() + 1)
								: new PeriodUsage(key, quantity, now().toEpochMilli()));
			});
	}

	private List<String> faultsOfAccounts() {
		return this.accounts.accounts.values()
			.stream()
			.filter((account) -> account.total() != sum(account.key())
					|| account.crossed() != Math.floorDiv(account.total(), account.divisor())
					|| account.cut() > account.crossed() || account.crossed() != creditedTo(account.key()))
			.map((account) -> account + " has lines of " + sum(account.key()) + " and buckets of "
					+ creditedTo(account.key()))
			.toList();
	}

	private long creditedTo(AccountKey key) {
		return this.accounts.owed(key).stream().mapToLong(InMemoryAccounts.Owed::crossed).sum();
	}

	/** The sum of an account's lines. */
	private long sum(AccountKey key) {
		return this.lines.values()
			.stream()
			.filter((line) -> line.entry().account().equals(key))
			.mapToLong((line) -> line.entry().quantity())
			.sum()
				+ this.corrections.values()
					.stream()
					.filter((line) -> line.account().equals(key))
					.mapToLong(Correction::quantity)
					.sum();
	}

	/** The ledger as one instance reaches it. */
	Ledger ledger(Wire wire, InMemoryProgress progress, Witness witness, String writer) {
		return new Ledger() {

			@Override
			public Mono<List<Posted>> append(List<Entry> entries) {
				return progress.transactional(witness, writer, wire, () -> InMemoryPostgres.this.append(entries));
			}

			@Override
			public Mono<PeriodUsage> used(UsageKey key) {
				return wire.call(() -> InMemoryPostgres.this.used(key));
			}

			@Override
			public Mono<Void> setAside(Entry entry, String error) {
				return Mono.error(new AssertionError("Nothing is poison here: " + entry));
			}

		};
	}

	/** The accounts, as one process reads them. */
	Accounts accounts(Wire wire) {
		return this.accounts.over(wire);
	}

	/** What Redis said before its generations, written down by one process. */
	Generations generations(Wire wire) {
		return (begun) -> wire.call(() -> this.generations.put(this.generations.size(), begun) == null).then();
	}

	private List<Ledger.Posted> append(List<Entry> entries) {
		Map<String, Entry> fresh = new LinkedHashMap<>();
		entries.stream()
			.filter((entry) -> !this.lines.containsKey(entry.request().value()))
			.forEach((entry) -> fresh.putIfAbsent(entry.request().value(), entry));
		Map<AccountKey, Account> locked = entries.stream()
			.map(Entry::account)
			.distinct()
			.collect(Collectors.toMap((key) -> key, this.accounts.accounts::get));
		Fold fold = Fold.of(locked, (this.bug == Bug.REPEATED_ENTRIES_ARE_FOLDED) ? entries : fresh.values());
		this.accounts.raise(fold.accounts().values(), fold.credits());
		Map<String, Fold.Line> written = fold.lines()
			.stream()
			.collect(Collectors.toMap((line) -> line.entry().request().value(), (line) -> line));
		this.lines.putAll(written);
		raisePeriods(fold.lines());
		return entries.stream().map((entry) -> {
			String request = entry.request().value();
			this.opened.remove(request);
			this.orphans.remove(request);
			Account account = fold.accounts().get(entry.account());
			Fold.Line line = written.remove(request);
			PeriodUsage used = used(entry.usage());
			return (line != null)
					? new Ledger.Posted(entry, true, line.totalBefore(), line.totalAfter(), account, used, false)
					: new Ledger.Posted(entry, false, 0, 0, account, used, false);
		}).toList();
	}

	/** The leases and open rows as one instance reaches them. */
	Instances instances(Wire wire) {
		return new Instances() {

			@Override
			public Mono<Instant> register(String instance, Duration lease) {
				return wire.call(() -> {
					InMemoryPostgres.this.leases.put(instance, until(lease));
					return now();
				});
			}

			@Override
			public Mono<Instant> renew(String instance, Duration lease) {
				return wire.call(() -> renewed(instance, lease) ? now() : null);
			}

			@Override
			public Mono<Set<String>> alive() {
				return wire.call(() -> InMemoryPostgres.this.leases.entrySet()
					.stream()
					.filter((lease) -> now().isBefore(lease.getValue()))
					.map(Map.Entry::getKey)
					.collect(Collectors.toSet()));
			}

			@Override
			public Mono<Void> release(String instance) {
				return wire.call(() -> InMemoryPostgres.this.leases.put(instance, now())).then();
			}

			@Override
			public Mono<Instant> open(Counters.Mark mark) {
				return wire.call(() -> {
					InMemoryPostgres.this.opened.put(mark.request(), mark);
					return now();
				});
			}

			@Override
			public Flux<Counters.Mark> opened() {
				return wire.call(() -> List.copyOf(InMemoryPostgres.this.opened.values()))
					.flatMapIterable((marks) -> marks);
			}

			@Override
			public Mono<Void> strike(Set<String> requests) {
				return wire.call(() -> InMemoryPostgres.this.opened.keySet().removeAll(requests)).then();
			}

			@Override
			public Mono<Void> takeBack(Set<String> requests) {
				return wire
					.call(() -> InMemoryPostgres.this.opened.keySet().removeAll(requests)
							| InMemoryPostgres.this.orphans.keySet().removeAll(requests))
					.then();
			}

			@Override
			public Mono<Boolean> orphan(Counters.Mark mark) {
				return wire.call(() -> (!InMemoryPostgres.this.lines.containsKey(mark.request())
						|| InMemoryPostgres.this.bug == Bug.ORPHAN_THOUGH_COUNTED)
						&& InMemoryPostgres.this.orphans.putIfAbsent(mark.request(), mark) == null);
			}

		};
	}

	private boolean renewed(String instance, Duration lease) {
		Instant until = this.leases.get(instance);
		boolean holds = until != null && now().isBefore(until);
		if (holds) {
			this.leases.put(instance, until(lease));
		}
		return holds;
	}

	/** The epochs that have ended, as one instance reaches them. */
	Epochs epochs(Wire wire) {
		return new Epochs() {

			@Override
			public Mono<List<AccountKey>> ended() {
				return wire.call(InMemoryPostgres.this::ended);
			}

			@Override
			public Mono<Set<AccountKey>> markedOpen(List<AccountKey> among) {
				return wire.call(() -> InMemoryPostgres.this.opened.values()
					.stream()
					.map(Counters.Mark::account)
					.filter(among::contains)
					.collect(Collectors.toSet()));
			}

			@Override
			public Mono<Void> close(AccountKey account) {
				return wire.call(() -> {
					InMemoryPostgres.this.close(account);
					return account;
				}).then();
			}

		};
	}

	private List<AccountKey> ended() {
		return this.epochs.entrySet().stream().filter((epoch) -> epoch.getValue().superseded()).filter((epoch) -> {
			Account account = this.accounts.accounts.get(epoch.getKey());
			return !epoch.getValue().closed() || Math.floorMod(account.total(), account.divisor()) != 0;
		}).map(Map.Entry::getKey).toList();
	}

	private void close(AccountKey key) {
		Epoch ended = this.epochs.get(key);
		AccountKey nextKey = new AccountKey(key.client(), key.epoch() + 1);
		Epoch next = this.epochs.get(nextKey);
		boolean carries = next != null && next.policy().chargeBy() == ended.policy().chargeBy()
				&& next.policy().divisor() == ended.policy().divisor()
				&& next.policy().weights().equals(ended.policy().weights());
		Remainder remainder = Remainder.of(this.accounts.accounts.get(key), carries,
				ended.roundsUp() && !ended.closed());
		correct(key, remainder.kind(), remainder.old());
		if (this.bug != Bug.REMAINDER_LOST_ON_THE_WAY) {
			correct(nextKey, remainder.kind(), remainder.next());
		}
		this.epochs.put(key, new Epoch(ended.policy(), ended.roundsUp(), true, true));
	}

	private void correct(AccountKey key, Remainder.Kind kind, long quantity) {
		if (quantity == 0) {
			return;
		}
		Account before = this.accounts.accounts.get(key);
		Account after = before.plus(quantity).raised();
		this.corrections.put(this.corrections.size() + 1, new Correction(key, kind, quantity));
		this.accounts.accounts.put(key, after);
		if (after.crossed() != before.crossed()) {
			this.accounts.credit(key, now().truncatedTo(ChronoUnit.HOURS), after.crossed() - before.crossed(), now());
		}
	}

	private Instant now() {
		return this.clock.instant();
	}

	private Instant until(Duration lease) {
		return now().plus(lease);
	}

}
