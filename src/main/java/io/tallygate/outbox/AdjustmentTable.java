package io.tallygate.outbox;

import java.time.Instant;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.r2dbc.core.DatabaseClient;

/** Reads and writes the table {@code adjustment}, inside a caller's transaction. */
final class AdjustmentTable {

	private static final String COLUMNS = """
			d.id, d.client_id, d.epoch, d.way, d.quantity, d.reason, d.occurred_at, d.late, d.value, d.cancels, d.created_at
			""";

	private static final String FIND = "select %s from adjustment d where d.id = :id and d.agency_id = :agency"
		.formatted(COLUMNS);

	private static final String WAITING = """
			select %s from adjustment d where d.lane_id = :lane and d.cut_at is null
			order by d.created_at, d.id limit 1 for update of d
			""".formatted(COLUMNS);

	private static final String INSERT = """
			insert into adjustment (id, agency_id, client_id, epoch, way, quantity, reason, occurred_at, late, lane_id, value,
			  cancels, created_at)
			values (:id, :agency, :client, :epoch, :way, :quantity, :reason, :occurred_at, :late, :lane, :value, :cancels,
			  :created_at)
			""";

	private static final String CUT = "update adjustment set cut_at = :now where id = :id and cut_at is null";

	/**
	 * Where too much is taken back in an hour, by corrections whose meter event is not
	 * there: after PostgreSQL has lost commits, Stripe may have it all the same.
	 */
	private static final String NEGATIVE = """
			select cast(coalesce(sum(-d.value), 0) as bigint) as units from adjustment d
			where d.lane_id = :lane and d.cut_at is null and d.value < 0
			  and d.occurred_at >= :hour and d.occurred_at < cast(:hour as timestamptz) + interval '1 hour'
			""";

	private final DatabaseClient client;

	AdjustmentTable(DatabaseClient client) {
		this.client = client;
	}

	Mono<Adjustment> find(AgencyId agency, String id) {
		return this.client.sql(FIND)
			.bind("id", id)
			.bind("agency", agency.value())
			.map(AdjustmentTable::adjustment)
			.one();
	}

	/**
	 * @param lane where it goes; none of one that Stripe is not told
	 */
	Mono<Void> insert(AgencyId agency, Adjustment adjustment, @Nullable Long lane) {
		return this.client.sql(INSERT)
			.bind("id", adjustment.id())
			.bind("agency", agency.value())
			.bind("client", adjustment.client().value())
			.bind("epoch", adjustment.epoch())
			.bind("way", adjustment.way().text())
			.bind("quantity", adjustment.quantity())
			.bind("reason", adjustment.reason())
			.bind("occurred_at", adjustment.occurredAt())
			.bind("late", adjustment.late())
			.bind("lane", Database.nullable(Long.class, lane))
			.bind("value", adjustment.value())
			.bind("cancels", Database.nullable(String.class, adjustment.cancels()))
			.bind("created_at", adjustment.createdAt())
			.then();
	}

	/** The oldest that waits for this lane, locked. */
	Mono<Adjustment> waiting(long lane) {
		return this.client.sql(WAITING).bind("lane", lane).map(AdjustmentTable::adjustment).one();
	}

	/** Its meter event stands in the outbox. */
	Mono<Void> cut(Adjustment adjustment, Instant now) {
		return this.client.sql(CUT).bind("now", now).bind("id", adjustment.id()).then();
	}

	/** What waiting corrections take away in an hour of a lane. */
	Mono<Long> negative(long lane, Instant hour) {
		return this.client.sql(NEGATIVE)
			.bind("lane", lane)
			.bind("hour", hour)
			.map((Readable row) -> MeterEventColumns.number(row, "units").longValue())
			.one();
	}

	private static Adjustment adjustment(Readable row) {
		return new Adjustment(MeterEventColumns.text(row, "id"), new ClientId(MeterEventColumns.text(row, "client_id")),
				MeterEventColumns.number(row, "epoch").intValue(),
				Adjustment.Way.of(MeterEventColumns.text(row, "way")),
				MeterEventColumns.number(row, "quantity").longValue(), MeterEventColumns.text(row, "reason"),
				MeterEventColumns.time(row, "occurred_at"), Boolean.TRUE.equals(row.get("late", Boolean.class)),
				MeterEventColumns.number(row, "value").longValue(), row.get("cancels", String.class),
				MeterEventColumns.time(row, "created_at"));
	}

}
