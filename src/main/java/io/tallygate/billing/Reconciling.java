package io.tallygate.billing;

import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.tallygate.outbox.LaneAudit;
import io.tallygate.outbox.LaneHour;
import io.tallygate.stripe.MeterEvents;
import io.tallygate.stripe.StripeProblem;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Holds ledger, outbox and Stripe against each other, lane by lane and hour by hour:
 * <ol>
 * <li>what the ledger's lines completed, what stands in meter events, and what Stripe
 * accepted is read in one snapshot;</li>
 * <li>what Stripe counts is read beside it;</li>
 * <li>each hour that differs is explained ({@link Discrepancy}), and mended where that
 * cannot count a unit twice.</li>
 * </ol>
 * A lane is clean when all four are the same, and only then.
 */
class Reconciling {

	private final LaneAudit audit;

	private final MeterEvents stripe;

	private final Reconciliations runs;

	private final Duration settle;

	private final Clock clock;

	/**
	 * @param settle how long Stripe may take to count what it accepted
	 */
	Reconciling(LaneAudit audit, MeterEvents stripe, Reconciliations runs, Duration settle, Clock clock) {
		this.audit = audit;
		this.stripe = stripe;
		this.runs = runs;
		this.settle = settle;
		this.clock = clock;
	}

	/** All lanes of a run, one after the other. */
	Flux<Reconciliation.LaneResult> lanes(Reconciliation run) {
		return this.audit.lanes(run.agency(), run.client())
			.flatMapMany(Flux::fromIterable)
			.concatMap((lane) -> lane(lane, run.from(), run.to()));
	}

	private Mono<Reconciliation.LaneResult> lane(LaneAudit.ClientLane lane, Instant from, Instant to) {
		return this.stripe
			.summaries(lane.lane().agency(), lane.lane().meterId(), lane.lane().customer(), hoursBetween(from, to))
			// Ours is read second: what was delivered in between is not missing, it is
			// early.
			.flatMap((seen) -> this.audit.hours(lane.lane(), from, to)
				.flatMap((hours) -> Flux.fromIterable(together(hours, seen))
					.concatMap((both) -> differences(lane, both))
					.collectList()
					.map((found) -> result(lane, hours, seen, found))))
			.onErrorResume(StripeProblem.class,
					(problem) -> isLasting(problem) ? unread(lane, from, to, problem) : Mono.error(problem));
	}

	private static boolean isLasting(StripeProblem problem) {
		return switch (problem.kind()) {
			case NOT_FOUND, REFUSED -> true;
			default -> false;
		};
	}

	/** The meter or the customer is gone: that is a finding, not a failure. */
	private Mono<Reconciliation.LaneResult> unread(LaneAudit.ClientLane lane, Instant from, Instant to,
			StripeProblem problem) {
		return this.audit.hours(lane.lane(), from, to)
			.map((hours) -> new Reconciliation.LaneResult(lane.lane().id(), lane.client(), sum(hours, LaneHour::ledger),
					sum(hours, LaneHour::outbox), sum(hours, LaneHour::delivered) - sum(hours, LaneHour::other),
					sum(hours, LaneHour::other), null, null, "Stripe does not say what it counts: " + problem.reason(),
					List.of(), false));
	}

	private static List<Instant> hoursBetween(Instant from, Instant to) {
		List<Instant> hours = new ArrayList<>();
		for (Instant hour = from; hour.isBefore(to); hour = hour.plus(Duration.ofHours(1))) {
			hours.add(hour);
		}
		return hours;
	}

	/** An hour as we know it, and as Stripe does. */
	private record Both(LaneHour ours, BigDecimal seen) {

		boolean agrees() {
			return this.ours.isSettled() && this.seen.compareTo(BigDecimal.valueOf(this.ours.delivered())) == 0;
		}

	}

	private static List<Both> together(List<LaneHour> hours, Map<Instant, BigDecimal> seen) {
		Map<Instant, Both> both = new TreeMap<>();
		seen.forEach((hour, units) -> {
			if (units.signum() != 0) {
				both.put(hour, new Both(LaneHour.empty(hour), units));
			}
		});
		hours.forEach((hour) -> both.put(hour.hour(), new Both(hour, seen.getOrDefault(hour.hour(), BigDecimal.ZERO))));
		return both.values().stream().filter((each) -> !each.agrees()).toList();
	}

	private Flux<Reconciliation.Found> differences(LaneAudit.ClientLane lane, Both both) {
		Instant now = this.clock.instant();
		Instant hour = both.ours().hour();
		return this.audit.events(lane.lane(), hour)
			.flatMap((rows) -> confirmed(lane.lane().id(), both, now).map((confirmed) -> Discrepancy
				.of(new Discrepancy.Look(both.ours(), both.seen(), rows, confirmed, this.settle, now))))
			.flatMapMany(Flux::fromIterable)
			.map((discrepancy) -> discrepancy.in(hour))
			.concatMap((discrepancy) -> repaired(lane, discrepancy));
	}

