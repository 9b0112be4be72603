package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Locale;

import io.tallygate.stripe.MeterEventAnswer;

/** What came of taking up a meter event. */
sealed interface Finding {

	/** A name for metrics. */
	String outcome();

	/**
	 * Whether it led to nothing, for no fault of the event: Stripe did not answer, or was
	 * busy, or could not be asked.
	 */
	default boolean isInVain() {
		return false;
	}

	/**
	 * Stripe was called.
	 *
	 * @param answer what it said, or that it did not
	 */
	record Answered(MeterEventAnswer answer) implements Finding {

		@Override
		public String outcome() {
			return this.answer.getClass()
				.getSimpleName()
				.replaceAll("(?<=[a-z])(?=[A-Z])", "_")
				.toLowerCase(Locale.ROOT);
		}

		@Override
		public boolean isInVain() {
			return this.answer instanceof MeterEventAnswer.Unanswered || this.answer instanceof MeterEventAnswer.Failed
					|| this.answer instanceof MeterEventAnswer.Busy;
		}

	}

	/**
	 * The event is in doubt and the summaries were read.
	 *
	 * @param seen what Stripe has aggregated in the event's hour
	 * @param known the delivered values of the lane in that hour
	 * @param askedAt when Stripe was asked: a process may stand still between an answer
	 * and its use
	 */
	record Summarised(BigDecimal seen, long known, Instant askedAt) implements Finding {

		/** Stripe has exactly what was delivered without the event. */
		static boolean lacks(BigDecimal seen, long known) {
			return seen.compareTo(BigDecimal.valueOf(known)) == 0;
		}

		/** Stripe has exactly what was delivered and the event. */
		static boolean has(BigDecimal seen, long known, long value) {
			return lacks(seen.subtract(BigDecimal.valueOf(value)), known);
		}

		@Override
		public String outcome() {
			return "summarised";
		}

	}

	/**
	 * The event is in doubt and the summaries were read, and they decide nothing: another
	 * event may be at Stripe that takes something away in the same hour.
	 *
	 * @param seen what Stripe has aggregated in the event's hour
	 */
	record Clouded(BigDecimal seen) implements Finding {

		@Override
		public String outcome() {
			return "clouded";
		}

	}

	/**
	 * The event is in doubt and the summaries could not be read.
	 *
	 * @param reason why
	 */
	record NotSummarised(String reason) implements Finding {

		@Override
		public String outcome() {
			return "not_summarised";
		}

		@Override
		public boolean isInVain() {
			return true;
		}

	}

	/** The event was too old to call Stripe at all. */
	record Expired() implements Finding {

		@Override
		public String outcome() {
			return "expired";
		}

	}

}
