package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;
import org.jspecify.annotations.Nullable;

/**
 * A correction that a person made. It never touches totals or cuts.
 *
 * @param id of its ledger line
 * @param client who is billed
 * @param epoch the client's epoch
 * @param way how Stripe learns of it
 * @param quantity thousandths of a token or message, negative where too much was counted
 * @param reason in the person's words
 * @param occurredAt when Stripe is told that it occurred; where it is told nothing, when
 * what is corrected did
 * @param late whether that is in a later period than what is corrected
 * @param value what Stripe is told, in the unit of the client's meter events; of a
 * correction that Stripe is not told, what it would have been
 * @param cancels the identifier of the meter event that is taken back
 * @param createdAt when it was made
 */
public record Adjustment(String id, ClientId client, int epoch, Way way, long quantity, String reason,
		Instant occurredAt, boolean late, long value, @Nullable String cancels, Instant createdAt) {

	/** An adjustment is a line of the ledger. */
	static final String PREFIX = "led_";

	/**
	 * Stripe takes an event back for 24 hours after it came; what is taken back waits for
	 * its lane first.
	 */
	static final Duration CANCEL_MAX = Duration.ofHours(23);

	/** How Stripe learns of a correction. */
	public enum Way {

		/** Not at all: the client is metered only. */
		LEDGER,
		/** By a meter event, negative where too much was reported. */
		EVENT,
		/** An event that reported too much is taken back whole. */
		CANCELLATION,
		/** Its invoice has left draft: a person credits the customer, or bills it. */
		CREDIT_PROPOSAL;

		/** The name in JSON and in the database: lower case. */
		public String text() {
			return name().toLowerCase(Locale.ROOT);
		}

		static Way of(String text) {
			return valueOf(text.toUpperCase(Locale.ROOT));
		}

		/** Whether the outbox carries it to Stripe. */
		public boolean isSent() {
			return this == EVENT || this == CANCELLATION;
		}

	}

	/**
	 * The way, and when Stripe is told that it occurred.
	 *
	 * @param way how Stripe learns of it
	 * @param at when
	 * @param late whether that is in a later period than what is corrected
	 */
	record Plan(Way way, Instant at, boolean late) {

		/**
		 * Chooses by age:
		 * <ol>
		 * <li>an event that is corrected whole, soon enough and while its invoice is a
		 * draft, is taken back;</li>
		 * <li>what lies in an open period and is not too old is a meter event of that
		 * time;</li>
		 * <li>what was not reported in time is reported into the oldest open period;</li>
		 * <li>what was reported too much and invoiced is credited by a person.</li>
		 * </ol>
		 * @param value not 0
		 * @param occurredAt when what is corrected did
		 * @param named the event that reported it, if one is named
		 */
		static Plan of(long value, Instant occurredAt, @Nullable MeterEventRow named, ClosedPeriods closed,
				Instant now) {
			Instant oldest = now.minus(Cut.AGE_MAX);
			if (closed.contain(occurredAt)) {
				Instant open = closed.openFrom(occurredAt);
				return (value > 0 && !open.isBefore(oldest)) ? new Plan(Way.EVENT, open, true)
						: new Plan(Way.CREDIT_PROPOSAL, occurredAt, false);
			}
			if (named != null && value == -named.value() && mayBeCancelled(named, now)) {
				return new Plan(Way.CANCELLATION, occurredAt, false);
			}
			return new Plan(occurredAt.isBefore(oldest) ? Way.CREDIT_PROPOSAL : Way.EVENT, occurredAt, false);
		}

		/** The event reached Stripe no earlier than it was cut. */
		private static boolean mayBeCancelled(MeterEventRow named, Instant now) {
			return named.createdAt().plus(CANCEL_MAX).isAfter(now);
		}

	}

	/** The meter event's id ends like the line's. */
	public MeterEventId eventId() {
		return new MeterEventId(Ids.sibling(MeterEventId.PREFIX, this.id));
	}

	/** The meter event that tells Stripe, when its lane is free for it. */
	MeterEventRow row(Lane lane, Instant now) {
		MeterEventId event = eventId();
		Delivery due = Delivery.due(now);
		return new MeterEventRow(event, lane, this.client, this.epoch, MeterEventRow.Kind.ADJUSTMENT,
				MeterEventRow.identifier(MeterEventRow.Kind.ADJUSTMENT, event), this.value, 0, 0,
				this.occurredAt.truncatedTo(ChronoUnit.HOURS), null, 0, 0, this.late, this.occurredAt, 0, null,
				this.cancels, now,
				this.occurredAt.isBefore(now.minus(Cut.AGE_MAX)) ? due.parked(Delivery.TOO_OLD, false, null) : due);
	}

}
