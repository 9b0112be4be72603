package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;

import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;
import io.tallygate.stripe.MeterEvent;
import org.jspecify.annotations.Nullable;

/**
 * A meter event of the outbox: units of one client and epoch on their way to Stripe. Only
 * {@link #delivery} ever changes.
 *
 * @param id ours
 * @param lane its way to Stripe
 * @param client who is billed
 * @param epoch the client's epoch
 * @param kind why it is sent
 * @param identifier by which Stripe knows a repeat
 * @param value units, or the quantity with {@code report: usage}; negative where a
 * correction takes something away
 * @param fromUnit the account's cut before it
 * @param toUnit the account's cut with it
 * @param bucketHour the UTC hour in which its units were completed
 * @param bucketPeriod the billing period of its bucket, where known
 * @param bucketFrom the bucket's cut before it
 * @param bucketTo the bucket's cut with it
 * @param late whether it is dated into a later period, because the invoice of its own has
 * left draft
 * @param occurredAt its timestamp at Stripe
 * @param successor how many rows had these units before
 * @param replaces the last of them
 * @param cancels the identifier of the meter event that it takes back at Stripe, instead
 * of reporting its value
 * @param createdAt when it was cut
 * @param delivery how far it has come
 */
public record MeterEventRow(MeterEventId id, Lane lane, ClientId client, int epoch, Kind kind, String identifier,
		long value, long fromUnit, long toUnit, Instant bucketHour, @Nullable Instant bucketPeriod, long bucketFrom,
		long bucketTo, boolean late, Instant occurredAt, int successor, @Nullable MeterEventId replaces,
		@Nullable String cancels, Instant createdAt, Delivery delivery) {

	/** Stripe takes no timestamp further back. */
	static final Duration AGE_MAX = Duration.ofDays(35);

	/** Stripe knows an identifier for at least 24 hours; an hour of that is ours. */
	static final Duration DOUBT_MAX = Duration.ofHours(23);

	/** Why a meter event is sent. */
	public enum Kind {

		/** Units that an account completed. */
		UNITS,
		/** A correction by a person. */
		ADJUSTMENT,
		/** To see that the set-up works. */
		TEST,
		/** Found at Stripe after PostgreSQL had lost it. */
		RECOVERED;

		/** The name in JSON and in the database: lower case. */
		public String text() {
			return name().toLowerCase(Locale.ROOT);
		}

		static Kind of(String text) {
			return valueOf(text.toUpperCase(Locale.ROOT));
		}

	}

	/** What the next attempt has to do. */
	enum Step {

		/** Hand it to Stripe. */
		SEND,
		/** Stripe may have forgotten the identifier: its summaries decide. */
		READ_SUMMARIES,
		/** Stripe would refuse it. */
		GIVE_UP

	}

	/**
	 * The identifier of these units, the same whoever cuts them; at most 91 characters.
	 */
	static String identifier(ClientId client, int epoch, long fromUnit, long toUnit, int successor) {
		String body = client.value().substring(client.value().length() - Ids.BODY_LENGTH);
		return "tg_" + body + "_" + epoch + "_" + fromUnit + "_" + toUnit + "_" + successor;
	}

	/**
	 * The identifier of what no account completed: it says what it is, and is unlike any
	 * other because the row's id is.
	 */
	static String identifier(Kind kind, MeterEventId id) {
		return "tg_" + kind.text() + "_" + id.value().substring(id.value().length() - Ids.BODY_LENGTH);
	}

	Step step(Instant now) {
		if (this.occurredAt.isBefore(now.minus(AGE_MAX))) {
			return Step.GIVE_UP;
		}
		Delivery.Doubt doubt = this.delivery.doubt();
		boolean doubtIsOld = doubt != null && !doubt.since().plus(DOUBT_MAX).isAfter(now);
		return doubtIsOld ? Step.READ_SUMMARIES : Step.SEND;
	}

	/**
	 * Taken up by {@code hold}'s owner, as it must be committed before anything is done.
	 */
	MeterEventRow taken(Delivery.Hold hold, Instant now) {
		Delivery taken = this.delivery.taken(hold);
		return with((step(now) == Step.SEND) ? taken.calling(now) : taken);
	}

	/** What Stripe is sent. */
	MeterEvent event() {
		return new MeterEvent(this.lane.eventName(), this.identifier, this.lane.customer(), this.value, this.occurredAt,
				this.identifier + ":" + this.delivery.idempotencyN());
	}

	/** The row that takes over these units under a new identifier. */
	MeterEventRow successor(MeterEventId newId, Instant now) {
		int number = this.successor + 1;
		boolean ofAccount = this.kind == Kind.UNITS || this.kind == Kind.RECOVERED;
		String next = ofAccount ? identifier(this.client, this.epoch, this.fromUnit, this.toUnit, number)
				: identifier(this.kind, newId);
		return new MeterEventRow(newId, this.lane, this.client, this.epoch, this.kind, next, this.value, this.fromUnit,
				this.toUnit, this.bucketHour, this.bucketPeriod, this.bucketFrom, this.bucketTo, this.late,
				this.occurredAt, number, this.id, this.cancels, now, Delivery.due(now));
	}

	/** The UTC hour in which Stripe counts it. */
	Instant hourAtStripe() {
		return this.occurredAt.truncatedTo(ChronoUnit.HOURS);
	}

	/** Whether somebody is at it whose lease has not lapsed. */
	boolean isHeld(Instant now) {
		Delivery.Hold hold = this.delivery.hold();
		return is(Delivery.State.SENDING) && hold != null && hold.until().isAfter(now);
	}

	boolean is(Delivery.State state) {
		return this.delivery.state() == state;
	}

	MeterEventRow with(Delivery next) {
		return new MeterEventRow(this.id, this.lane, this.client, this.epoch, this.kind, this.identifier, this.value,
				this.fromUnit, this.toUnit, this.bucketHour, this.bucketPeriod, this.bucketFrom, this.bucketTo,
				this.late, this.occurredAt, this.successor, this.replaces, this.cancels, this.createdAt, next);
	}

}
