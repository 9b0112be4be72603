package io.tallygate.outbox;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;

/**
 * What follows from Stripe's summary of an hour when PostgreSQL has lost commits. The
 * surplus is what Stripe has, less the delivered rows that we still know of:
 * <ol>
 * <li>an unfinished row that takes something away may have been delivered and hide as
 * much of the surplus: it is taken to have been, and parked for a look at the
 * summaries;</li>
 * <li>unfinished rows that fit into it were delivered, the oldest first; the others were
 * not, and may be sent again;</li>
 * <li>what is left of it was delivered by rows that are lost: rows that are marked
 * {@code recovered} take their place, first in the buckets of that hour, else in the
 * oldest epoch with units due;</li>
 * <li>what is left then was used in exchanges that are lost as well: Stripe is right, and
 * the ledger has no line of it.</li>
 * </ol>
 *
 * @param changed unfinished rows, as they stand now
 * @param added rows in the place of lost ones
 * @param excess what no ledger line explains
 */
record Recovered(List<MeterEventRow> changed, List<MeterEventRow> added, long excess) {

	/**
	 * Decides for one hour of a lane.
	 * @param surplus not negative
	 * @param unfinished rows of that hour that are not delivered and may be at Stripe
	 * @param accounts of the lane, with the buckets that have units due
	 */
	static Recovered of(Lane lane, Instant hour, long surplus, List<MeterEventRow> unfinished,
			List<LaneAccount> accounts, Ids ids, Instant now) {
		long rest = surplus;
		List<MeterEventRow> changed = new ArrayList<>();
		for (MeterEventRow row : unfinished.stream().filter((each) -> each.value() < 0).toList()) {
			rest -= row.value();
			changed.add(row.with(row.delivery()
				.parked(Delivery.IN_DOUBT, true, "PostgreSQL had lost commits when it was under way")));
		}
		for (MeterEventRow row : unfinished.stream()
			.filter((each) -> each.value() > 0)
			.sorted(Comparator.comparing(MeterEventRow::createdAt))
			.toList()) {
			if (row.value() <= rest) {
				rest -= row.value();
				changed.add(row.with(row.delivery().delivered(now)));
			}
			else if (!row.is(Delivery.State.PARKED)) {
				changed.add(row.with(row.delivery().withoutDoubt().dueAgain(now, row.delivery().lastError())));
			}
		}
		Map<LaneAccount, Long> cuts = new HashMap<>();
		List<MeterEventRow> added = new ArrayList<>();
		for (Owed owed : owed(accounts, hour)) {
			long value = Math.min(rest, owed.bucket().due());
			if (value > 0) {
				rest -= value;
				long from = Objects.requireNonNull(cuts.merge(owed.account(), owed.account().cut(), Math::max));
				cuts.put(owed.account(), from + value);
				added.add(row(lane, owed, hour, from, value, ids, now));
			}
		}
		return new Recovered(changed, added, rest);
	}

	private static List<Owed> owed(List<LaneAccount> accounts, Instant hour) {
		return accounts.stream()
			.flatMap((account) -> account.buckets().stream().map((bucket) -> new Owed(account, bucket)))
			.sorted(Comparator.comparing((Owed owed) -> !owed.bucket().hour().equals(hour))
				.thenComparingInt((owed) -> owed.account().epoch())
				.thenComparing((owed) -> owed.account().client().value())
				.thenComparing(Owed::bucket, Bucket.OLDEST_FIRST))
			.toList();
	}

	/** It counts in the hour in which Stripe counts it, whatever its bucket's. */
	private static MeterEventRow row(Lane lane, Owed owed, Instant hour, long from, long value, Ids ids, Instant now) {
		LaneAccount account = owed.account();
		Bucket bucket = owed.bucket();
		return new MeterEventRow(new MeterEventId(ids.next(MeterEventId.PREFIX)), lane, account.client(),
				account.epoch(), MeterEventRow.Kind.RECOVERED,
				MeterEventRow.identifier(account.client(), account.epoch(), from, from + value, 0), value, from,
				from + value, bucket.hour(), bucket.period(), bucket.cut(), bucket.cut() + value, false,
				bucket.hour().equals(hour) ? bucket.lastCrossingAt() : hour, 0, null, null, now,
				Delivery.due(now).delivered(now));
	}

	/** How many units lost rows had delivered. */
	long recovered() {
		return this.added.stream().mapToLong(MeterEventRow::value).sum();
	}

	/** How many units unfinished rows had delivered. */
	long delivered() {
		return this.changed.stream()
			.filter((row) -> row.is(Delivery.State.DELIVERED))
			.mapToLong(MeterEventRow::value)
			.sum();
	}

	private record Owed(LaneAccount account, Bucket bucket) {
	}

}
