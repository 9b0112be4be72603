package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;

import io.tallygate.stripe.MeterEvents;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Settles the lanes after PostgreSQL has lost commits, in rounds:
 * <ol>
 * <li>once the entries are back, the lanes and hours are listed in which Stripe may have
 * more than the outbox knows;</li>
 * <li>of each lane Stripe's summaries are read, and again some minutes later;</li>
 * <li>two equal readings settle an hour ({@link Recovered}); a lane whose hours are
 * settled goes on.</li>
 * </ol>
 * Any instance may do any of it, and several at once.
 */
final class Recovery {

	private static final Logger log = LoggerFactory.getLogger(Recovery.class);

	/** Calls that were under way when the loss was found have ended by then. */
	static final Duration FIRST_READING_AFTER = Duration.ofMinutes(1);

	private static final int LANES_AT_ONCE = 500;

	private static final int READINGS_AT_ONCE = 8;

	private final Outbox outbox;

	private final MeterEvents stripe;

	private final InstantSource clock;

	Recovery(Outbox outbox, MeterEvents stripe, InstantSource clock) {
		this.outbox = outbox;
		this.stripe = stripe;
		this.clock = clock;
	}

	/** One round; nothing to do is one query. */
	Mono<Void> round() {
		return this.outbox.doubtfulLanes(this.clock.instant(), LANES_AT_ONCE)
			.flatMapIterable((lanes) -> lanes)
			.flatMap(this::settle, READINGS_AT_ONCE)
			.then();
	}

	/**
	 * A reading is as old as its question: the process may have stood still since.
	 */
	private Mono<Void> settle(DoubtfulLane doubtful) {
		Instant askedAt = this.clock.instant();
		return readings(doubtful).flatMap((seen) -> this.outbox.settle(doubtful, seen, askedAt))
			.doOnNext((settled) -> settled.forEach((hour) -> tell(doubtful.lane(), hour)))
			.onErrorResume((error) -> {
				log.warn("Lane {} could not be settled; the next round tries again: {}", doubtful.lane().id(),
						error.getMessage());
				return Mono.empty();
			})
			.then();
	}

	private Mono<Map<Instant, BigDecimal>> readings(DoubtfulLane doubtful) {
		Lane lane = doubtful.lane();
		List<Instant> hours = doubtful.hours().stream().map(DoubtfulLane.Hour::hour).toList();
		return this.stripe.summaries(lane.agency(), lane.meterId(), lane.customer(), hours);
	}

	private static void tell(Lane lane, Settled settled) {
		Recovered outcome = settled.outcome();
		if (outcome.delivered() > 0 || outcome.recovered() > 0 || outcome.excess() > 0) {
			log.warn(
					"Lane {} at {}: Stripe had {} units of unfinished meter events and {} of lost ones; {} have no ledger line",
					lane.id(), settled.hour(), outcome.delivered(), outcome.recovered(), outcome.excess());
		}
	}

	/** Rounds, one after the other, until nobody listens any more. */
	Flux<Void> rounds(Duration pause, reactor.core.scheduler.Scheduler scheduler) {
		return Mono.defer(this::round).onErrorResume((error) -> {
			log.warn("Lanes that are in doubt could not be looked at: {}", error.getMessage());
			return Mono.empty();
		}).repeatWhen((rounds) -> rounds.concatMap((done) -> Mono.delay(pause, scheduler)));
	}

	/**
	 * What became of an hour.
	 *
	 * @param hour when it begins
	 * @param outcome what was found
	 */
	record Settled(Instant hour, Recovered outcome) {
	}

}
