package io.tallygate.metering;

import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;

import io.tallygate.core.Database;
import io.tallygate.core.Uncancelled;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Keeps the ledger's partitions three months ahead of the calendar, and takes those out
 * of it that are older than what is kept. Nothing is dropped.
 */
class Partitions {

	private static final Logger logger = LoggerFactory.getLogger(Partitions.class);

	private static final String ENSURE = "select ensure_ledger_partitions(:now)";

	private static final String DETACH = "select detach_ledger_partitions(:before) as name";

	private final Database.OfSystem database;

	private final InstantSource clock;

	private final int months;

	/**
	 * @param months kept before the running one, 0 for all
	 */
	Partitions(Database.OfSystem database, InstantSource clock, int months) {
		this.database = database;
		this.clock = clock;
		this.months = months;
	}

	Mono<Void> ensure() {
		return Mono.defer(() -> {
			OffsetDateTime now = this.clock.instant().atOffset(ZoneOffset.UTC);
			Mono<Void> ensured = this.database.client().sql(ENSURE).bind("now", now).then();
			return (this.months == 0) ? ensured : ensured.then(detach(now));
		});
	}

	private Mono<Void> detach(OffsetDateTime now) {
		OffsetDateTime before = now.truncatedTo(ChronoUnit.DAYS).withDayOfMonth(1).minusMonths(this.months);
		return Uncancelled.of(this.database.client()
			.sql(DETACH)
			.bind("before", before)
			.mapValue(String.class)
			.all()
			.doOnNext((name) -> logger
				.info("The ledger's partition {} is a table of its own now; archive it, then drop it", name))
			.then());
	}

}
