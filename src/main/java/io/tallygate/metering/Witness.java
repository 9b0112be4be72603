package io.tallygate.metering;

import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.tallygate.core.Database;
import io.tallygate.core.NaturalBatch;
import io.tallygate.core.Uncancelled;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Remembers outside of PostgreSQL how far this process has come in it: in memory at once,
 * in Redis a moment later, for whoever comes after. Every transaction that folds entries,
 * cuts units or takes up a meter event raises its writer's version, and fails where
 * PostgreSQL does not remember the one before.
 */
public class Witness {

	private static final Logger logger = LoggerFactory.getLogger(Witness.class);

	/** A row that is missing, or behind what we know, is not raised. */
	private static final String RAISE = """
			insert into progress (writer, version) values (:writer, 1)
			on conflict (writer) do update set version = progress.version + 1, at = clock_timestamp()
			  where progress.version >= :known
			returning version
			""";

	private static final int WRITERS_MAX = 1000;

	private final Counters counters;

	private final InstantSource clock;

	private final Map<String, Remembered> own = new ConcurrentHashMap<>();

	private final NaturalBatch<String, Boolean> remembering = new NaturalBatch<>(WRITERS_MAX, WRITERS_MAX,
			(writers) -> remember().map((done) -> writers.stream().map((writer) -> true).toList()));

	private Runnable onLost = () -> {
	};

	Witness(Counters counters, InstantSource clock) {
		this.counters = counters;
		this.clock = clock;
	}

	/** Called when PostgreSQL turns out not to remember what was committed. */
	void onLost(Runnable listener) {
		this.onLost = listener;
	}

	/**
	 * Runs such work in one transaction of its own, which nobody's patience cuts short;
	 * where the work has a result, the writer's version is raised with it.
	 */
	public <T> Mono<T> transactional(Database.OfSystem database, String writer, Mono<T> work) {
		Mono<Committed<T>> raised = work
			.flatMap((result) -> raise(database, writer).map((version) -> new Committed<>(result, version)));
		return Uncancelled.of(database.transactions().transactional(raised))
			.doOnNext((committed) -> committed(writer, committed.version()))
			.map(Committed::result);
	}

	private Mono<Long> raise(Database.OfSystem database, String writer) {
		long known = known(writer);
		return database.client()
			.sql(RAISE)
			.bind("writer", writer)
			.bind("known", known)
			.mapValue(Long.class)
			.one()
			.filter((version) -> version > known)
			.switchIfEmpty(Mono.error(() -> lost(writer, known)));
	}

	/** Says that PostgreSQL does not remember this writer's last commit. */
	CommitsLost lost(String writer, long known) {
		this.onLost.run();
		return new CommitsLost(writer, known);
	}

	/** The version of the writer's last commit, as far as this process knows. */
	long known(String writer) {
		Remembered remembered = this.own.get(writer);
		return (remembered != null) ? remembered.version() : 0;
	}

	/** A transaction of this writer was committed, which raised its version to this. */
	void committed(String writer, long version) {
		this.own.merge(writer, new Remembered(version, this.clock.instant()),
				(before, after) -> new Remembered(Math.max(before.version(), version), before.begunAt()));
		tell(writer);
	}

	/** Tells Redis again, after it was away or has forgotten. */
	void tellAgain() {
		this.own.keySet().stream().findFirst().ifPresent(this::tell);
	}

	private void tell(String writer) {
		this.remembering.submit(writer).subscribe((done) -> {
		}, (error) -> logger.debug("Redis does not remember yet how far we are: {}", error.getMessage()));
	}

	private Mono<Boolean> remember() {
		return this.counters.remember(own()).thenReturn(true);
	}

	/** The writers of this process. */
	Map<String, Remembered> own() {
		return Map.copyOf(this.own);
	}

	/** All writers that are remembered, here or in Redis. */
	Mono<Map<String, Remembered>> all() {
		return this.counters.remembered().map((inRedis) -> {
			Map<String, Remembered> all = new ConcurrentHashMap<>(inRedis);
			all.putAll(this.own);
			return all;
		});
	}

	private record Committed<T>(T result, long version) {
	}

	/**
	 * How far a writer had come.
	 *
	 * @param version its last commit's
	 * @param begunAt when it committed for the first time, by the agreed time
	 */
	record Remembered(long version, Instant begunAt) {
	}

	/** PostgreSQL does not remember what this process had committed to it. */
	static final class CommitsLost extends RuntimeException {

		private static final long serialVersionUID = 1L;

		CommitsLost(String writer, long known) {
			super("PostgreSQL does not remember commit " + known + " of " + writer);
		}

	}

}
