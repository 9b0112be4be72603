package io.tallygate.metering;

import java.time.Duration;
import java.util.Objects;

import io.tallygate.client.Limits;
import io.tallygate.client.Periods;
import io.tallygate.client.Terms;
import io.tallygate.client.UsagePeriod;
import io.tallygate.core.AgreedClock;
import io.tallygate.metering.Admission.Admitted;
import io.tallygate.metering.Admission.Rates;
import io.tallygate.metering.Counters.Bounds;
import io.tallygate.metering.Counters.Cap;
import io.tallygate.metering.Counters.Mark;
import io.tallygate.metering.Counters.Operation;
import io.tallygate.metering.Counters.Reply;
import io.tallygate.metering.Counters.Result;
import io.tallygate.metering.Counters.Standing;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Asks Redis for leave to relay, which marks the exchange open with the same call:
 * <ol>
 * <li>where the client has no limits it is simply marked;</li>
 * <li>otherwise limits are checked and reserved, by the script, for all replicas at
 * once;</li>
 * <li>where Redis does not know what was used, because it lost it or the period is new,
 * PostgreSQL is asked and Redis told;</li>
 * <li>where Redis is just being asked who it is, it is waited for: PostgreSQL's credit is
 * less exact;</li>
 * <li>where a cap is reached while entries are on their way to PostgreSQL, it is looked
 * at again in a moment: one of them is counted twice from the time that PostgreSQL's
 * total has it until it is acknowledged.</li>
 * </ol>
 */
class Admissions {

	/** About what an acknowledgement takes. */
	private static final Duration MOMENT = Duration.ofMillis(20);

	private static final int QUESTIONS_MAX = 12;

	/** The pause between two doubles each time: a third of a second in all. */
	private static final int LOOKS_MAX = 5;

	/**
	 * What is new since Redis is known to count may be taken for nothing after so long.
	 */
	private static final Duration POSTGRES_MAX = Duration.ofMillis(50);

	private final RunningTotals totals;

	private final LedgerWriter ledger;

	private final Periods periods;

	private final OccurrenceClock clock;

	private final AgreedClock agreed;

	private final Scheduler scheduler;

	/**
	 * Since when Redis counts under its generation, as far as we know, by the counter
	 * that nobody sets: nobody may have told the time yet.
	 */
	private volatile @Nullable Long countsSince;

	Admissions(RunningTotals totals, LedgerWriter ledger, Periods periods, OccurrenceClock clock, AgreedClock agreed,
			Scheduler scheduler) {
		this.totals = totals;
		this.ledger = ledger;
		this.periods = periods;
		this.clock = clock;
		this.agreed = agreed;
		this.scheduler = scheduler;
	}

	/** Redis counts under a generation that we have not seen before. */
	void newGeneration() {
		this.countsSince = this.agreed.nanos();
	}

	/**
	 * Leave, or a refusal.
	 * @param mark of the exchange
	 * @param opening the exchange
	 * @throws RuntimeException (as the Mono's error) when Redis does not say
	 */
	Mono<Admission> open(Mark mark, Opening opening) {
		if (opening.terms().limits().refuseNothing()) {
			return this.totals.submit(new Operation.Open(mark)).flatMap(Admissions::marked);
		}
		return ask(
				new Question(mark, opening, this.periods.at(opening.terms().client(), this.clock.now()), null, 1, 1));
	}

	private static Mono<Admission> marked(Reply reply) {
		return switch (reply.result()) {
			case APPLIED, APPLIED_WITHOUT_MARK, KNOWN -> Mono.just(Admitted.UNLIMITED);
			default -> Mono.error(new IllegalStateException("Redis answered " + reply.result()));
		};
	}

	private Mono<Admission> ask(Question question) {
		return this.totals.submit(new Operation.Open(question.mark(), question.bounds()))
			.onErrorResume((error) -> Mono.just(new Reply(Result.REFUSED, null, error.getMessage())))
			.flatMap((reply) -> answer(question, reply));
	}

	private Mono<Admission> askIn(Duration pause, Question question) {
		return Mono.delay(pause, this.scheduler).flatMap((moment) -> ask(question));
	}

