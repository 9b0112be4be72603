package io.tallygate.outbox;

import java.time.Instant;

import io.tallygate.core.MeterEventId;
import io.tallygate.core.Problem;

/**
 * A meter event that waits for a person, and what a person may do with it.
 *
 * @param row a parked row
 */
record ParkedMeterEvent(MeterEventRow row) {

	/** A problem for the caller when the row is not parked. */
	static ParkedMeterEvent of(MeterEventRow row) {
		if (!row.is(Delivery.State.PARKED)) {
			throw new Problem(409, "not_parked", "Meter event '" + row.id() + "' is " + row.delivery().state().text()
					+ ": only a parked one can be retried or discarded");
		}
		return new ParkedMeterEvent(row);
	}

	/** Whether Stripe once said that it has it, so that its identifier is used up. */
	boolean wasAtStripe() {
		return this.row.delivery().deliveredAt() != null;
	}

	/**
	 * The same row, due. Where it is in doubt for a day the doubt stays, and with it the
	 * summaries decide again.
	 */
	MeterEventRow retried(Instant now) {
		check(now);
		Delivery delivery = this.row.delivery();
		return this.row.with(delivery.withSummary(null, null).dueAgain(now, delivery.lastError()));
	}

	/**
	 * The row that takes over, where Stripe has aggregated exactly what it should have
	 * without this one.
	 */
	MeterEventRow replacedBy(MeterEventId successor, Finding.Summarised reading, Instant now) {
		check(now);
		Instant lastAttempt = this.row.delivery().lastAttemptAt();
		if (lastAttempt != null && lastAttempt.plus(NextState.READINGS_APART).isAfter(now)) {
			throw new Problem(409, "too_soon", "Stripe may still aggregate this event; try again after "
					+ lastAttempt.plus(NextState.READINGS_APART));
		}
		if (!Finding.Summarised.lacks(reading.seen(), reading.known())) {
			throw new Problem(409, "still_at_stripe",
					"Stripe has aggregated " + reading.seen().toPlainString() + " in the event's hour and "
							+ reading.known() + " were delivered without it: sent again it might count twice");
		}
		return this.row.successor(successor, now);
	}

	MeterEventRow discarded() {
		Delivery delivery = this.row.delivery();
		return this.row.with(delivery.parked(Delivery.DISCARDED, false, delivery.lastError()));
	}

	private void check(Instant now) {
		if (Delivery.DISCARDED.equals(this.row.delivery().reason())) {
			throw new Problem(409, "discarded", "Meter event '" + this.row.id() + "' was discarded");
		}
		if (this.row.step(now) == MeterEventRow.Step.GIVE_UP) {
			throw new Problem(409, "too_old",
					"Stripe takes no event older than 35 days, and this one occurred at " + this.row.occurredAt());
		}
	}

}
