package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What {@code redis/exchange.lua} and {@code redis/generation.lua} do, in memory. */
final class InMemoryRedis {

	private static final Duration CLOSED = Duration.ofMinutes(5);

	private final InstantSource clock;

	private final Map<String, Counters.Mark> open = new TreeMap<>();

	private final Map<String, Entry> pending = new TreeMap<>();

	private final Map<String, Instant> closed = new HashMap<>();

	private final Map<AccountKey, Total> totals = new HashMap<>();

	private final Set<String> acknowledged = new HashSet<>();

	private final Set<String> countedAgain = new HashSet<>();

	private @Nullable String generation;

	/** An account as Redis knows it. */
	record Total(@Nullable Long base, long version, long pending) {
	}

	InMemoryRedis(InstantSource clock) {
		this.clock = clock;
	}

	/** Loses everything. */
	void flush() {
		this.open.clear();
		this.pending.clear();
		this.closed.clear();
		this.totals.clear();
		this.acknowledged.clear();
		this.generation = null;
	}

	Total total(AccountKey account) {
		return this.totals.getOrDefault(account, new Total(null, -1, 0));
	}

	Set<String> open() {
		return this.open.keySet();
	}

	Set<String> pending() {
		return this.pending.keySet();
	}

	/** What was counted again after PostgreSQL's total, which has it, was known here. */
	Set<String> countedAgain() {
		return this.countedAgain;
	}

	/** As one instance reaches it. */
	Counters over(Wire wire) {
		return new Counters() {

			@Override
			public Mono<Replies> run(String generation, List<Operation> operations) {
				return wire.call(() -> new Replies(InMemoryRedis.this.clock.instant(),
						operations.stream().map((operation) -> reply(generation, operation)).toList()));
			}

			@Override
			public Mono<Holding> holding() {
				return wire.call(InMemoryRedis.this::holding);
			}

			@Override
			public Mono<Holding> begin(String generation, Holding seen) {
				return wire.call(() -> {
					if (Objects.equals(seen.generation(), InMemoryRedis.this.generation)) {
						InMemoryRedis.this.generation = generation;
					}
					return InMemoryRedis.this.holding();
				});
			}

			@Override
			public Flux<Mark> marks() {
				return wire.call(() -> List.copyOf(InMemoryRedis.this.open.values())).flatMapIterable((marks) -> marks);
			}

			@Override
			public Flux<Pending> pending() {
				return wire
					.call(() -> InMemoryRedis.this.pending.values()
						.stream()
						.map((entry) -> new Pending(entry.request().value(), entry.encode()))
						.toList())
					.flatMapIterable((entries) -> entries);
			}

			@Override
			public void onChange(Runnable listener) {
				// Connections neither come nor go here: their calls are lost instead.
			}

		};
	}

	private Counters.Holding holding() {
		return new Counters.Holding("server", this.generation, (this.generation != null) ? "server" : null);
	}

	private Counters.Reply reply(String generation, Counters.Operation operation) {
		if (!generation.equals(this.generation)) {
			return new Counters.Reply(Counters.Result.OTHER_GENERATION, null, null);
		}
		if (operation instanceof Counters.Operation.Open opening) {
			return open(opening.mark());
		}
		if (operation instanceof Counters.Operation.Close closing) {
			return close(closing.entry());
		}
		if (operation instanceof Counters.Operation.Acknowledge known) {
			return acknowledge(known.entry(), known.base(), known.version());
		}
		Counters.Operation.Strike strike = (Counters.Operation.Strike) operation;
		boolean was = this.open.remove(strike.request()) != null;
		return new Counters.Reply(was ? Counters.Result.APPLIED : Counters.Result.KNOWN, null, null);
	}

	private Counters.Reply open(Counters.Mark mark) {
		if (isClosed(mark.request())) {
			return new Counters.Reply(Counters.Result.KNOWN, null, null);
		}
		this.open.put(mark.request(), mark);
		return new Counters.Reply(Counters.Result.APPLIED, null, null);
	}

	private Counters.Reply close(Entry entry) {
		String request = entry.request().value();
		if (isClosed(request) || this.pending.containsKey(request)) {
			return told(Counters.Result.KNOWN, entry.account());
		}
		if (this.acknowledged.contains(request)) {
			this.countedAgain.add(request);
		}
		raise(entry.account(), entry.quantity());
		this.pending.put(request, entry);
		boolean marked = this.open.remove(request) != null;
		markClosed(request);
		return told(marked ? Counters.Result.APPLIED : Counters.Result.APPLIED_WITHOUT_MARK, entry.account());
	}

	private Counters.Reply acknowledge(Entry entry, long base, long version) {
		String request = entry.request().value();
		Entry held = this.pending.remove(request);
		this.acknowledged.add(request);
		if (held != null) {
			raise(held.account(), -held.quantity());
		}
		Total total = total(entry.account());
		if (version > total.version()) {
			this.totals.put(entry.account(), new Total(base, version, total.pending()));
		}
		this.open.remove(request);
		markClosed(request);
		return told((held != null) ? Counters.Result.APPLIED : Counters.Result.KNOWN, entry.account());
	}

	private Counters.Reply told(Counters.Result result, AccountKey account) {
		Total total = total(account);
		return new Counters.Reply(result, (total.base() != null) ? total.base() + total.pending() : null, null);
	}

	private void raise(AccountKey account, long quantity) {
		Total total = total(account);
		this.totals.put(account, new Total(total.base(), total.version(), total.pending() + quantity));
	}

	private boolean isClosed(String request) {
		Instant until = this.closed.get(request);
		return until != null && this.clock.instant().isBefore(until);
	}

	private void markClosed(String request) {
		this.closed.put(request, this.clock.instant().plus(CLOSED));
	}

}
