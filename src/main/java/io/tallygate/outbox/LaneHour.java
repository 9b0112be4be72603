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
 * @param underWay values that are due or being sent, whatever their sign
 * @param parked values that wait for a person, whatever their sign
 * @param discarded units that a person gave up
 * @param replaced values whose units stand in a successor
 * @param late values of an earlier period that are dated here, because its invoice had
 * left draft
 * @param corrections what people corrected in it
 */
public record LaneHour(Instant hour, long ledger, long crossed, long outbox, long delivered, long other, long underWay,
		long parked, long discarded, long replaced, long late, Corrections corrections) {

	/**
	 * Corrections of an hour.
	 *
	 * @param made how many Stripe has
	 * @param units what these come to
	 * @param open how many it has not: they wait, are under way, parked or given up
	 */
	public record Corrections(long made, long units, long open) {

		/** None. */
		public static final Corrections NONE = new Corrections(0, 0, 0);

	}

	/** An hour in which we know of nothing. */
	public static LaneHour empty(Instant hour) {
		return new LaneHour(hour, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, Corrections.NONE);
	}

	/** The same with so many corrections more that stand in no meter event yet. */
	LaneHour waiting(long more) {
		return new LaneHour(this.hour, this.ledger, this.crossed, this.outbox, this.delivered, this.other,
				this.underWay, this.parked, this.discarded, this.replaced, this.late,
				new Corrections(this.corrections.made(), this.corrections.units(), this.corrections.open() + more));
	}

	/** Units that stand in no meter event. */
	public long waiting() {
		return this.crossed - this.outbox;
	}

	/** Whether all that was used has been delivered, and nothing else. */
	public boolean isSettled() {
		return this.ledger == this.crossed && this.crossed == this.outbox && this.underWay == 0 && this.parked == 0
				&& this.discarded == 0 && this.corrections.open() == 0;
	}

}
