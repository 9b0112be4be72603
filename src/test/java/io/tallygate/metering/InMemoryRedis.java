package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

import io.tallygate.simulation.Bug;
import io.tallygate.simulation.Wire;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** What {@code redis/exchange.lua} and {@code redis/generation.lua} do, in memory. */
public final class InMemoryRedis {

	private static final Duration CLOSED = Duration.ofMinutes(5);

	private static final Duration KEPT = Duration.ofMinutes(10);

	private final InstantSource clock;

	private final Bug bug;

	private final List<Runnable> listeners = new ArrayList<>();

	private final Set<String> acknowledged = new HashSet<>();

	/** Whether or not it was forgotten since. */
	private final Set<String> everAcknowledged = new HashSet<>();

	private final Set<String> countedAgain = new HashSet<>();

	private final Set<String> setBack = new HashSet<>();

	private final List<InMemoryLimits.Admitted> admitted = new ArrayList<>();

	private Held held;

	private int servers = 1;

	/** An account as Redis knows it. */
	record Total(@Nullable Long base, long version, long pending) {
	}

	private record Kept(String line, Instant at) {
	}

	/** What one server holds. */
	private static final class Held {

		private final String server;

		private final Map<String, Counters.Mark> open = new TreeMap<>();

		private final Map<String, Entry> pending = new TreeMap<>();

		private final Map<String, Instant> closed = new HashMap<>();

		private final Map<AccountKey, Total> totals = new HashMap<>();

		private final InMemoryLimits limits;

		private final Map<String, Kept> kept = new LinkedHashMap<>();

		private final Map<String, Witness.Remembered> writers = new HashMap<>();

		private @Nullable String generation;

		private @Nullable String begunBy;

		Held(String server, InMemoryLimits limits) {
			this.server = server;
			this.limits = limits;
		}

		Held copy(String server) {
			Held copy = new Held(server, this.limits.copy());
			copy.open.putAll(this.open);
			copy.pending.putAll(this.pending);
			copy.closed.putAll(this.closed);
			copy.totals.putAll(this.totals);
			copy.kept.putAll(this.kept);
			copy.writers.putAll(this.writers);
			copy.generation = this.generation;
			copy.begunBy = this.begunBy;
			return copy;
		}

	}

	/** A Redis that tells the time of {@code clock}. */
	public InMemoryRedis(InstantSource clock, Bug bug) {
		this.clock = clock;
		this.bug = bug;
		this.held = empty("server 1");
	}

	private Held empty(String server) {
		return new Held(server, new InMemoryLimits(this.admitted, this.bug));
	}

	/** Loses everything, as by FLUSHALL. */
	public void flush() {
		this.held = empty(this.held.server);
		this.acknowledged.clear();
	}

	/**
	 * A replica stops following now; what is given back makes it the master, with what it
	 * has.
	 */
	public Runnable lagFromNow() {
		Held copy = this.held.copy("lagging");
		return () -> {
			this.held = copy.copy("server " + ++this.servers);
			this.acknowledged.clear();
			List.copyOf(this.listeners).forEach(Runnable::run);
		};
	}

	/**
	 * What is wrong at this instant, beside these accounts.
	 * @param mayBeAhead whether PostgreSQL has lost commits and nobody has noticed
	 */
	public List<String> faults(InMemoryAccounts accounts, boolean mayBeAhead) {
		List<String> faults = new ArrayList<>();
		this.countedAgain.forEach((request) -> faults.add(request + " was counted again"));
		this.setBack.forEach((account) -> faults.add(account + " was set back"));
		faults.addAll(this.held.limits.faults(this.held.open.values(), this.held.pending.values()));
		for (AccountKey account : mayBeAhead ? List.<AccountKey>of() : accounts.keys()) {
			Total total = total(account);
			if (total.version() > accounts.version(account)
					|| (total.version() == accounts.version(account) && total.base() != accounts.total(account))) {
				faults.add(account.text() + " is " + total + " in Redis, of " + accounts.total(account) + " at version "
						+ accounts.version(account));
			}
		}
		return faults;
	}

	/** What is not as it should be when nothing is under way. */
	public List<String> faultsAtRest(InMemoryAccounts accounts, InMemoryPostgres postgres) {
		List<String> faults = faults(accounts, false);
		faults.addAll(this.held.limits.faultsAtRest(postgres, this.held.generation, this.everAcknowledged));
		this.held.open.keySet().forEach((request) -> faults.add(request + " is marked open in Redis"));
		this.held.pending.keySet().forEach((request) -> faults.add(request + " is pending in Redis"));
		for (AccountKey account : accounts.keys()) {
			Total total = total(account);
			if (total.pending() != 0) {
				faults.add(account.text() + " has " + total.pending() + " pending in Redis");
			}
			if (total.base() != null && total.base() != accounts.total(account)) {
				faults.add(account.text() + " is " + total + " in Redis after all was compared, of "
						+ accounts.total(account));
			}
		}
		return faults;
	}