	private Mono<Admission> answer(Question question, Reply reply) {
		return switch (reply.result()) {
			case APPLIED, APPLIED_WITHOUT_MARK, KNOWN -> Mono.just(new Admitted(question.rates(reply)));
			case RATE_EXCEEDED -> Mono.just(question.rateExceeded(reply));
			case CAP_REACHED -> isSettling(question, reply) && question.looks() < LOOKS_MAX
					? askIn(MOMENT.multipliedBy(1L << (question.looks() - 1)), question.lookingAgain())
					: Mono.just(question.capReached(reply));
			case USE_UNKNOWN -> question.times() < QUESTIONS_MAX
					? used(question).flatMap((known) -> ask(question.again().knowing(known)))
					: Mono.error(new IllegalStateException("Redis goes on forgetting what was used"));
			case OTHER_GENERATION, REFUSED -> this.totals.isBeingAsked() && question.times() < QUESTIONS_MAX
					? askIn(MOMENT, question.again())
					: Mono.error(new IllegalStateException("Redis answered " + reply.result() + ": " + reply.error()));
		};
	}

	/** Whether the cap is reached only if no pending entry is counted twice. */
	private static boolean isSettling(Question question, Reply reply) {
		Standing standing = reply.standing();
		Long hard = question.opening().terms().limits().hardQuantity();
		return standing != null && hard != null && standing.base() + standing.reserved() < hard;
	}

	/**
	 * A period that began under our eyes has nothing but what Redis counted, so that
	 * PostgreSQL may be away when it begins.
	 */
	private Mono<PeriodUsage> used(Question question) {
		UsageKey key = question.usage();
		Mono<PeriodUsage> used = this.ledger.used(key);
		return beganUnderOurEyes(question.period())
				? used.timeout(POSTGRES_MAX, this.scheduler).onErrorReturn(PeriodUsage.nothingYet(key)) : used;
	}

	private boolean beganUnderOurEyes(UsagePeriod period) {
		Long since = this.countsSince;
		return since != null && period.start().isAfter(this.agreed.instant().minusNanos(this.agreed.nanos() - since));
	}

	/**
	 * One exchange and its client's limits.
	 *
	 * @param mark of the exchange
	 * @param opening the exchange
	 * @param period that it falls into now
	 * @param known what PostgreSQL said was used, once it was asked
	 * @param times how often Redis is asked, this time included
	 * @param looks how often it is looked at whether the cap is reached
	 */
	private record Question(Mark mark, Opening opening, UsagePeriod period, @Nullable PeriodUsage known, int times,
			int looks) {

		Question again() {
			return new Question(this.mark, this.opening, this.period, this.known, this.times + 1, this.looks);
		}

		Question lookingAgain() {
			return new Question(this.mark, this.opening, this.period, this.known, this.times, this.looks + 1);
		}

		Question knowing(PeriodUsage used) {
			return new Question(this.mark, this.opening, this.period, used, this.times, this.looks);
		}

		UsageKey usage() {
			Terms terms = this.opening.terms();
			return new UsageKey(terms.client(), terms.policy().chargeBy(), this.period.start());
		}

		Bounds bounds() {
			Limits limits = limits();
			Long hard = limits.hardQuantity();
			return new Bounds((hard != null) ? new Cap(usage(), hard, this.known) : null, limits.requestsPerMinute(),
					limits.tokensPerMinute(), this.opening.tokensReserved());
		}

		Rates rates(Reply reply) {
			Standing standing = reply.standing();
			return (standing != null) ? this.opening.rates(standing.requests(), standing.tokens()) : Rates.NONE;
		}

		Admission capReached(Reply reply) {
			Standing standing = Objects.requireNonNull(reply.standing());
			return this.opening.capReached(standing.used(), standing.reserved(), this.period, rates(reply));
		}

		Admission rateExceeded(Reply reply) {
			Standing standing = Objects.requireNonNull(reply.standing());
			return this.opening.rateExceeded(standing.requests(), standing.tokens());
		}

		private Limits limits() {
			return this.opening.terms().limits();
		}

	}

}
