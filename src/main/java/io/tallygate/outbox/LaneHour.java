package io.tallygate.outbox;

import java.time.Instant;

/**
 * What we know of one UTC hour of a lane. What was used counts in the hour in which it
 * occurred, what was sent in the hour that Stripe was told.
 *
 * @param hour when it begins
 * @param ledger units that the ledger's lines completed
 * @param crossed units that the accounts credited to it
 * @param outbox of these, how many stand in meter events
 * @param delivered values that Stripe has, of every kind
 * @param other of these, what no account completed: tests and adjustments
 * @param underWay values that are due or being sent
 * @param parked values that wait for a person
 * @param discarded values that a person gave up
 * @param replaced values whose units stand in a successor
 */
public record LaneHour(Instant hour, long ledger, long crossed, long outbox, long delivered, long other, long underWay,
		long parked, long discarded, long replaced) {

	static LaneHour empty(Instant hour) {
		return new LaneHour(hour, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	}

	/** Units that stand in no meter event. */
	public long waiting() {
		return this.crossed - this.outbox;
	}

	/** Whether all that was used has been delivered, and nothing else. */
	public boolean isSettled() {
		return this.ledger == this.crossed && this.crossed == this.outbox && this.underWay == 0 && this.parked == 0
				&& this.discarded == 0;
	}

}