	/**
	 * Who was admitted although those who were admitted before have used as much as the
	 * cap, in the end.
	 */
	public List<String> admittedAboveTheirCap(InMemoryPostgres postgres) {
		Map<UsageKey, Long> used = new HashMap<>();
		List<String> above = new ArrayList<>();
		for (InMemoryLimits.Admitted admitted : this.admitted) {
			UsageKey usage = admitted.cap().usage();
			if (used.getOrDefault(usage, 0L) >= admitted.cap().hard()) {
				above.add(admitted.request() + " with " + used + " of " + admitted.cap());
			}
			Long quantity = postgres.countedIn(usage).get(admitted.request());
			if (quantity != null) {
				used.merge(usage, quantity, Long::sum);
			}
		}
		return above;
	}

	/** What an account's base should be, when it was acknowledged last of all. */
	public boolean agrees(InMemoryAccounts accounts, AccountKey account) {
		Total total = total(account);
		return total.base() != null && total.base() == accounts.total(account);
	}

	private Total total(AccountKey account) {
		return this.held.totals.getOrDefault(account, new Total(null, -1, 0));
	}

	/** Exchanges whose entry it keeps. */
	public Set<String> pending() {
		return this.held.pending.keySet();
	}

	/** Whether it keeps an entry that was acknowledged not long ago. */
	public boolean keeps(String request) {
		Kept kept = this.held.kept.get(request);
		return kept != null && isFresh(kept);
	}

