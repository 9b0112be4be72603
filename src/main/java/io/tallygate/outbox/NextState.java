package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.random.RandomGenerator;

import io.tallygate.stripe.MeterEventAnswer;
import org.jspecify.annotations.Nullable;

/**
 * What follows from a finding:
 * <ul>
 * <li>accepted, or known already: delivered;</li>
 * <li>busy, failed, no answer: again under the same identifier, later and later;</li>
 * <li>the key refused: again when the agency has seen to its key, until then none of its
 * events is sent;</li>
 * <li>refused for itself: parked, and with it the lane where the next event would fare no
 * better;</li>
 * <li>in doubt for too long: sent again when two readings of the summaries lack it,
 * delivered when two have it, else parked.</li>
 * </ul>
 * When in doubt this under-reports: a missing unit can be repaired for 35 days.
 *
 * @param delivery of the meter event
 * @param pauses why the agency's delivery stops, if it does
 */
record NextState(Delivery delivery, @Nullable String pauses) {

	static final Duration RETRY_DELAY_BASE = Duration.ofSeconds(1);

	static final Duration RETRY_DELAY_MAX = Duration.ofMinutes(15);

	/** Between two readings of the summaries: Stripe aggregates with some delay. */
	static final Duration READINGS_APART = Duration.ofMinutes(5);

	static NextState after(MeterEventRow row, Finding finding, Instant now, RandomGenerator random) {
		Delivery delivery = row.delivery();
		if (finding instanceof Finding.Answered answered) {
			return afterAnswer(delivery, answered.answer(), now, random);
		}
		if (finding instanceof Finding.Summarised summarised) {
			return new NextState(afterSummary(row, summarised, now), null);
		}
		if (finding instanceof Finding.Clouded clouded) {
			return new NextState(delivery.withSummary(clouded.seen(), null)
				.parked(Delivery.IN_DOUBT, true, "A parked meter event may take something away in the same hour, where "
						+ "Stripe has aggregated " + clouded.seen().toPlainString()),
					null);
		}
		if (finding instanceof Finding.NotSummarised unread) {
			return new NextState(delivery.dueAgain(now.plus(delay(delivery.attempts(), random)), unread.reason()),
					null);
		}
		return new NextState(delivery.parked(Delivery.TOO_OLD, false, delivery.lastError()), null);
	}

	private static NextState afterAnswer(Delivery delivery, MeterEventAnswer answer, Instant now,
			RandomGenerator random) {
		Duration delay = delay(delivery.attempts(), random);
		if (answer instanceof MeterEventAnswer.Unanswered unanswered) {
			return new NextState(delivery.dueAgain(now.plus(delay), unanswered.reason()), null);
		}
		Delivery answered = delivery.withNextKey();
		if (answer instanceof MeterEventAnswer.Failed failed) {
			return new NextState(answered.dueAgain(now.plus(delay), failed.reason()), null);
		}
		Delivery certain = answered.withoutDoubtOfLastAttempt();
		if (answer instanceof MeterEventAnswer.Busy busy) {
			return new NextState(certain.dueAgain(now.plus(asked(busy.retryAfter(), delay)), busy.reason()), null);
		}
		if (answer instanceof MeterEventAnswer.KeyRefused key) {
			// Soon again, for when the key has been replaced meanwhile; else the agency's
			// pause holds it.
			return new NextState(certain.dueAgain(now.plus(RETRY_DELAY_BASE), key.reason()), key.reason());
		}
		if (answer instanceof MeterEventAnswer.Refused refused) {
			return new NextState(refused(certain, refused), null);
		}
		return new NextState(answered.delivered(now), null);
	}

	/** Parked for itself, at once or by Stripe's later word. */
	static Delivery refused(Delivery delivery, MeterEventAnswer.Refused refused) {
		boolean stops = switch (refused.kind()) {
			case CUSTOMER, METER -> true;
			case AGE, VALUE -> false;
		};
		String fault = refused.kind().name().toLowerCase(Locale.ROOT);
		return delivery.parked(fault + ": " + refused.code(), stops, refused.reason());
	}

	private static Delivery afterSummary(MeterEventRow row, Finding.Summarised reading, Instant now) {
		Delivery delivery = row.delivery();
		Delivery.Doubt doubt = delivery.doubt();
		boolean lacks = Finding.Summarised.lacks(reading.seen(), reading.known());
		boolean has = Finding.Summarised.has(reading.seen(), reading.known(), row.value());
		if (doubt == null || !(lacks || has)) {
			return undecided(delivery, reading);
		}
		BigDecimal before = doubt.summarySeen();
		Instant beforeAt = doubt.summarySeenAt();
		if (before == null || beforeAt == null || !isAfter(beforeAt, delivery.lastAttemptAt())) {
			return delivery.withSummary(reading.seen(), reading.askedAt())
				.dueAgain(reading.askedAt().plus(READINGS_APART), delivery.lastError());
		}
		if (beforeAt.plus(READINGS_APART).isAfter(reading.askedAt())) {
			return delivery.dueAgain(beforeAt.plus(READINGS_APART), delivery.lastError());
		}
		if (before.compareTo(reading.seen()) != 0) {
			return undecided(delivery, reading);
		}
		return has ? delivery.delivered(now) : delivery.withoutDoubt().dueAgain(now, delivery.lastError());
	}

	private static boolean isAfter(Instant reading, @Nullable Instant attempt) {
		return attempt == null || reading.isAfter(attempt);
	}

	private static Delivery undecided(Delivery delivery, Finding.Summarised reading) {
		return delivery.withSummary(reading.seen(), null)
			.parked(Delivery.IN_DOUBT, true, "Stripe has aggregated " + reading.seen().toPlainString()
					+ " in the event's hour, delivered without it are " + reading.known());
	}

	/** Stripe's own wish, within our bound, and never all at the same moment. */
	private static Duration asked(@Nullable Duration retryAfter, Duration delay) {
		if (retryAfter == null) {
			return delay;
		}
		Duration bounded = (retryAfter.compareTo(RETRY_DELAY_MAX) < 0) ? retryAfter : RETRY_DELAY_MAX;
		return (bounded.compareTo(delay) < 0) ? delay : bounded;
	}

	/** Doubles with each attempt up to the bound; half of it is chance. */
	static Duration delay(int attempts, RandomGenerator random) {
		long doubled = RETRY_DELAY_BASE.toMillis() << Math.max(0, Math.min(attempts - 1, 20));
		long most = Math.min(doubled, RETRY_DELAY_MAX.toMillis());
		return Duration.ofMillis(most / 2 + random.nextLong(most / 2 + 1));
	}

}
