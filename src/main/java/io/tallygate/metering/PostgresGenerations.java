package io.tallygate.metering;

import io.tallygate.core.Database;
import io.tallygate.core.Uncancelled;
import reactor.core.publisher.Mono;

/** The table {@code counter_generation}. */
class PostgresGenerations implements Generations {

	private static final String WRITE = """
			insert into counter_generation (reason, run_id, replication_id, differences)
			values (:reason, :run, :replication, :differences)
			""";

	private final Database.OfSystem database;

	PostgresGenerations(Database.OfSystem database) {
		this.database = database;
	}

	@Override
	public Mono<Void> write(GenerationBegun begun) {
		String[] server = begun.server().split("/", 2);
		return Uncancelled
			.of(this.database.client()
				.sql(WRITE)
				.bind("reason", begun.reason())
				.bind("run", server[0])
				.bind("replication", Database.nullable(String.class, (server.length > 1) ? server[1] : null))
				.bind("differences", begun.json())
				.fetch()
				.rowsUpdated())
			.then();
	}

}
