package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

import io.tallygate.core.AgencyId;
import io.tallygate.metering.Certainty;
import io.tallygate.stripe.MeterEvent;
import io.tallygate.stripe.MeterEventAnswer;
import io.tallygate.stripe.MeterEvents;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Does for one claimed meter event what its age and doubt ask for, and comes back with a
 * finding, whatever happens.
 */
final class Courier {

	private final Outbox outbox;

	private final MeterEvents stripe;

	private final Certainty certainty;

	private final Duration callTimeout;

	private final InstantSource clock;

	private final Scheduler scheduler;

	Courier(Outbox outbox, MeterEvents stripe, Certainty certainty, Duration callTimeout, InstantSource clock,
			Scheduler scheduler) {
		this.outbox = outbox;
		this.stripe = stripe;
		this.certainty = certainty;
		this.callTimeout = callTimeout;
		this.clock = clock;
		this.scheduler = scheduler;
	}

	/**
	 * Empty, and nothing is called, when the lease has lapsed: the row is another's by
	 * now; or when PostgreSQL may have lost what it says of it.
	 */
	Mono<Finding> carry(MeterEventRow row) {
		return this.certainty.becomesCertain().filter((certain) -> certain).flatMap((certain) -> {
			Instant now = this.clock.instant();
			return row.isHeld(now) ? carry(row, row.step(now)) : Mono.empty();
		});
	}

	private Mono<Finding> carry(MeterEventRow row, MeterEventRow.Step step) {
		return switch (step) {
			case SEND -> send(row);
			case READ_SUMMARIES -> summarise(row);
			case GIVE_UP -> Mono.just(new Finding.Expired());
		};
	}

	/** A call that is given up may still arrive: that is what {@code Unanswered} says. */
	private Mono<Finding> send(MeterEventRow row) {
		return call(row).timeout(this.callTimeout, this.scheduler)
			.onErrorResume((error) -> Mono.just(new MeterEventAnswer.Unanswered(error.toString())))
			.defaultIfEmpty(new MeterEventAnswer.Unanswered("no answer"))
			.map(Finding.Answered::new);
	}

	private Mono<MeterEventAnswer> call(MeterEventRow row) {
		MeterEvent event = row.event();
		String cancelled = row.cancels();
		return (cancelled == null) ? this.stripe.send(row.lane().agency(), event)
				: this.stripe.cancel(row.lane().agency(), event.eventName(), cancelled, event.idempotencyKey());
	}

	private Mono<Finding> summarise(MeterEventRow row) {
		Instant askedAt = this.clock.instant();
		AgencyId agency = row.lane().agency();
		Instant hour = row.hourAtStripe();
		return this.stripe
			.summary(agency, row.lane().meterId(), row.lane().customer(), hour, hour.plus(Duration.ofHours(1)))
			.timeout(this.callTimeout, this.scheduler)
			.flatMap((seen) -> this.outbox.known(row)
				.<Finding>map((known) -> new Finding.Summarised(seen, known, askedAt))
				.defaultIfEmpty(new Finding.Clouded(seen)))
			.onErrorResume((error) -> Mono.just(new Finding.NotSummarised(error.toString())));
	}

}
