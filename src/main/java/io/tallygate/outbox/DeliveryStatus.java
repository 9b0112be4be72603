package io.tallygate.outbox;

import java.time.Instant;

import io.r2dbc.spi.Readable;
import org.jspecify.annotations.Nullable;

/**
 * How an agency's delivery stands, as the admin API shows it.
 *
 * @param state running or paused
 * @param pausedBy operator, or stripe when it refused the key
 * @param reason why it is paused
 * @param due meter events that wait
 * @param sending meter events under way
 * @param parked meter events that wait for a person, or were given up
 * @param oldestDueAt when the oldest of those due or under way was cut
 * @param unitsWaiting units that stand in no meter event yet
 * @param adjustmentsWaiting corrections that stand in no meter event yet
 */
record DeliveryStatus(String state, @Nullable String pausedBy, @Nullable String reason, long due, long sending,
		long parked, @Nullable Instant oldestDueAt, long unitsWaiting, long adjustmentsWaiting) {

	private static final String NOT_CONNECTED = "The agency is not connected to Stripe";

	static DeliveryStatus of(Readable row) {
		String delivery = row.get("delivery", String.class);
		return new DeliveryStatus((delivery != null) ? delivery : "paused", row.get("paused_by", String.class),
				(delivery != null) ? row.get("paused_reason", String.class) : NOT_CONNECTED,
				MeterEventColumns.number(row, "due").longValue(), MeterEventColumns.number(row, "sending").longValue(),
				MeterEventColumns.number(row, "parked").longValue(), row.get("oldest_due_at", Instant.class),
				MeterEventColumns.number(row, "units_waiting").longValue(),
				MeterEventColumns.number(row, "adjustments_waiting").longValue());
	}

}
