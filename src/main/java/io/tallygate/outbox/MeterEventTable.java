package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Optional;

import io.tallygate.core.MeterEventId;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.r2dbc.core.DatabaseClient;

/** Writes values into the table {@code meter_event}, inside a caller's transaction. */
final class MeterEventTable {

	private static final String INSERT = """
			insert into meter_event (id, agency_id, lane_id, client_id, epoch, kind, identifier, stripe_account, livemode,
			  stripe_customer_id, meter_id, event_name, value, from_unit, to_unit, bucket_hour, bucket_period, bucket_from,
			  bucket_to, late, occurred_at, successor, replaces, cancels, created_at, state, reason, stops_lane, next_attempt_at)
			values (:id, :agency, :lane, :client, :epoch, :kind, :identifier, :account, :livemode,
			  :customer, :meter, :event_name, :value, :from_unit, :to_unit, :hour,
			  coalesce(cast(:period as timestamptz), '-infinity'), :bucket_from,
			  :bucket_to, :late, :occurred_at, :successor, :replaces, :cancels, :created_at, :state, :reason, :stops, :next_attempt_at)
			""";

	/** All that may change, and nothing else. */
	private static final String UPDATE = """
			update meter_event set state = :state, reason = :reason, stops_lane = :stops, attempts = :attempts,
			  idempotency_n = :idempotency_n, owner = :owner, lease_until = :lease_until,
			  next_attempt_at = :next_attempt_at, first_doubt_at = :first_doubt_at, last_attempt_at = :last_attempt_at,
			  last_error = :last_error, summary_seen = :summary_seen, summary_seen_at = :summary_seen_at,
			  delivered_at = :delivered_at
			where id = :id
			""";

	private final DatabaseClient client;

	MeterEventTable(DatabaseClient client) {
		this.client = client;
	}

	Mono<Void> insert(MeterEventRow row) {
		Lane lane = row.lane();
		DatabaseClient.GenericExecuteSpec insert = this.client.sql(INSERT)
			.bind("id", row.id().value())
			.bind("agency", lane.agency().value())
			.bind("lane", lane.id())
			.bind("client", row.client().value())
			.bind("epoch", row.epoch())
			.bind("kind", row.kind().text())
			.bind("identifier", row.identifier())
			.bind("account", lane.stripeAccount())
			.bind("livemode", lane.livemode())
			.bind("customer", lane.customer())
			.bind("meter", lane.meterId())
			.bind("event_name", lane.eventName())
			.bind("value", row.value())
			.bind("from_unit", row.fromUnit())
			.bind("to_unit", row.toUnit())
			.bind("hour", row.bucketHour())
			.bind("bucket_from", row.bucketFrom())
			.bind("bucket_to", row.bucketTo())
			.bind("late", row.late())
			.bind("occurred_at", row.occurredAt())
			.bind("successor", row.successor())
			.bind("created_at", row.createdAt())
			.bind("state", row.delivery().state().text())
			.bind("stops", row.delivery().stopsLane())
			.bind("next_attempt_at", row.delivery().nextAttemptAt());
		insert = bind(insert, "period", row.bucketPeriod(), Instant.class);
		insert = bind(insert, "reason", row.delivery().reason(), String.class);
		insert = bind(insert, "replaces", Optional.ofNullable(row.replaces()).map(MeterEventId::value).orElse(null),
				String.class);
		insert = bind(insert, "cancels", row.cancels(), String.class);
		return insert.then();
	}

	Mono<Void> update(MeterEventRow row) {
		Delivery delivery = row.delivery();
		Delivery.Hold hold = delivery.hold();
		Delivery.Doubt doubt = delivery.doubt();
		DatabaseClient.GenericExecuteSpec update = this.client.sql(UPDATE)
			.bind("id", row.id().value())
			.bind("state", delivery.state().text())
			.bind("stops", delivery.stopsLane())
			.bind("attempts", delivery.attempts())
			.bind("idempotency_n", delivery.idempotencyN())
			.bind("next_attempt_at", delivery.nextAttemptAt());
		update = bind(update, "reason", delivery.reason(), String.class);
		update = bind(update, "owner", (hold != null) ? hold.owner() : null, String.class);
		update = bind(update, "lease_until", (hold != null) ? hold.until() : null, Instant.class);
		update = bind(update, "first_doubt_at", (doubt != null) ? doubt.since() : null, Instant.class);
		update = bind(update, "last_attempt_at", delivery.lastAttemptAt(), Instant.class);
		update = bind(update, "last_error", delivery.lastError(), String.class);
		update = bind(update, "summary_seen", (doubt != null) ? doubt.summarySeen() : null, BigDecimal.class);
		update = bind(update, "summary_seen_at", (doubt != null) ? doubt.summarySeenAt() : null, Instant.class);
		update = bind(update, "delivered_at", delivery.deliveredAt(), Instant.class);
		return update.then();
	}

	static DatabaseClient.GenericExecuteSpec bind(DatabaseClient.GenericExecuteSpec statement, String name,
			@Nullable Object value, Class<?> type) {
		return (value != null) ? statement.bind(name, value) : statement.bindNull(name, type);
	}

}
