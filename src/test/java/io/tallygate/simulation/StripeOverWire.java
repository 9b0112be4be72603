package io.tallygate.simulation;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;
import java.util.concurrent.TimeUnit;

import io.tallygate.core.AgencyId;
import io.tallygate.stripe.MeterEvent;
import io.tallygate.stripe.MeterEventAnswer;
import io.tallygate.stripe.MeterEvents;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Stripe as one process reaches it, in virtual time: calls take a while, and one in
 * twenty longer than the process waits.
 */
final class StripeOverWire implements MeterEvents {

	private static final int DELAY_MILLIS_MAX = 300;

	private static final int LONG_MILLIS = 40_000;

	private final StripeOracle stripe;

	private final Scheduler process;

	private final Scheduler server;

	private final Random random;

	private final Bug bug;

	private final InstantSource clock;

	StripeOverWire(StripeOracle stripe, Scheduler process, Scheduler server, Random random, Bug bug,
			InstantSource clock) {
		this.stripe = stripe;
		this.process = process;
		this.server = server;
		this.random = random;
		this.bug = bug;
		this.clock = clock;
	}

	@Override
	public Mono<MeterEventAnswer> send(AgencyId agency, MeterEvent event) {
		MeterEvent sent = mistaken(event);
		return Mono.<MeterEventAnswer>create((sink) -> {
			this.stripe.begin(sent);
			boolean isLate = this.random.nextInt(20) == 0;
			this.server.schedule(() -> {
				MeterEventAnswer answer = this.stripe.answer(sent);
				this.stripe.end(sent);
				this.process.schedule(() -> sink.success(mistaken(answer)),
						isLate ? LONG_MILLIS : this.random.nextInt(DELAY_MILLIS_MAX), TimeUnit.MILLISECONDS);
			}, this.random.nextInt(DELAY_MILLIS_MAX), TimeUnit.MILLISECONDS);
		});
	}

	private MeterEvent mistaken(MeterEvent e) {
		boolean isAgain = !e.idempotencyKey().endsWith(":0");
		return switch (isAgain ? this.bug : Bug.NONE) {
			case IDENTIFIER_RECOMPUTED -> new MeterEvent(e.eventName(), e.identifier() + "_again", e.customer(),
					e.value(), e.timestamp(), e.idempotencyKey());
			case DATED_WHEN_SENT -> new MeterEvent(e.eventName(), e.identifier(), e.customer(), e.value(),
					this.clock.instant(), e.idempotencyKey());
			case VALUE_GROWS_WHILE_SENDING -> new MeterEvent(e.eventName(), e.identifier(), e.customer(), e.value() + 1,
					e.timestamp(), e.idempotencyKey());
			default -> e;
		};
	}

	private MeterEventAnswer mistaken(MeterEventAnswer answer) {
		boolean isRefused = (this.bug == Bug.DUPLICATE_TAKEN_FOR_REFUSED
				&& answer instanceof MeterEventAnswer.Duplicate)
				|| (this.bug == Bug.FAILURE_TAKEN_FOR_REFUSAL && answer instanceof MeterEventAnswer.Failed);
		return isRefused ? new MeterEventAnswer.Refused("400", "mistaken", MeterEventAnswer.Fault.VALUE) : answer;
	}

	@Override
	public Mono<BigDecimal> summary(AgencyId agency, String meterId, String customer, Instant from, Instant to) {
		return Mono.create((sink) -> this.server.schedule(() -> {
			BigDecimal seen = this.stripe.summary(agency, meterId, customer, from, to).block();
			this.process.schedule(() -> sink.success(seen), this.random.nextInt(DELAY_MILLIS_MAX),
					TimeUnit.MILLISECONDS);
		}, this.random.nextInt(DELAY_MILLIS_MAX), TimeUnit.MILLISECONDS));
	}

}
