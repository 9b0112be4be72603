package io.tallygate.billing;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.tallygate.outbox.Delivery;
import io.tallygate.outbox.LaneAudit;
import io.tallygate.outbox.LaneHour;
import io.tallygate.outbox.MeterEventRow;
import org.jspecify.annotations.Nullable;

/**
 * One way in which ledger, outbox and Stripe differ in an hour of a lane, why, and what
 * mends it.
 *
 * @param kind which way
 * @param hour in which
 * @param units by how much
 * @param row the meter event that explains it, if one does
 * @param message in plain words
 * @param repair what is to be done
 */
record Discrepancy(Kind kind, Instant hour, BigDecimal units, @Nullable MeterEventRow row, String message,
		Repair repair) {

	/** An ended hour's units are in a meter event and delivered within this time. */
	static final Duration LATE_AFTER = Duration.ofMinutes(15);

	/**
	 * Sets of meter events that are looked through for one that explains a difference.
	 */
	private static final int SETS_MAX = 20_000;

	/** The ways. */
	enum Kind {

		/** Stripe counts less than was delivered. */
		MISSING,
		/** Stripe counts what is not to count, or counts it twice. */
		DOUBLED,
		/** Units of an ended hour are not delivered yet. */
		LATE,
		/** A meter event waits for a person. */
		PARKED,
		/** A person gave a meter event up. */
		DISCARDED,
		/** Stripe counts what nobody sent from here. */
		FOREIGN,
		/** The accounts do not add up to the ledger's lines. */
		UNBALANCED;

		String text() {
			return name().toLowerCase(Locale.ROOT);
		}

	}

	/** What is to be done. */
	enum Repair {

		/** Nothing, by itself. */
		NONE,
		/** Stripe may not have aggregated it yet, or says otherwise soon: look again. */
		LOOK_AGAIN,
		/** The event is sent again under its own identifier. */
		RESEND,
		/** A successor takes the event's place. */
		SUCCEED,
		/** The event is taken back at Stripe. */
		CANCEL,
		/** The event counts as delivered. */
		ACCEPT,
		/** The lane is woken. */
		FLUSH,
		/** What stood in the way may be mended: the event is sent again. */
		RETRY;

		String text() {
			return name().toLowerCase(Locale.ROOT);
		}

	}

	/**
	 * What is looked at.
	 *
	 * @param hour what we know of it
	 * @param stripe what Stripe counts in it
	 * @param rows its meter events
	 * @param confirmed whether an earlier look, long enough ago, found the same
	 * difference
	 * @param settle how long Stripe may take to count what it accepted
	 * @param now the time
	 */
	record Look(LaneHour hour, BigDecimal stripe, List<MeterEventRow> rows, boolean confirmed, Duration settle,
			Instant now) {

		Look {
			rows = List.copyOf(rows);
		}

		private boolean isFresh(MeterEventRow row) {
			Instant last = row.delivery().lastAttemptAt();
			return last != null && last.plus(this.settle).isAfter(this.now);
		}

		private boolean hasEnded() {
			return !this.hour.hour().plus(Duration.ofHours(1)).plus(LATE_AFTER).isAfter(this.now);
		}

		private BigDecimal difference() {
			return this.stripe.subtract(BigDecimal.valueOf(this.hour.delivered()));
		}

	}

	/** All that is wrong with an hour; none where everything agrees. */
	static List<Discrepancy> of(Look look) {
		List<Discrepancy> found = new ArrayList<>();
		LaneHour hour = look.hour();
		if (hour.ledger() != hour.crossed()) {
			found.add(new Discrepancy(Kind.UNBALANCED, hour.hour(), BigDecimal.valueOf(hour.ledger() - hour.crossed()),
					null, "The ledger's lines completed " + hour.ledger() + " units and the accounts say "
							+ hour.crossed() + ": please report this",
					Repair.NONE));
		}
		unsent(look, found);
		int sign = look.difference().signum();
		if (sign < 0) {
			missing(look, found);
		}
		else if (sign > 0) {
			surplus(look, found);
		}
		return found;
	}

	private static void unsent(Look look, List<Discrepancy> found) {
		LaneHour hour = look.hour();
		if (hour.waiting() > 0 && look.hasEnded()) {
			found.add(new Discrepancy(Kind.LATE, hour.hour(), BigDecimal.valueOf(hour.waiting()), null, hour.waiting()
					+ " units stand in no meter event yet: the lane waits for a parked one, or delivery is paused",
					Repair.FLUSH));
		}
		for (MeterEventRow row : look.rows()) {
			Delivery delivery = row.delivery();
			boolean isUnderWay = delivery.state() == Delivery.State.DUE || delivery.state() == Delivery.State.SENDING;
			if (isUnderWay && row.createdAt().plus(LATE_AFTER).isBefore(look.now())) {
				found
					.add(of(Kind.LATE, row,
							"is under way since " + row.createdAt()
									+ ((delivery.lastError() != null) ? ": " + delivery.lastError() : ""),
							Repair.FLUSH));
			}
			if (delivery.state() == Delivery.State.PARKED) {
				found.add(parked(row));
			}
		}
	}

	private static Discrepancy parked(MeterEventRow row) {
		String reason = String.valueOf(row.delivery().reason());
		if (reason.equals("discarded")) {
			return of(Kind.DISCARDED, row,
					(row.kind() == MeterEventRow.Kind.ADJUSTMENT)
							? "was given up by a person: its correction is not made"
							: "was given up by a person: its units are not charged",
					Repair.NONE);
		}
		boolean mayBeMended = reason.startsWith("customer:") || reason.startsWith("meter:") || reason.equals("missing")
				|| reason.equals("age: timestamp_in_future");
		return of(Kind.PARKED, row, "is parked (" + reason + "): " + row.delivery().lastError(),
				mayBeMended ? Repair.RETRY : Repair.NONE);
	}

	/**
	 * What counts too little is best explained by corrections whose fate is not known.
	 * Else delivered events whose values are what Stripe lacks are the ones it lost.
	 */
	private static void missing(Look look, List<Discrepancy> found) {
		if (isCountedUnknown(look, found)) {
			return;
		}
		BigDecimal units = look.difference().negate();
		Set<String> takenBack = look.rows()
			.stream()
			.filter((row) -> !is(row, Delivery.State.REPLACED))
			.flatMap((row) -> Stream.ofNullable(row.cancels()))
			.collect(Collectors.toSet());
		Optional<List<MeterEventRow>> lost = explaining(look, units,
				(row) -> row.value() > 0 && is(row, Delivery.State.DELIVERED) && !takenBack.contains(row.identifier()));
		if (lost.isEmpty()) {
			found.add(new Discrepancy(Kind.MISSING, look.hour().hour(), units, null,
					"Stripe counts " + units.toPlainString() + " less than was delivered, and no meter events make up "
							+ "just that. Compare the hour in Stripe's Dashboard",
					look.confirmed() ? Repair.NONE : Repair.LOOK_AGAIN));
			return;
		}
		for (MeterEventRow row : lost.get()) {
			if (look.isFresh(row)) {
				found.add(of(Kind.MISSING, row, "was accepted a moment ago and is not counted yet", Repair.LOOK_AGAIN));
			}
			else if (row.delivery().attempts() == 1 && LaneAudit.mayBeResent(row, look.now())) {
				found.add(of(Kind.MISSING, row, "was accepted by Stripe and is not counted", Repair.RESEND));
			}
			else {
				// Stripe has said twice that it has it, or may have forgotten the
				// identifier.
				found.add(of(Kind.MISSING, row, "was accepted by Stripe and is not counted, however it is asked",
						look.confirmed() ? Repair.SUCCEED : Repair.LOOK_AGAIN));
			}
		}
	}

	/**
	 * What counts too much is best explained by events whose fate is not known: to take
	 * them for delivered takes nothing away. Then by events that must not count, and last
	 * by somebody else.
	 */
	private static void surplus(Look look, List<Discrepancy> found) {
		if (isCountedUnknown(look, found)) {
			return;
		}
		BigDecimal units = look.difference();
		Optional<List<MeterEventRow>> lost = explaining(look, units.negate(),
				(row) -> row.value() < 0 && is(row, Delivery.State.DELIVERED));
		if (lost.isPresent()) {
			lost.get().forEach((row) -> found.add(lostCorrection(row, look)));
			return;
		}
		Optional<List<MeterEventRow>> twice = explaining(look, units,
				(row) -> row.value() > 0 && is(row, Delivery.State.DELIVERED) && row.delivery().attempts() > 1);
		if (twice.isPresent()) {
			twice.get()
				.forEach((row) -> found.add(of(Kind.DOUBLED, row,
						"was sent more than once, and Stripe seems to count it twice. Credit the customer by hand",
						look.confirmed() ? Repair.NONE : Repair.LOOK_AGAIN)));
			return;
		}
		found.add(new Discrepancy(
				Kind.FOREIGN, look.hour().hour(), units, null, "Stripe counts " + units.toPlainString()
						+ " that nobody sent from here: another program reports to " + "this customer and meter",
				look.confirmed() ? Repair.NONE : Repair.LOOK_AGAIN));
	}

	/**
	 * Whether Stripe counts, one way or the other, just what events come to that are not
	 * known to be delivered.
	 */
	private static boolean isCountedUnknown(Look look, List<Discrepancy> found) {
		BigDecimal units = look.difference();
		Optional<List<MeterEventRow>> doubtful = explaining(look, units,
				(row) -> is(row, Delivery.State.PARKED) && !isDiscarded(row));
		if (doubtful.isPresent()) {
			doubtful.get()
				.forEach((row) -> found.add(of(Kind.PARKED, row, "is parked, and Stripe counts it",
						look.confirmed() ? Repair.ACCEPT : Repair.LOOK_AGAIN)));
			return true;
		}
		Optional<List<MeterEventRow>> gone = explaining(look, units,
				(row) -> is(row, Delivery.State.REPLACED) || isDiscarded(row));
		if (gone.isPresent()) {
			gone.get().forEach((row) -> found.add(doubled(row, look)));
			return true;
		}
		// The outbox itself finds out, by the identifier or the summaries.
		return explaining(look, units, (row) -> is(row, Delivery.State.DUE) || is(row, Delivery.State.SENDING))
			.isPresent();
	}

	/** A successor might take it away twice, so a person decides in the end. */
	private static Discrepancy lostCorrection(MeterEventRow row, Look look) {
		boolean maySend = row.delivery().attempts() == 1 && LaneAudit.mayBeResent(row, look.now());
		return of(Kind.MISSING, row, "was accepted by Stripe and is not counted",
				(!look.isFresh(row) && maySend) ? Repair.RESEND : look.confirmed() ? Repair.NONE : Repair.LOOK_AGAIN);
	}

	private static Discrepancy doubled(MeterEventRow row, Look look) {
		String what = is(row, Delivery.State.REPLACED) ? "was replaced, and Stripe counts it beside its successor"
				: "was given up, and Stripe counts it";
		return LaneAudit.mayBeCancelled(row, look.now()) ? of(Kind.DOUBLED, row, what, Repair.CANCEL) : of(Kind.DOUBLED,
				row, what + ". Stripe takes it back no more after a day: credit the customer by hand", Repair.NONE);
	}

	private static boolean is(MeterEventRow row, Delivery.State state) {
		return row.delivery().state() == state;
	}

	private static boolean isDiscarded(MeterEventRow row) {
		return is(row, Delivery.State.PARKED) && "discarded".equals(row.delivery().reason());
	}

	private static Discrepancy of(Kind kind, MeterEventRow row, String message, Repair repair) {
		return new Discrepancy(kind, row.occurredAt(), BigDecimal.valueOf(Math.abs(row.value())), row,
				"Meter event " + row.id() + " of " + row.value() + " units " + message, repair);
	}

	/** The same as it is found in an hour, whatever its event's own time. */
	Discrepancy in(Instant bucket) {
		return new Discrepancy(this.kind, bucket, this.units, this.row, this.message, this.repair);
	}

	/**
	 * Events of the sign of {@code units} whose values add up to just these: the newest
	 * one, or else the set that is found first.
	 */
	private static Optional<List<MeterEventRow>> explaining(Look look, BigDecimal units,
			Predicate<MeterEventRow> candidate) {
		if (units.stripTrailingZeros().scale() > 0) {
			return Optional.empty();
		}
		long wanted = units.longValueExact();
		List<MeterEventRow> rows = look.rows()
			.stream()
			.filter(candidate)
			.filter((row) -> Long.signum(row.value()) == units.signum())
			.toList();
		Optional<List<MeterEventRow>> one = rows.stream()
			.filter((row) -> row.value() == wanted)
			.findFirst()
			.map(List::of);
		if (one.isPresent()) {
			return one;
		}
		if (rows.stream().mapToLong(MeterEventRow::value).sum() == wanted && !rows.isEmpty()) {
			return Optional.of(rows);
		}
		List<MeterEventRow> chosen = new ArrayList<>();
		return add(rows, 0, wanted, chosen, new int[] { SETS_MAX }) ? Optional.of(Collections.unmodifiableList(chosen))
				: Optional.empty();
	}

	private static boolean add(List<MeterEventRow> rows, int from, long wanted, List<MeterEventRow> chosen,
			int[] left) {
		if (wanted == 0) {
			return true;
		}
		for (int i = from; i < rows.size() && left[0]-- > 0; i++) {
			MeterEventRow row = rows.get(i);
			if (Math.abs(row.value()) <= Math.abs(wanted)) {
				chosen.add(row);
				if (add(rows, i + 1, wanted - row.value(), chosen, left)) {
					return true;
				}
				chosen.remove(chosen.size() - 1);
			}
		}
		return false;
	}

}