	/** Whether the same was too much or too little at an earlier look. */
	private Mono<Boolean> confirmed(long lane, Both both, Instant now) {
		BigDecimal difference = both.seen().subtract(BigDecimal.valueOf(both.ours().delivered()));
		// What takes something away explains too little by what else explains too much.
		List<Discrepancy.Kind> kinds = List.of(Discrepancy.Kind.MISSING, Discrepancy.Kind.FOREIGN,
				Discrepancy.Kind.DOUBLED, Discrepancy.Kind.PARKED);
		return (difference.signum() == 0) ? Mono.just(false)
				: Flux.fromIterable(kinds)
					.concatMap((kind) -> this.runs.isConfirmed(lane, both.ours().hour(), kind, difference.abs(),
							now.minus(this.settle)))
					.any((confirmed) -> confirmed);
	}

	private Mono<Reconciliation.Found> repaired(LaneAudit.ClientLane lane, Discrepancy discrepancy) {
		return repair(lane, discrepancy).onErrorResume((error) -> Mono.just("failed: " + error.getMessage()))
			.map((outcome) -> new Reconciliation.Found(discrepancy, outcome))
			.defaultIfEmpty(new Reconciliation.Found(discrepancy, null));
	}

	private Mono<String> repair(LaneAudit.ClientLane lane, Discrepancy discrepancy) {
		var row = discrepancy.row();
		if (discrepancy.repair() == Discrepancy.Repair.FLUSH) {
			return this.audit.flush(lane.lane());
		}
		if (row == null) {
			return Mono.empty();
		}
		return switch (discrepancy.repair()) {
			case RESEND -> this.audit.resend(row.id()).delayUntil((sent) -> this.audit.flush(lane.lane()));
			case SUCCEED -> this.audit.succeed(row.id());
			case CANCEL -> this.audit.cancel(row);
			case ACCEPT -> this.audit.accept(row.id());
			case RETRY -> this.audit.retry(row);
			case NONE, LOOK_AGAIN, FLUSH -> Mono.empty();
		};
	}

	private static Reconciliation.LaneResult result(LaneAudit.ClientLane lane, List<LaneHour> hours,
			Map<Instant, BigDecimal> seen, List<Reconciliation.Found> found) {
		long other = sum(hours, LaneHour::other);
		long delivered = sum(hours, LaneHour::delivered);
		BigDecimal stripe = seen.values().stream().reduce(BigDecimal.ZERO, BigDecimal::add);
		BigDecimal difference = stripe.subtract(BigDecimal.valueOf(delivered));
		boolean clean = found.isEmpty() && difference.signum() == 0 && hours.stream().allMatch(LaneHour::isSettled);
		return new Reconciliation.LaneResult(lane.lane().id(), lane.client(), sum(hours, LaneHour::ledger),
				sum(hours, LaneHour::outbox), delivered - other, other, stripe, difference,
				explanation(hours, difference, found, clean), found, clean);
	}

	private static String explanation(List<LaneHour> hours, BigDecimal difference, List<Reconciliation.Found> found,
			boolean clean) {
		List<String> parts = new ArrayList<>();
		if (clean) {
			parts.add("Ledger, outbox and Stripe agree");
		}
		long made = hours.stream().mapToLong((hour) -> hour.corrections().made()).sum();
		if (made != 0) {
			parts.add("Stripe was told of " + made + " corrections of "
					+ hours.stream().mapToLong((hour) -> hour.corrections().units()).sum() + " units in all");
		}
		add(parts, sum(hours, LaneHour::late),
				"of an earlier period are dated into this one, because its invoice had " + "left draft");
		if (clean) {
			return String.join(". ", parts);
		}
		long open = hours.stream().mapToLong((hour) -> hour.corrections().open()).sum();
		if (open != 0) {
			parts.add(open + " corrections are not at Stripe");
		}
		add(parts, sum(hours, LaneHour::waiting), "stand in no meter event yet");
		add(parts, sum(hours, LaneHour::underWay), "are on their way to Stripe");
		add(parts, sum(hours, LaneHour::parked), "are parked");
		add(parts, sum(hours, LaneHour::discarded), "were given up by a person");
		if (difference.signum() != 0) {
			parts.add("Stripe counts " + difference.abs().toPlainString()
					+ ((difference.signum() < 0) ? " less" : " more") + " than was delivered");
		}
		found.stream()
			.filter((each) -> each.discrepancy().kind() != Discrepancy.Kind.LATE
					&& each.discrepancy().kind() != Discrepancy.Kind.PARKED)
			.map((each) -> each.discrepancy().message())
			.limit(3)
			.forEach(parts::add);
		return parts.isEmpty() ? "Hours differ that make up for each other: see the findings"
				: String.join(". ", parts);
	}

	private static void add(List<String> parts, long units, String what) {
		if (units != 0) {
			parts.add(units + " units " + what);
		}
	}

	private static long sum(List<LaneHour> hours, java.util.function.ToLongFunction<LaneHour> column) {
		return hours.stream().mapToLong(column).sum();
	}

	/** Whether something may look different a while later. */
	static boolean isOpen(List<Reconciliation.LaneResult> results) {
		return results.stream()
			.flatMap((result) -> result.findings().stream())
			.anyMatch((found) -> switch (found.discrepancy().repair()) {
				case NONE -> false;
				case LOOK_AGAIN, RESEND, SUCCEED, CANCEL, ACCEPT, FLUSH, RETRY -> true;
			});
	}

}
