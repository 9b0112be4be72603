package io.tallygate.outbox;

import java.time.Instant;
import java.util.Optional;

import io.tallygate.core.MeterEventId;
import org.jspecify.annotations.Nullable;

/**
 * A meter event as the admin API shows it.
 *
 * @param id ours
 * @param identifier Stripe's
 * @param clientId who is billed
 * @param epoch the client's epoch
 * @param kind why it is sent
 * @param stripeCustomerId {@code cus_…}
 * @param eventName the meter's
 * @param value what is reported
 * @param fromUnit the account's unit before its first
 * @param toUnit the account's unit that is its last
 * @param occurredAt its timestamp at Stripe
 * @param late whether it is dated into a later period than its own
 * @param state where it stands
 * @param reason why it is parked
 * @param remedy what a person can do about that
 * @param stopsLane whether the client's next meter event waits for it
 * @param replaces the event whose units it took over
 * @param cancels the identifier of the event that it takes back at Stripe
 * @param attempts how often it was taken up
 * @param lastError what was last said against it
 * @param nextAttemptAt when it is tried next, while it is due
 * @param createdAt when it was cut
 * @param deliveredAt when it was known that Stripe has it
 */
record MeterEventView(String id, String identifier, String clientId, int epoch, MeterEventRow.Kind kind,
		String stripeCustomerId, String eventName, long value, long fromUnit, long toUnit, Instant occurredAt,
		boolean late, Delivery.State state, @Nullable String reason, @Nullable String remedy, boolean stopsLane,
		@Nullable String replaces, @Nullable String cancels, int attempts, @Nullable String lastError,
		@Nullable Instant nextAttemptAt, Instant createdAt, @Nullable Instant deliveredAt) {

	static MeterEventView of(MeterEventRow row) {
		Delivery delivery = row.delivery();
		return new MeterEventView(row.id().value(), row.identifier(), row.client().value(), row.epoch(), row.kind(),
				row.lane().customer(), row.lane().eventName(), row.value(), row.fromUnit(), row.toUnit(),
				row.occurredAt(), row.late(), delivery.state(), delivery.reason(), Remedy.of(delivery.reason()),
				delivery.stopsLane(), Optional.ofNullable(row.replaces()).map(MeterEventId::value).orElse(null),
				row.cancels(), delivery.attempts(), delivery.lastError(),
				row.is(Delivery.State.DUE) ? delivery.nextAttemptAt() : null, row.createdAt(), delivery.deliveredAt());
	}

}