	private boolean isFresh(Kept kept) {
		return kept.at().isAfter(this.clock.instant().minus(KEPT));
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
					Held held = InMemoryRedis.this.held;
					if (Objects.equals(seen.generation(), held.generation)) {
						held.generation = generation;
						held.begunBy = seen.server();
					}
					return InMemoryRedis.this.holding();
				});
			}

			@Override
			public Flux<Counters.Total> totals(List<AccountKey> accounts) {
				return wire
					.call(() -> accounts.stream()
						.filter(InMemoryRedis.this.held.totals::containsKey)
						.map((account) -> said(account, total(account)))
						.toList())
					.flatMapIterable((totals) -> totals);
			}

			private Counters.Total said(AccountKey account, InMemoryRedis.Total total) {
				return new Counters.Total(account, (total.base() != null) ? total.base() : 0,
						Math.max(0, total.version()), total.pending());
			}

			@Override
			public Flux<Mark> marks() {
				return wire.call(() -> List.copyOf(InMemoryRedis.this.held.open.values()))
					.flatMapIterable((marks) -> marks);
			}

			@Override
			public Flux<Pending> pending() {
				return wire
					.call(() -> InMemoryRedis.this.held.pending.values()
						.stream()
						.map((entry) -> new Pending(entry.request().value(), entry.encode()))
						.toList())
					.flatMapIterable((entries) -> entries);
			}

			@Override
			public Flux<String> kept() {
				return wire
					.call(() -> InMemoryRedis.this.held.kept.values()
						.stream()
						.filter(InMemoryRedis.this::isFresh)
						.map(Kept::line)
						.toList())
					.flatMapIterable((lines) -> lines);
			}

			@Override
			public Mono<Void> remember(Map<String, Witness.Remembered> writers) {
				return wire.call(() -> {
					InMemoryRedis.this.held.writers.putAll(writers);
					return true;
				}).then();
			}

			@Override
			public Mono<Void> forget(List<String> writers) {
				return wire.call(() -> InMemoryRedis.this.held.writers.keySet().removeAll(writers)).then();
			}

			@Override
			public Mono<Map<String, Witness.Remembered>> remembered() {
				return wire.call(() -> Map.copyOf(InMemoryRedis.this.held.writers));
			}

			@Override
			public void onChange(Runnable listener) {
				InMemoryRedis.this.listeners.add(() -> wire.event(listener));
			}

		};
	}

	private Counters.Holding holding() {
		return new Counters.Holding(this.held.server, this.held.generation, this.held.begunBy);
	}

	private Counters.Reply reply(String generation, Counters.Operation operation) {
		if (!generation.equals(this.held.generation)) {
			return new Counters.Reply(Counters.Result.OTHER_GENERATION, null, null);
		}
		if (operation instanceof Counters.Operation.Open opening) {
			return open(opening.mark(), opening.bounds());
		}
		if (operation instanceof Counters.Operation.Close closing) {
			return close(closing.entry());
		}
		if (operation instanceof Counters.Operation.Acknowledge known) {
			boolean isTold = this.bug != Bug.USE_TOLD_ONLY_WITH_PENDING_ENTRIES
					|| this.held.pending.containsKey(known.entry().request().value());
			this.held.limits.acknowledged(generation, isTold ? known.usage() : null);
			return acknowledge(known.entry(), known.base(), known.version());
		}
		if (operation instanceof Counters.Operation.Keep keep) {
			keep(keep.entry());
			return new Counters.Reply(Counters.Result.APPLIED, null, null);
		}
		if (operation instanceof Counters.Operation.Base known) {
			return base(known.account(), known.base(), known.version());
		}
		Counters.Mark struck = unmark(((Counters.Operation.Strike) operation).request());
		if (struck != null) {
			this.held.limits.struck(struck);
		}
		return new Counters.Reply((struck != null) ? Counters.Result.APPLIED : Counters.Result.KNOWN, null, null);
	}

	private Counters.Reply base(AccountKey account, long base, long version) {
		Total held = this.held.totals.get(account);
		if (held == null || version < held.version()) {
			return new Counters.Reply(Counters.Result.KNOWN, null, null);
		}
		this.held.totals.put(account, new Total(base, version, held.pending()));
		return (version > held.version()) ? new Counters.Reply(Counters.Result.APPLIED, base, null)
				: new Counters.Reply(Counters.Result.KNOWN, held.base(), null);
	}

	private Counters.Reply open(Counters.Mark mark, Counters.@Nullable Bounds bounds) {
		if (isClosed(mark.request())) {
			return new Counters.Reply(Counters.Result.KNOWN, null, null);
		}
		boolean isMarked = this.held.open.containsKey(mark.request());
		Counters.Reply refusal = (bounds == null || isMarked) ? null
				: this.held.limits.admit(String.valueOf(this.held.generation), mark, bounds, this.clock.instant(),
						this.held.open.values(), this.held.pending.values());
		if (refusal != null) {
			return refusal;
		}
		this.held.open.put(mark.request(), mark);
		if (!isMarked || this.bug == Bug.MARKED_AGAIN_AND_RESERVED_AGAIN) {
			this.held.limits.marked(mark);
		}
		return new Counters.Reply(Counters.Result.APPLIED, null, null);
	}

	private Counters.@Nullable Mark unmark(String request) {
		Counters.Mark mark = this.held.open.remove(request);
		if (mark != null) {
			this.held.limits.unmarked(mark);
		}
		return mark;
	}

	private Counters.Reply close(Entry entry) {
		String request = entry.request().value();
		boolean isKnown = isClosed(request) || this.held.pending.containsKey(request);
		if (this.bug == Bug.CLOSE_GUARDED_BY_THE_OPEN_MARK) {
			isKnown = !this.held.open.containsKey(request);
		}
		if (isKnown) {
			if (this.bug == Bug.INCRBY_BEFORE_THE_GUARD) {
				raise(entry.account(), entry.quantity());
			}
			return told(Counters.Result.KNOWN, entry.account());
		}
		if (this.acknowledged.contains(request)) {
			this.countedAgain.add(request);
		}
		raise(entry.account(), entry.quantity());
		this.held.pending.put(request, entry);
		this.held.limits.pending(entry, entry.quantity());
		boolean marked = unmark(request) != null;
		markClosed(request);
		return told(marked ? Counters.Result.APPLIED : Counters.Result.APPLIED_WITHOUT_MARK, entry.account());
	}

	private Counters.Reply acknowledge(Entry entry, long base, long version) {
		String request = entry.request().value();
		Entry held = this.held.pending.remove(request);
		this.acknowledged.add(request);
		this.everAcknowledged.add(request);
		if (held != null || this.bug == Bug.ACKNOWLEDGED_TWICE) {
			raise(entry.account(), -entry.quantity());
		}
		if (held != null) {
			this.held.limits.pending(held, -held.quantity());
			keep(held);
		}
		Total total = total(entry.account());
		if (version > total.version() || this.bug == Bug.BASE_WITHOUT_ITS_VERSION) {
			if (version < total.version()) {
				this.setBack.add(entry.account().text());
			}
			this.held.totals.put(entry.account(), new Total(base, version, total.pending()));
		}
		if (this.bug == Bug.RESERVATION_LEFT_BY_AN_ACKNOWLEDGEMENT) {
			this.held.open.remove(request);
		}
		unmark(request);
		markClosed(request);
		return told((held != null) ? Counters.Result.APPLIED : Counters.Result.KNOWN, entry.account());
	}

	private void keep(Entry entry) {
		this.held.kept.put(entry.request().value(), new Kept(entry.encode(), this.clock.instant()));
	}

	private Counters.Reply told(Counters.Result result, AccountKey account) {
		Total total = total(account);
		return new Counters.Reply(result, (total.base() != null) ? total.base() + total.pending() : null, null);
	}

	private void raise(AccountKey account, long quantity) {
		Total total = total(account);
		this.held.totals.put(account, new Total(total.base(), total.version(), total.pending() + quantity));
	}

	private boolean isClosed(String request) {
		Instant until = this.held.closed.get(request);
		return until != null && this.clock.instant().isBefore(until);
	}

	private void markClosed(String request) {
		if (this.bug == Bug.NO_CLOSED_MARKER) {
			return;
		}
		this.held.closed.put(request, this.clock.instant().plus(CLOSED));
	}

}
