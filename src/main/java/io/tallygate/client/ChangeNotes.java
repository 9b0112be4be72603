package io.tallygate.client;

import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;

import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Row;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Mono;

/** Reads the notes of what changed, and clears old ones away. */
@Repository
class ChangeNotes {

	/**
	 * How far back is read each time: a note is committed later than it is written, but
	 * no transaction lives as long as this.
	 */
	static final Duration WINDOW = Duration.ofSeconds(30);

	private static final String LATEST = """
			select id, agency_id from directory_change
			where at > clock_timestamp() - make_interval(secs => :seconds)
			""";

	private static final String CLEAR = "delete from directory_change where at < clock_timestamp() - interval '1 hour'";

	private final Database.OfSystem database;

	ChangeNotes(Database.OfSystem database) {
		this.database = database;
	}

	/** The notes of the last half minute: note to agency. */
	Mono<Map<Long, AgencyId>> latest() {
		return this.database.client()
			.sql(LATEST)
			.bind("seconds", (double) WINDOW.toSeconds())
			.map((row) -> Map.entry(row.get("id", Long.class), new AgencyId(Row.text(row, "agency_id"))))
			.all()
			.collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
	}

	Mono<Void> clear() {
		return this.database.client().sql(CLEAR).fetch().rowsUpdated().then();
	}

}
