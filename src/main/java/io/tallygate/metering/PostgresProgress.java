package io.tallygate.metering;

import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

import io.tallygate.core.Database;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import reactor.core.publisher.Mono;

import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;

/** The tables {@code progress} and {@code rollback}. */
class PostgresProgress implements Progress {

	private static final String REACHED = "select writer, version, at from progress where writer = any(:writers::text[])";

	private static final String OPEN = """
			insert into rollback (found_by, lost_since, lost) values (:by, :since, :lost)
			on conflict ((true)) where settled_at is null do update
			  set lost_since = least(rollback.lost_since, excluded.lost_since), lost = rollback.lost || '; ' || excluded.lost,
			      entries_restored_at = null, lanes_listed_at = null
			""";

	private static final String GO_ON = """
			insert into progress (writer, version)
			select * from unnest(:writers::text[], :versions::bigint[])
			on conflict (writer) do update set version = greatest(progress.version, excluded.version)
			""";

	/**
	 * Redis may know versions that PostgreSQL has not reached yet, and takes no base with
	 * an older one. Nobody reaches 2^40 in the meantime, and Redis's script counts
	 * exactly up to 2^53.
	 */
	private static final String RAISE_ACCOUNTS = "update account set version = version + (1::bigint << 40)";

	private static final String WANTS_ENTRIES = """
			select exists (select from rollback where settled_at is null and entries_restored_at is null) as wanted
			""";

	private static final String CONFIRM = """
			update progress set at = clock_timestamp()
			from unnest(:writers::text[], :versions::bigint[]) as known (writer, version)
			where progress.writer = known.writer and progress.version >= known.version
			""";

	/** Stripe takes events of the last 35 days. */
	private static final String ENDED = "select writer from progress where at < clock_timestamp() - interval '40 days'";

	private static final String FORGET = "delete from progress where writer = any(:writers::text[])";

	private static final String RESTORED = """
			update rollback set entries_restored = coalesce(entries_restored, 0) + :entries,
			  entries_restored_at = clock_timestamp()
			where settled_at is null and entries_restored_at is null
			""";

	private final Database.OfSystem database;

	PostgresProgress(Database.OfSystem database) {
		this.database = database;
	}

	@Override
	public Mono<Map<String, Reached>> reached(Collection<String> writers) {
		return client().sql(REACHED)
			.bind("writers", writers.toArray(String[]::new))
			.map((row) -> Map.entry(Row.text(row, "writer"),
					new Reached(Row.number(row, "version"), Row.get(row, "at", Instant.class))))
			.all()
			.collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
	}

	@Override
	public Mono<Void> openRollback(String foundBy, Instant lostSince, Map<String, Long> versions, String lost) {
		Mono<Void> opened = client().sql(OPEN)
			.bind("by", foundBy)
			.bind("since", lostSince.atOffset(ZoneOffset.UTC))
			.bind("lost", lost)
			.then();
		Mono<Void> goOn = writers(client().sql(GO_ON), versions).then();
		Mono<Void> work = opened.then(goOn).then(client().sql(RAISE_ACCOUNTS).then());
		return Uncancelled.of(this.database.transactions().transactional(work));
	}

	@Override
	public Mono<Void> confirm(Map<String, Long> versions) {
		return Uncancelled.of(writers(client().sql(CONFIRM), versions).then());
	}

	@Override
	public Mono<List<String>> ended() {
		return client().sql(ENDED).mapValue(String.class).all().collectList();
	}

	@Override
	public Mono<Void> forget(List<String> writers) {
		return Uncancelled.of(client().sql(FORGET).bind("writers", writers.toArray(String[]::new)).then());
	}

	@Override
	public Mono<Boolean> wantsEntries() {
		return client().sql(WANTS_ENTRIES).mapValue(Boolean.class).one();
	}

	@Override
	public Mono<Void> entriesRestored(long entries) {
		return Uncancelled.of(client().sql(RESTORED).bind("entries", entries).then());
	}

	/** All processes lock them in the same order. */
	private static GenericExecuteSpec writers(GenericExecuteSpec statement, Map<String, Long> versions) {
		Map<String, Long> sorted = new TreeMap<>(versions);
		return statement.bind("writers", sorted.keySet().toArray(String[]::new))
			.bind("versions", sorted.values().toArray(Long[]::new));
	}

	private DatabaseClient client() {
		return this.database.client();
	}

}
