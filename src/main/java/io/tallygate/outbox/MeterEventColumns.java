package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.MeterEventId;
import org.jspecify.annotations.Nullable;

/** The table {@code meter_event} as values, read by everybody in the same order. */
final class MeterEventColumns {

	/** Of {@code meter_event m}. */
	static final String SELECT = """
			m.id, m.agency_id, m.lane_id, m.client_id, m.epoch, m.kind, m.identifier, m.stripe_account, m.livemode,
			m.stripe_customer_id, m.meter_id, m.event_name, m.value, m.from_unit, m.to_unit, m.bucket_hour,
			nullif(m.bucket_period, '-infinity') as bucket_period, m.bucket_from, m.bucket_to, m.late, m.occurred_at,
			m.successor, m.replaces, m.cancels, m.created_at, m.state, m.reason, m.stops_lane, m.attempts, m.idempotency_n,
			m.owner, m.lease_until, m.next_attempt_at, m.first_doubt_at, m.last_attempt_at, m.last_error,
			m.summary_seen, m.summary_seen_at, m.delivered_at
			""";

	private MeterEventColumns() {
	}

	static MeterEventRow row(Readable row) {
		return new MeterEventRow(new MeterEventId(text(row, "id")), lane(row), new ClientId(text(row, "client_id")),
				number(row, "epoch").intValue(), MeterEventRow.Kind.of(text(row, "kind")), text(row, "identifier"),
				number(row, "value").longValue(), number(row, "from_unit").longValue(),
				number(row, "to_unit").longValue(), time(row, "bucket_hour"), row.get("bucket_period", Instant.class),
				number(row, "bucket_from").longValue(), number(row, "bucket_to").longValue(), flag(row, "late"),
				time(row, "occurred_at"), number(row, "successor").intValue(),
				Optional.ofNullable(row.get("replaces", String.class)).map(MeterEventId::new).orElse(null),
				row.get("cancels", String.class), time(row, "created_at"), delivery(row));
	}

	/**
	 * The lane as it stands in a meter event, or in {@code lane} under the same names.
	 */
	static Lane lane(Readable row) {
		return new Lane(number(row, "lane_id").longValue(), new AgencyId(text(row, "agency_id")),
				text(row, "stripe_account"), flag(row, "livemode"), text(row, "stripe_customer_id"),
				text(row, "meter_id"), text(row, "event_name"));
	}

	private static Delivery delivery(Readable row) {
		return new Delivery(Delivery.State.of(text(row, "state")), row.get("reason", String.class),
				flag(row, "stops_lane"), number(row, "attempts").intValue(), number(row, "idempotency_n").intValue(),
				hold(row), time(row, "next_attempt_at"), row.get("last_attempt_at", Instant.class), doubt(row),
				row.get("last_error", String.class), row.get("delivered_at", Instant.class));
	}

	private static Delivery.@Nullable Hold hold(Readable row) {
		String owner = row.get("owner", String.class);
		return (owner != null) ? new Delivery.Hold(owner, time(row, "lease_until")) : null;
	}

	private static Delivery.@Nullable Doubt doubt(Readable row) {
		Instant since = row.get("first_doubt_at", Instant.class);
		return (since != null) ? new Delivery.Doubt(since, row.get("summary_seen", BigDecimal.class),
				row.get("summary_seen_at", Instant.class)) : null;
	}

	static String text(Readable row, String column) {
		return Objects.requireNonNull(row.get(column, String.class), column);
	}

	static Number number(Readable row, String column) {
		return Objects.requireNonNull(row.get(column, Number.class), column);
	}

	static Instant time(Readable row, String column) {
		return Objects.requireNonNull(row.get(column, Instant.class), column);
	}

	private static boolean flag(Readable row, String column) {
		return Boolean.TRUE.equals(row.get(column, Boolean.class));
	}

}
