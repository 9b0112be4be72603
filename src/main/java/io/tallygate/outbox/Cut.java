package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

import io.tallygate.client.Report;
import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;
import org.jspecify.annotations.Nullable;

/**
 * The units that a free lane sends next: all that are due in its oldest bucket. What is
 * not cut yet waits in its bucket and grows there, which is how units coalesce.
 *
 * @param lane where they go
 * @param account whose they are
 * @param bucket when they were completed
 */
record Cut(Lane lane, LaneAccount account, Bucket bucket) {

	/**
	 * With {@code report: usage} every token is a unit, so the hour that still runs is
	 * cut no more often than this.
	 */
	static final Duration RUNNING_HOUR_EVERY = Duration.ofSeconds(10);

	/** Stripe's 35 days, less the time that a first attempt may wait for its turn. */
	static final Duration AGE_MAX = MeterEventRow.AGE_MAX.minus(Duration.ofHours(1));

	private static final Comparator<Cut> OLDEST_FIRST = Comparator.comparing(Cut::bucket, Bucket.OLDEST_FIRST)
		.thenComparingInt((cut) -> cut.account().epoch())
		.thenComparing((cut) -> cut.account().client().value());

	/**
	 * What to cut for a lane that is free, if anything.
	 * @param runningHourCutAt when the lane was last cut in the hour that still runs
	 */
	static Optional<Cut> next(Lane lane, List<LaneAccount> accounts, @Nullable Instant runningHourCutAt, Instant now) {
		return accounts.stream()
			.flatMap((account) -> account.buckets().stream().map((bucket) -> new Cut(lane, account, bucket)))
			.filter((cut) -> cut.value() >= 1 && cut.isDue(runningHourCutAt, now))
			.min(OLDEST_FIRST);
	}

	long value() {
		return this.bucket.due();
	}

	private boolean isDue(@Nullable Instant runningHourCutAt, Instant now) {
		return this.account.report() == Report.UNITS || this.bucket.hasEnded(now) || runningHourCutAt == null
				|| !runningHourCutAt.plus(RUNNING_HOUR_EVERY).isAfter(now);
	}

	/**
	 * The meter event that takes these units: due, or parked where Stripe refuses its
	 * age. Units of a period whose invoice has left draft are dated at the start of the
	 * oldest open one, where they are still billed.
	 */
	MeterEventRow row(MeterEventId id, ClosedPeriods closed, Instant now) {
		Instant crossedAt = this.bucket.lastCrossingAt();
		Instant datedAt = closed.openFrom(crossedAt);
		long from = this.account.cut();
		long to = Math.addExact(from, value());
		Delivery delivery = Delivery.due(now);
		boolean tooOld = datedAt.isBefore(now.minus(AGE_MAX));
		return new MeterEventRow(id, this.lane, this.account.client(), this.account.epoch(), MeterEventRow.Kind.UNITS,
				MeterEventRow.identifier(this.account.client(), this.account.epoch(), from, to, 0), value(), from, to,
				this.bucket.hour(), this.bucket.period(), this.bucket.cut(), this.bucket.crossed(),
				!datedAt.equals(crossedAt), datedAt, 0, null, null, now,
				tooOld ? delivery.parked(Delivery.TOO_OLD, false, null) : delivery);
	}

	/** The meter event under an id of {@code ids}. */
	MeterEventRow row(Ids ids, ClosedPeriods closed, Instant now) {
		return row(new MeterEventId(ids.next(MeterEventId.PREFIX)), closed, now);
	}

}
