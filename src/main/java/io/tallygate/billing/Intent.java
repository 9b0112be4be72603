package io.tallygate.billing;

import java.time.Instant;
import java.util.Locale;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.Ids;
import io.tallygate.core.Row;
import io.tallygate.stripe.StripeProblem;
import io.tallygate.stripe.StripeWrite;

/**
 * Something that a request makes at Stripe.
 *
 * @param requestId of the request's first attempt
 * @param step which of the things that it makes
 * @param state how far it has come
 * @param attempt ends the idempotency key: it rises after an answer that made nothing,
 * and stays where none came
 * @param begunAt before Stripe was first called
 */
record Intent(String requestId, String step, State state, int attempt, Instant begunAt) {

	/** How far it has come. */
	enum State {

		/** Stripe was called, or is about to be; whether it answered is not known. */
		CALLING,
		/** Stripe said that it is made. */
		MADE,
		/** Stripe said that it is not made, and why. */
		REFUSED,
		/**
		 * Stripe failed, perhaps after it was made, and remembers only that it failed.
		 */
		DOUBT;

		String text() {
			return name().toLowerCase(Locale.ROOT);
		}

	}

	static Intent of(Readable row) {
		return new Intent(Row.text(row, "request_id"), Row.text(row, "step"),
				State.valueOf(Row.text(row, "state").toUpperCase(Locale.ROOT)), Row.get(row, "attempt", Integer.class),
				Row.get(row, "created_at", Instant.class));
	}

	static Intent begun(AdminRequest request, String step, Instant now) {
		return new Intent(request.id().value(), step, State.CALLING, 0, now);
	}

	/** The next call to Stripe for it. */
	StripeWrite write() {
		String body = this.requestId.substring(this.requestId.length() - Ids.BODY_LENGTH);
		return new StripeWrite("tg_" + body + "_" + this.step + "_" + this.attempt, this.requestId + "." + this.step,
				this.begunAt);
	}

	/** Under a fresh key, because Stripe would repeat what it said to the last one. */
	Intent again() {
		return with(State.CALLING, this.attempt + 1);
	}

	Intent made() {
		return with(State.MADE, this.attempt);
	}

	/** What a call that made nothing for certain leaves behind. */
	Intent after(StripeProblem problem) {
		return switch (problem.kind()) {
			case KEY_REFUSED, NOT_FOUND, REFUSED -> with(State.REFUSED, this.attempt);
			case FAILED -> with(State.DOUBT, this.attempt);
			case NOT_CONNECTED, NOT_SENT, BUSY, UNANSWERED -> this;
		};
	}

	/** Whether Stripe's answer to the last call is known. */
	boolean isAnswered() {
		return this.state == State.REFUSED || this.state == State.DOUBT;
	}

	private Intent with(State next, int number) {
		return new Intent(this.requestId, this.step, next, number, this.begunAt);
	}

}
