package io.tallygate.metering;

import java.time.InstantSource;
import java.time.ZoneOffset;

import io.tallygate.core.Database;
import reactor.core.publisher.Mono;

/** Keeps the ledger's partitions three months ahead of the calendar. */
class Partitions {

	private static final String ENSURE = "select ensure_ledger_partitions(:now)";

	private final Database.OfSystem database;

	private final InstantSource clock;

	Partitions(Database.OfSystem database, InstantSource clock) {
		this.database = database;
		this.clock = clock;
	}

	Mono<Void> ensure() {
		return this.database.client().sql(ENSURE).bind("now", this.clock.instant().atOffset(ZoneOffset.UTC)).then();
	}

}
