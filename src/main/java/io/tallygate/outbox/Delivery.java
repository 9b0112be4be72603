package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Locale;

import org.jspecify.annotations.Nullable;

/**
 * How far a meter event has come: all that may change about it. Each method is one step
 * and says what it leaves behind.
 *
 * @param state where it stands
 * @param reason why it is parked
 * @param stopsLane whether the lane waits for a person, because the next event would fare
 * no better
 * @param attempts how often it was taken up; with the owner it tells a late result from a
 * current one
 * @param idempotencyN ends the Idempotency-Key: rises after an answer, stays without one
 * @param hold who is at it now
 * @param nextAttemptAt when it may be taken up
 * @param lastAttemptAt when Stripe was last called
 * @param doubt whether Stripe may have it although we were not told
 * @param lastError what was last said against it
 * @param deliveredAt when it was known that Stripe has it
 */
public record Delivery(State state, @Nullable String reason, boolean stopsLane, int attempts, int idempotencyN,
		@Nullable Hold hold, Instant nextAttemptAt, @Nullable Instant lastAttemptAt, @Nullable Doubt doubt,
		@Nullable String lastError, @Nullable Instant deliveredAt) {

	/** Parked: Stripe takes nothing that is older than 35 days. */
	static final String TOO_OLD = "too_old";

	/** Parked: the summaries do not say whether Stripe has it. */
	static final String IN_DOUBT = "doubt";

	/** Parked: Stripe does not count it although it had accepted it. */
	static final String MISSING = "missing";

	/** Parked: a person gave it up. */
	static final String DISCARDED = "discarded";

	/** Where a meter event stands. */
	public enum State {

		DUE, SENDING, DELIVERED, PARKED, REPLACED;

		/** The name in JSON and in the database: lower case. */
		public String text() {
			return name().toLowerCase(Locale.ROOT);
		}

		static State of(String text) {
			return valueOf(text.toUpperCase(Locale.ROOT));
		}

	}

	/**
	 * Who is at it.
	 *
	 * @param owner an instance of the gateway
	 * @param until after that anybody may take it up
	 */
	public record Hold(String owner, Instant until) {
	}

	/**
	 * Stripe was called and we do not know with what result.
	 *
	 * @param since the first attempt without a definite answer
	 * @param summarySeen what Stripe had aggregated at the first reading
	 * @param summarySeenAt when that was read
	 */
	public record Doubt(Instant since, @Nullable BigDecimal summarySeen, @Nullable Instant summarySeenAt) {
	}

	static Delivery due(Instant now) {
		return new Delivery(State.DUE, null, false, 0, 0, null, now, null, null, null, null);
	}

	/** Taken up, for whatever its age and doubt ask for. */
	Delivery taken(Hold by) {
		return new Delivery(State.SENDING, null, false, this.attempts + 1, this.idempotencyN, by, this.nextAttemptAt,
				this.lastAttemptAt, this.doubt, this.lastError, this.deliveredAt);
	}

	/**
	 * About to call Stripe. Committed before the call: if we die in it, the doubt is
	 * already written down.
	 */
	Delivery calling(Instant now) {
		return with(this.idempotencyN, now, (this.doubt != null) ? this.doubt : new Doubt(now, null, null));
	}

	/** An answer came, so the next attempt must not be answered from its memory. */
	Delivery withNextKey() {
		return with(this.idempotencyN + 1, this.lastAttemptAt, this.doubt);
	}

	/**
	 * The last attempt is known to have changed nothing; doubt about earlier ones stays.
	 */
	Delivery withoutDoubtOfLastAttempt() {
		boolean firstInDoubt = this.doubt != null && this.doubt.since().equals(this.lastAttemptAt);
		return firstInDoubt ? withoutDoubt() : this;
	}

	/** Known not to be at Stripe. */
	Delivery withoutDoubt() {
		return with(this.idempotencyN, this.lastAttemptAt, null);
	}

	/** What Stripe had aggregated at the first reading, or {@code null} to read anew. */
	Delivery withSummary(@Nullable BigDecimal seen, @Nullable Instant at) {
		return (this.doubt != null)
				? with(this.idempotencyN, this.lastAttemptAt, new Doubt(this.doubt.since(), seen, at)) : this;
	}

	/** Waits for its next attempt. */
	Delivery dueAgain(Instant at, @Nullable String error) {
		return new Delivery(State.DUE, null, false, this.attempts, this.idempotencyN, null, at, this.lastAttemptAt,
				this.doubt, error, this.deliveredAt);
	}

	/**
	 * Stripe does not count what it had accepted, so it is sent again under the same
	 * identifier. Stripe may have known that since {@code first}.
	 */
	Delivery reopened(Instant first, Instant now) {
		return new Delivery(State.DUE, null, false, this.attempts, this.idempotencyN, null, now, this.lastAttemptAt,
				new Doubt(first, null, null), "Stripe's summaries lack it", this.deliveredAt);
	}

	/** Stripe has it. */
	Delivery delivered(Instant at) {
		return new Delivery(State.DELIVERED, null, false, this.attempts, this.idempotencyN, null, this.nextAttemptAt,
				this.lastAttemptAt, null, null, at);
	}

	/** Waits for a person. */
	Delivery parked(String why, boolean stops, @Nullable String error) {
		return new Delivery(State.PARKED, why, stops, this.attempts, this.idempotencyN, null, this.nextAttemptAt,
				this.lastAttemptAt, this.doubt, error, this.deliveredAt);
	}

	/** A successor has its units. */
	Delivery replaced() {
		return new Delivery(State.REPLACED, this.reason, false, this.attempts, this.idempotencyN, null,
				this.nextAttemptAt, this.lastAttemptAt, this.doubt, this.lastError, this.deliveredAt);
	}

	private Delivery with(int key, @Nullable Instant attemptAt, @Nullable Doubt inDoubt) {
		return new Delivery(this.state, this.reason, this.stopsLane, this.attempts, key, this.hold, this.nextAttemptAt,
				attemptAt, inDoubt, this.lastError, this.deliveredAt);
	}

}
