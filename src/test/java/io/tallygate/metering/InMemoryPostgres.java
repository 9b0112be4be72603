package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The ledger, its accounts and the instances' leases, in memory. */
final class InMemoryPostgres {

	private final InstantSource clock;

	final Map<AccountKey, Account> accounts = new HashMap<>();

	final Map<String, Fold.Line> lines = new TreeMap<>();

	final Map<String, Counters.Mark> opened = new TreeMap<>();

	final Map<String, Counters.Mark> orphans = new TreeMap<>();

	private final Map<String, Instant> leases = new HashMap<>();

	InMemoryPostgres(InstantSource clock) {
		this.clock = clock;
	}

	/** The ledger as one instance reaches it. */
	Ledger ledger(Wire wire) {
		return new Ledger() {

			@Override
			public Mono<List<Posted>> append(List<Entry> entries) {
				return wire.call(() -> InMemoryPostgres.this.append(entries));
			}

			@Override
			public Mono<Void> setAside(Entry entry, String error) {
				return Mono.error(new AssertionError("Nothing is poison here: " + entry));
			}

		};
	}

	private List<Ledger.Posted> append(List<Entry> entries) {
		Map<String, Entry> fresh = new LinkedHashMap<>();
		entries.stream()
			.filter((entry) -> !this.lines.containsKey(entry.request().value()))
			.forEach((entry) -> fresh.putIfAbsent(entry.request().value(), entry));
		Fold fold = Fold.of(this.accounts, fresh.values());
		this.accounts.putAll(fold.accounts());
		Map<String, Fold.Line> written = fold.lines()
			.stream()
			.collect(Collectors.toMap((line) -> line.entry().request().value(), (line) -> line));
		this.lines.putAll(written);
		return entries.stream().map((entry) -> {
			String request = entry.request().value();
			this.opened.remove(request);
			this.orphans.remove(request);
			Account account = this.accounts.get(entry.account());
			Fold.Line line = written.remove(request);
			return (line != null) ? new Ledger.Posted(entry, true, line.totalBefore(), line.totalAfter(), account)
					: new Ledger.Posted(entry, false, 0, 0, account);
		}).toList();
	}

	/** The leases and open rows as one instance reaches them. */
	Instances instances(Wire wire) {
		return new Instances() {

			@Override
			public Mono<Void> register(String instance, Duration lease) {
				return wire.call(() -> InMemoryPostgres.this.leases.put(instance, until(lease))).then();
			}

			@Override
			public Mono<Boolean> renew(String instance, Duration lease) {
				return wire
					.call(() -> InMemoryPostgres.this.leases.computeIfPresent(instance,
							(id, until) -> now().isBefore(until) ? until(lease) : until))
					.map((until) -> now().isBefore(until));
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
			public Mono<Void> open(Counters.Mark mark) {
				return wire.call(() -> {
					InMemoryPostgres.this.opened.put(mark.request(), mark);
					return mark;
				}).then();
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
			public Mono<Boolean> orphan(Counters.Mark mark) {
				return wire.call(() -> !InMemoryPostgres.this.lines.containsKey(mark.request())
						&& InMemoryPostgres.this.orphans.putIfAbsent(mark.request(), mark) == null);
			}

		};
	}

	private Instant now() {
		return this.clock.instant();
	}

	private Instant until(Duration lease) {
		return now().plus(lease);
	}

}
