package io.tallygate.simulation;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

import io.tallygate.core.AgencyId;
import io.tallygate.stripe.MeterEvent;
import io.tallygate.stripe.MeterEventAnswer;
import io.tallygate.stripe.MeterEvents;
import reactor.core.publisher.Mono;

/**
 * What Stripe would charge, and whether its rules were kept: an identifier counts once in
 * 24 hours, a stored answer is replayed for its Idempotency-Key, timestamps reach 35 days
 * back and 5 minutes ahead, a customer and meter take one call at a time, and what was
 * accepted shows in the summaries after a while. It fails as it is told to.
 */
public final class StripeOracle implements MeterEvents {

	private static final Duration REMEMBERS = Duration.ofHours(24);

	private static final Duration BACK_MAX = Duration.ofDays(35);

	private static final Duration AHEAD_MAX = Duration.ofMinutes(5);

	/** What goes wrong with a call. */
	public enum Mishap {

		NONE, BUSY, FAILED_BEFORE, FAILED_AFTER, LOST_BEFORE, LOST_AFTER, KEY_REFUSED, AWAY;

		/** Those that say nothing about the next call. */
		public static final Mishap[] OF_ONE_CALL = { BUSY, FAILED_BEFORE, FAILED_AFTER, LOST_BEFORE, LOST_AFTER };

	}

	private final InstantSource clock;

	private final Supplier<Mishap> mishaps;

	private final Supplier<Duration> summariesLag;

	private final Map<String, Instant> identifiers = new HashMap<>();

	private final Map<String, MeterEvent> firstSent = new HashMap<>();

	private final Set<String> failedKeys = new HashSet<>();

	private final Set<String> calls = new HashSet<>();

	private final List<Taken> accepted = new ArrayList<>();

	private final List<String> brokenRules = new ArrayList<>();

	private record Taken(MeterEvent event, Instant at) {
	}

	/** One whose summaries are always up to date. */
	public StripeOracle(InstantSource clock, Supplier<Mishap> mishaps) {
		this(clock, mishaps, () -> Duration.ZERO);
	}

	/**
	 * One whose summaries lag.
	 * @param summariesLag how old an event must be to be seen by a reading
	 */
	public StripeOracle(InstantSource clock, Supplier<Mishap> mishaps, Supplier<Duration> summariesLag) {
		this.clock = clock;
		this.mishaps = mishaps;
		this.summariesLag = summariesLag;
	}

	@Override
	public Mono<MeterEventAnswer> send(AgencyId agency, MeterEvent event) {
		return Mono.fromSupplier(() -> answer(event));
	}

	/** The same, where the call takes its time. */
	public Mono<MeterEventAnswer> sendSlowly(MeterEvent event, Mono<?> delay) {
		return Mono.fromRunnable(() -> begin(event))
			.then(delay)
			.then(Mono.fromSupplier(() -> answer(event)))
			.doFinally((signal) -> end(event));
	}

	/** A call has arrived, and is not answered yet. */
	public synchronized void begin(MeterEvent event) {
		if (!this.calls.add(lane(event))) {
			this.brokenRules.add("two calls at once for " + lane(event));
		}
	}

	/** A call ends. */
	public synchronized void end(MeterEvent event) {
		this.calls.remove(lane(event));
	}

	/** What Stripe does with a call. */
	public synchronized MeterEventAnswer answer(MeterEvent event) {
		Mishap mishap = this.mishaps.get();
		return switch (mishap) {
			case LOST_BEFORE, AWAY -> new MeterEventAnswer.Unanswered("connection reset");
			case BUSY -> new MeterEventAnswer.Busy("rate_limit", Duration.ofSeconds(1));
			case KEY_REFUSED -> new MeterEventAnswer.KeyRefused("revoked");
			case FAILED_BEFORE -> {
				this.failedKeys.add(event.idempotencyKey());
				yield new MeterEventAnswer.Failed("500");
			}
			case FAILED_AFTER -> {
				take(event);
				this.failedKeys.add(event.idempotencyKey());
				yield new MeterEventAnswer.Failed("500");
			}
			case LOST_AFTER -> {
				take(event);
				yield new MeterEventAnswer.Unanswered("connection reset");
			}
			case NONE -> this.failedKeys.contains(event.idempotencyKey()) ? new MeterEventAnswer.Failed("replayed 500")
					: take(event);
		};
	}

	private MeterEventAnswer take(MeterEvent event) {
		MeterEvent first = this.firstSent.putIfAbsent(event.identifier(), event);
		if (first != null && (first.value() != event.value() || !first.timestamp().equals(event.timestamp())
				|| !first.customer().equals(event.customer()))) {
			this.brokenRules.add(event.identifier() + " was changed");
		}
		Instant now = this.clock.instant();
		if (event.timestamp().isBefore(now.minus(BACK_MAX)) || event.timestamp().isAfter(now.plus(AHEAD_MAX))) {
			return new MeterEventAnswer.Refused("timestamp", "The timestamp " + event.timestamp() + " at " + now,
					MeterEventAnswer.Fault.AGE);
		}
		Instant known = this.identifiers.get(event.identifier());
		if (known != null && known.plus(REMEMBERS).isAfter(now)) {
			return new MeterEventAnswer.Duplicate();
		}
		this.identifiers.put(event.identifier(), now);
		this.accepted.add(new Taken(event, now));
		return new MeterEventAnswer.Accepted();
	}

	@Override
	public Mono<BigDecimal> summary(AgencyId agency, String meterId, String customer, Instant from, Instant to) {
		return Mono.fromSupplier(() -> aggregate(customer, from, to));
	}

	private synchronized BigDecimal aggregate(String customer, Instant from, Instant to) {
		Instant seen = this.clock.instant().minus(this.summariesLag.get());
		return BigDecimal.valueOf(this.accepted.stream()
			.filter((taken) -> !taken.at().isAfter(seen))
			.map(Taken::event)
			.filter((event) -> event.customer().equals(customer))
			.filter((event) -> !event.timestamp().isBefore(from) && event.timestamp().isBefore(to))
			.mapToLong(MeterEvent::value)
			.sum());
	}

	/** All units that would be charged. */
	public synchronized long charged() {
		return this.accepted.stream().map(Taken::event).mapToLong(MeterEvent::value).sum();
	}

	/** What was accepted, in order. */
	public synchronized List<MeterEvent> accepted() {
		return this.accepted.stream().map(Taken::event).toList();
	}

	/** What was done that Stripe does not allow. */
	public synchronized List<String> brokenRules() {
		return List.copyOf(this.brokenRules);
	}

	private static String lane(MeterEvent event) {
		return event.customer() + "/" + event.eventName();
	}

}
