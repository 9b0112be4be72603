package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

import io.tallygate.simulation.Bug;
import io.tallygate.simulation.Tables;
import io.tallygate.simulation.Wire;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** The tables {@code progress} and {@code rollback}, in memory. */
public final class InMemoryProgress {

	private static final String OPEN = "the one that is open";

	private final InstantSource clock;

	private final Bug bug;

	private final InMemoryAccounts accounts;

	private final Map<String, Progress.Reached> reached;

	private final Map<String, Rollback> rollbacks;

	/** Over these tables. */
	public InMemoryProgress(InstantSource clock, Tables tables, Bug bug) {
		this.clock = clock;
		this.bug = bug;
		this.accounts = new InMemoryAccounts(tables);
		this.reached = tables.table("progress");
		this.rollbacks = tables.table("rollback");
	}

	/**
	 * A loss that is being mended.
	 *
	 * @param foundAt when it was found
	 * @param lostSince what was committed later is lost
	 * @param entriesAreBack whether all entries were offered to the ledger again
	 * @param lanesAreListed whether the lanes in doubt are listed
	 */
	public record Rollback(Instant foundAt, Instant lostSince, boolean entriesAreBack, boolean lanesAreListed) {
	}

	/** The loss that is being mended, if one is. */
	public @Nullable Rollback rollback() {
		return this.rollbacks.get(OPEN);
	}

	/** The lanes in doubt are listed. */
	public void listed() {
		this.rollbacks.computeIfPresent(OPEN,
				(open, row) -> new Rollback(row.foundAt(), row.lostSince(), row.entriesAreBack(), true));
	}

	/** Every lane is settled. */
	public void settled() {
		this.rollbacks.remove(OPEN);
	}

	/**
	 * A transaction that raises a writer's version where its work has a result: a call
	 * over a wire whose answer the witness hears.
	 */
	public <T> Mono<T> transactional(Witness witness, String writer, Wire wire, Supplier<@Nullable T> work) {
		return Mono.defer(() -> {
			long known = witness.known(writer);
			return wire.call(() -> {
				if (version(writer) < known && this.bug != Bug.LOST_COMMITS_NOT_NOTICED) {
					throw witness.lost(writer, known);
				}
				T result = work.get();
				if (result == null) {
					return null;
				}
				this.reached.put(writer, new Progress.Reached(version(writer) + 1, this.clock.instant()));
				return Map.entry(result, version(writer));
			});
		}).map((committed) -> {
			witness.committed(writer, committed.getValue());
			return committed.getKey();
		});
	}

	private long version(String writer) {
		Progress.Reached row = this.reached.get(writer);
		return (row != null) ? row.version() : 0;
	}

	/** As one process reaches it. */
	Progress over(Wire wire) {
		return new Progress() {

			@Override
			public Mono<Map<String, Reached>> reached(Collection<String> writers) {
				return wire.call(() -> writers.stream()
					.filter(InMemoryProgress.this.reached::containsKey)
					.collect(Collectors.toMap((writer) -> writer, InMemoryProgress.this.reached::get)));
			}

			@Override
			public Mono<Void> openRollback(String foundBy, Instant lostSince, Map<String, Long> versions, String lost) {
				return wire.call(() -> {
					open(lostSince, versions);
					return true;
				}).then();
			}

			@Override
			public Mono<Void> confirm(Map<String, Long> versions) {
				return wire.call(() -> {
					versions.forEach((writer, version) -> InMemoryProgress.this.reached.computeIfPresent(writer,
							(same, row) -> (row.version() >= version)
									? new Reached(row.version(), InMemoryProgress.this.clock.instant()) : row));
					return true;
				}).then();
			}

			@Override
			public Mono<List<String>> ended() {
				Instant longAgo = InMemoryProgress.this.clock.instant().minus(Duration.ofDays(40));
				return wire.call(() -> InMemoryProgress.this.reached.entrySet()
					.stream()
					.filter((writer) -> writer.getValue().at().isBefore(longAgo))
					.map(Map.Entry::getKey)
					.toList());
			}

			@Override
			public Mono<Void> forget(List<String> writers) {
				return wire.call(() -> InMemoryProgress.this.reached.keySet().removeAll(writers)).then();
			}

			@Override
			public Mono<Boolean> wantsEntries() {
				return wire.call(() -> rollback() != null && !rollback().entriesAreBack());
			}

			@Override
			public Mono<Void> entriesRestored(long entries) {
				return wire
					.call(() -> InMemoryProgress.this.rollbacks.computeIfPresent(OPEN,
							(open, row) -> new Rollback(row.foundAt(), row.lostSince(), true, row.lanesAreListed())))
					.then();
			}

		};
	}

	private void open(Instant lostSince, Map<String, Long> versions) {
		Rollback before = rollback();
		Instant since = (before != null && before.lostSince().isBefore(lostSince)) ? before.lostSince() : lostSince;
		this.rollbacks.put(OPEN,
				new Rollback((before != null) ? before.foundAt() : this.clock.instant(), since, false, false));
		versions.forEach(
				(writer, version) -> this.reached.merge(writer, new Progress.Reached(version, this.clock.instant()),
						(one, other) -> (one.version() >= other.version()) ? one : other));
		this.accounts.jump();
	}

}
