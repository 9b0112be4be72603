package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

import io.tallygate.core.ClientId;
import io.tallygate.metering.Counters.Bounds;
import io.tallygate.metering.Counters.Mark;
import io.tallygate.metering.Counters.Reply;
import io.tallygate.metering.Counters.Result;
import io.tallygate.metering.Counters.Standing;
import io.tallygate.simulation.Bug;
import org.jspecify.annotations.Nullable;

/** The part of {@code redis/exchange.lua} that knows of limits, in memory. */
final class InMemoryLimits {

	private static final Duration RECOUNT = Duration.ofSeconds(10);

	private final Map<ClientId, Cap> caps = new HashMap<>();

	private final Map<ClientId, Taken> rates = new HashMap<>();

	private final List<Admitted> admitted;

	private final Bug bug;

	/**
	 * Nothing is known of anybody.
	 * @param admitted to which those are added who are admitted under a cap
	 */
	InMemoryLimits(List<Admitted> admitted, Bug bug) {
		this.admitted = admitted;
		this.bug = bug;
	}

	/** An exchange that was admitted under a cap. */
	record Admitted(String request, Counters.Cap cap) {
	}

	/** The same, to be changed apart. */
	InMemoryLimits copy() {
		InMemoryLimits copy = new InMemoryLimits(this.admitted, this.bug);
		this.caps.forEach((client, cap) -> copy.caps.put(client, cap.copy()));
		copy.rates.putAll(this.rates);
		return copy;
	}

	/** What is known of a client with a cap. */
	static final class Cap {

		private final Map<UsageKey, Long> pending = new HashMap<>();

		private @Nullable UsageKey usage;

		private @Nullable String asked;

		private @Nullable String known;

		private long base;

		private long version = -1;

		private long held;

		private Instant recounted = Instant.EPOCH;

		private Cap copy() {
			Cap copy = new Cap();
			copy.pending.putAll(this.pending);
			copy.usage = this.usage;
			copy.asked = this.asked;
			copy.known = this.known;
			copy.base = this.base;
			copy.version = this.version;
			copy.held = this.held;
			copy.recounted = this.recounted;
			return copy;
		}

		long pending(UsageKey key) {
			return this.pending.getOrDefault(key, 0L);
		}

		private void raise(PeriodUsage usage, Bug bug) {
			if (bug == Bug.USE_WITHOUT_ITS_VERSION || usage.version() > this.version) {
				this.base = usage.quantity();
				this.version = usage.version();
			}
		}

	}

	/** What is taken of a minute, since when. */
	private record Taken(long requests, long tokens, Instant at) {
	}

	/** What caps hold and is not there. */
	List<String> faults(Collection<Mark> marks, Collection<Entry> entries) {
		List<String> faults = new ArrayList<>();
		this.caps.forEach((client, cap) -> {
			long reserved = reserved(client, marks);
			if (cap.held != reserved) {
				faults.add(client + " holds " + cap.held + " for marks of " + reserved);
			}
			Map<UsageKey, Long> pending = pending(client, entries);
			cap.pending.values().removeIf((quantity) -> quantity == 0);
			pending.values().removeIf((quantity) -> quantity == 0);
			if (!cap.pending.equals(pending)) {
				faults.add(client + " has pending " + cap.pending + " for entries of " + pending);
			}
		});
		return faults;
	}

	/**
	 * What is said to be used and is not what PostgreSQL says, at rest. What was written
	 * by a process that died before it told Redis is told with the client's next
	 * exchange.
	 */
	List<String> faultsAtRest(InMemoryPostgres postgres, @Nullable String generation, Set<String> acknowledged) {
		List<String> faults = new ArrayList<>();
		this.caps.forEach((client, cap) -> {
			if (cap.usage != null && here(cap.usage, generation).equals(cap.known)) {
				long used = cap.base + cap.pending(cap.usage);
				PeriodUsage written = postgres.used(cap.usage);
				long untold = postgres.countedIn(cap.usage)
					.entrySet()
					.stream()
					.filter((entry) -> !acknowledged.contains(entry.getKey()))
					.mapToLong(Map.Entry::getValue)
					.sum();
				if (used > written.quantity() || used < written.quantity() - untold) {
					faults.add(client + " has used " + used + " for Redis, and " + written);
				}
			}
		});
		return faults;
	}

	/** A refusal, or {@code null} for an exchange that may be marked. */
	@Nullable Reply admit(String generation, Mark mark, Bounds bounds, Instant now, Collection<Mark> marks,
			Collection<Entry> entries) {
		ClientId client = mark.account().client();
		Standing standing = new Standing(0, 0, 0, 0, 0);
		if (bounds.cap() != null) {
			UsageKey usage = bounds.cap().usage();
			if (!knows(generation, client, bounds.cap(), now, marks, entries)) {
				return new Reply(Result.USE_UNKNOWN, null, null, standing);
			}
			Cap cap = this.caps.get(client);
			if (isReached(cap, bounds.cap()) && !now.isBefore(cap.recounted.plus(RECOUNT))) {
				recount(client, now, marks, entries);
			}
			standing = new Standing(cap.base, cap.pending(usage), cap.held, 0, 0);
			if (isReached(cap, bounds.cap())) {
				return new Reply(Result.CAP_REACHED, null, null, standing);
			}
		}
		Reply refusal = takeRates(client, bounds, now, standing);
		if (refusal == null && bounds.cap() != null) {
			this.admitted.add(new Admitted(mark.request(), bounds.cap()));
		}
		return refusal;
	}

	private boolean isReached(Cap cap, Counters.Cap limit) {
		long reserved = (this.bug == Bug.CAP_WITHOUT_RESERVATIONS) ? 0 : cap.held;
		return cap.base + cap.pending(limit.usage()) + reserved >= limit.hard();
	}

	private boolean knows(String generation, ClientId client, Counters.Cap limit, Instant now, Collection<Mark> marks,
			Collection<Entry> entries) {
		if (!this.caps.containsKey(client)) {
			recount(client, now, marks, entries);
		}
		Cap cap = this.caps.get(client);
		String here = here(limit.usage(), generation);
		if (!here.equals(cap.asked)) {
			cap.usage = limit.usage();
			cap.asked = here;
			cap.known = null;
			cap.base = 0;
			cap.version = -1;
			return false;
		}
		if (!here.equals(cap.known) && limit.known() != null) {
			cap.raise(limit.known(), this.bug);
			cap.known = here;
		}
		return here.equals(cap.known);
	}

	private void recount(ClientId client, Instant now, Collection<Mark> marks, Collection<Entry> entries) {
		Cap cap = this.caps.computeIfAbsent(client, (each) -> new Cap());
		cap.held = reserved(client, marks);
		cap.pending.clear();
		cap.pending.putAll(pending(client, entries));
		cap.recounted = now;
	}

	private static long reserved(ClientId client, Collection<Mark> marks) {
		return marks.stream()
			.filter((mark) -> mark.account().client().equals(client))
			.mapToLong(Mark::reservation)
			.sum();
	}

	private static Map<UsageKey, Long> pending(ClientId client, Collection<Entry> entries) {
		Map<UsageKey, Long> pending = new HashMap<>();
		entries.stream()
			.filter((entry) -> entry.account().client().equals(client))
			.forEach((entry) -> pending.merge(entry.usage(), entry.quantity(), Long::sum));
		return pending;
	}

	private @Nullable Reply takeRates(ClientId client, Bounds bounds, Instant now, Standing standing) {
		Long requests = bounds.requestsPerMinute();
		Long tokens = bounds.tokensPerMinute();
		if (requests == null && tokens == null) {
			return null;
		}
		Taken before = this.rates.getOrDefault(client, new Taken(0, 0, now));
		long millis = Duration.between(before.at(), now).toMillis();
		long requestsTaken = (requests != null) ? new Rate(requests).after(before.requests(), millis) : 0;
		long tokensTaken = (tokens != null) ? new Rate(tokens).after(before.tokens(), millis) : 0;
		boolean admits = (requests == null || new Rate(requests).hasOne(requestsTaken))
				&& (tokens == null || new Rate(tokens).hasOne(tokensTaken));
		if (!admits) {
			return new Reply(Result.RATE_EXCEEDED, null, null,
					new Standing(standing.base(), standing.pending(), standing.reserved(), requestsTaken, tokensTaken));
		}
		this.rates.put(client, new Taken((requests != null) ? new Rate(requests).plus(requestsTaken, 1) : 0,
				(tokens != null) ? new Rate(tokens).plus(tokensTaken, bounds.tokens()) : 0, now));
		return null;
	}

	void marked(Mark mark) {
		Cap cap = this.caps.get(mark.account().client());
		if (cap != null) {
			cap.held += mark.reservation();
		}
	}

	void unmarked(Mark mark) {
		Cap cap = this.caps.get(mark.account().client());
		if (cap != null) {
			cap.held -= mark.reservation();
		}
	}

	void struck(Mark mark) {
		Cap cap = this.caps.get(mark.account().client());
		if (cap != null && this.bug != Bug.USE_KNOWN_THOUGH_A_MARK_WAS_STRUCK) {
			cap.known = null;
		}
	}

	void pending(Entry entry, long quantity) {
		Cap cap = this.caps.get(entry.account().client());
		if (cap != null) {
			cap.pending.merge(entry.usage(), quantity, Long::sum);
		}
	}

	void acknowledged(String generation, @Nullable PeriodUsage usage) {
		Cap cap = (usage != null) ? this.caps.get(usage.key().client()) : null;
		if (cap != null && Objects.equals(cap.asked, here(usage.key(), generation))) {
			cap.raise(usage, this.bug);
		}
	}

	private String here(UsageKey key, @Nullable String generation) {
		return switch (this.bug) {
			case USE_OUTLIVES_ITS_GENERATION -> key.text();
			case USE_OUTLIVES_ITS_PERIOD -> String.valueOf(generation);
			default -> generation + "/" + key.text();
		};
	}

}
