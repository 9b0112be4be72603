package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;

import io.tallygate.client.Report;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;
import io.tallygate.metering.AccountKey;
import io.tallygate.metering.InMemoryAccounts;
import io.tallygate.metering.InMemoryProgress;
import io.tallygate.simulation.Bug;
import io.tallygate.simulation.Tables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The outbox in memory: the same rules as over PostgreSQL, one transaction at a time.
 */
public final class InMemoryOutbox implements Outbox {

	private final InMemoryAccounts accounts;

	private final Map<Long, Lane> lanes;

	/** Which lane an account feeds, and how it reports. */
	private final Map<AccountKey, Feeds> feeds;

	private final Map<MeterEventId, MeterEventRow> rows;

	/** Agencies whose delivery is paused, and why. */
	private final Map<AgencyId, String> paused;

	/** Periods whose invoices have left draft. */
	private final Map<ClientId, List<ClosedPeriods.Period>> closed;

	private final InMemoryProgress progress;

	/** Hours that are in doubt, by lane. */
	private final Map<Long, Map<Instant, DoubtfulLane.Hour>> doubtful;

	/** When agencies saw to their keys. */
	private final Map<AgencyId, Instant> resumed;

	private final Ids ids;

	private final RandomGenerator random;

	private final Bug bug;

	private record Feeds(long lane, Report report) {
	}

	InMemoryOutbox(Ids ids, RandomGenerator random) {
		this(new Tables(), Instant::now, ids, random, Bug.NONE);
	}

	/** Over these tables. */
	public InMemoryOutbox(Tables tables, InstantSource clock, Ids ids, RandomGenerator random, Bug bug) {
		this.accounts = new InMemoryAccounts(tables);
		this.progress = new InMemoryProgress(clock, tables, bug);
		this.doubtful = tables.table("rollback_lane");
		this.closed = tables.table("client_invoice");
		this.lanes = tables.table("lane");
		this.feeds = tables.table("account_lane");
		this.rows = tables.table("meter_event");
		this.paused = tables.table("stripe_connection.paused");
		this.resumed = tables.table("stripe_connection.updated_at");
		this.ids = ids;
		this.random = random;
		this.bug = bug;
	}

	/** An account of nothing that feeds a lane. */
	synchronized void open(Lane lane, ClientId client, int epoch, Report report) {
		AccountKey key = new AccountKey(client, epoch);
		this.accounts.open(key, 1000);
		feed(key, lane, report);
	}

	/** From now on an account feeds a lane. */
	public synchronized void feed(AccountKey account, Lane lane, Report report) {
		this.lanes.put(lane.id(), lane);
		this.feeds.put(account, new Feeds(lane.id(), report));
	}

	/** What a fold does: units of an account were completed. */
	synchronized void cross(ClientId client, int epoch, long units, Instant at) {
		this.accounts.cross(new AccountKey(client, epoch), units, at);
	}

	synchronized long crossed() {
		return this.accounts.keys().stream().mapToLong(this.accounts::crossed).sum();
	}

	/** All meter events. */
	public synchronized Collection<MeterEventRow> rows() {
		return List.copyOf(this.rows.values());
	}

	/** Whether an agency's delivery is paused. */
	public synchronized boolean isPaused(AgencyId agency) {
		return this.paused.containsKey(agency);
	}

	/** The agency has seen to its key. */
	public synchronized void resume(AgencyId agency, Instant now) {
		this.paused.remove(agency);
		this.resumed.put(agency, now);
	}

	@Override
	public Mono<List<Long>> lanesDue(long after, int limit) {
		return transaction(() -> this.lanes.values()
			.stream()
			.filter((lane) -> lane.id() > after && isFree(lane))
			.filter((lane) -> feeding(lane.id()).stream()
				.anyMatch((account) -> this.accounts.crossed(account) > this.accounts.cut(account)))
			.map(Lane::id)
			.limit(limit)
			.toList());
	}

	@Override
	public Mono<Long> laneOf(ClientId client, int epoch) {
		return transaction(
				() -> Optional.ofNullable(this.feeds.get(new AccountKey(client, epoch))).map(Feeds::lane).orElse(null));
	}

	@Override
	public Mono<MeterEventRow> cut(long lane, Instant now) {
		return transaction(() -> isFree(this.lanes.get(lane)) ? cutFree(this.lanes.get(lane), now) : null);
	}

	private MeterEventRow cutFree(Lane lane, Instant now) {
		Instant runningHourCutAt = this.rows.values()
			.stream()
			.filter((row) -> row.lane().id() == lane.id())
			.filter((row) -> !row.bucketHour().isBefore(now.truncatedTo(ChronoUnit.HOURS)))
			.map(MeterEventRow::createdAt)
			.max(Comparator.naturalOrder())
			.orElse(null);
		List<LaneAccount> owing = feeding(lane.id()).stream().map(this::owing).toList();
		return Cut.next(lane, owing, runningHourCutAt, now)
			.map((cut) -> store(cut.row(this.ids, closed(cut.account().client(), now), now)))
			.orElse(null);
	}

	private ClosedPeriods closed(ClientId client, Instant now) {
		return (this.bug == Bug.DATED_INTO_AN_INVOICE) ? ClosedPeriods.NONE
				: new ClosedPeriods(this.closed.getOrDefault(client, List.of())
					.stream()
					.filter((period) -> !period.end().isAfter(now))
					.toList());
	}

	/** From now on an invoice of this client has left draft. */
	public synchronized void close(ClientId client, Instant start, Instant end) {
		List<ClosedPeriods.Period> periods = new ArrayList<>(this.closed.getOrDefault(client, List.of()));
		periods.add(new ClosedPeriods.Period(start, end));
		this.closed.put(client, List.copyOf(periods));
	}

	private LaneAccount owing(AccountKey account) {
		List<Bucket> buckets = this.accounts.owed(account)
			.stream()
			.filter((owed) -> owed.crossed() > owed.cut())
			.map((owed) -> new Bucket(owed.hour(), null, owed.crossed(), owed.cut(), owed.lastCrossingAt()))
			.toList();
		return new LaneAccount(account.client(), account.epoch(), this.feeds.get(account).report(),
				this.accounts.cut(account), buckets);
	}

	private MeterEventRow store(MeterEventRow row) {
		if (this.bug != Bug.CUT_WITHOUT_ROW || this.random.nextInt(20) > 0) {
			this.rows.put(row.id(), row);
		}
		if (this.bug != Bug.ROW_WITHOUT_CUT || this.random.nextInt(20) > 0) {
			this.accounts.raiseCut(new AccountKey(row.client(), row.epoch()), row.fromUnit(), row.value(),
					row.bucketHour(), row.bucketTo());
		}
		return row;
	}

	@Override
	public Flux<MeterEventRow> claim(Delivery.Hold hold, int limit, Share perAgency, Instant now) {
		return transaction(() -> {
			Map<AgencyId, Integer> places = new HashMap<>();
			this.rows.values()
				.stream()
				.filter((row) -> row.isHeld(now) && row.delivery().hold().owner().equals(hold.owner()))
				.forEach((row) -> places.merge(row.lane().agency(), 1, Integer::sum));
			return this.rows.values()
				.stream()
				.filter((row) -> isClaimable(row, now) && !perAgency.resting().contains(row.lane().agency()))
				.sorted(Comparator.comparing((MeterEventRow row) -> row.delivery().nextAttemptAt()))
				.filter((row) -> places.merge(row.lane().agency(), 1, Integer::sum) <= perAgency.alone())
				.limit(limit)
				.map((row) -> (this.bug == Bug.DOUBT_FORGOTTEN) ? row.with(row.delivery().withoutDoubt()) : row)
				.map((row) -> row.taken(hold, now))
				.toList();
		}).doOnNext((claimed) -> claimed.forEach((row) -> this.rows.put(row.id(), row)))
			.flatMapIterable((claimed) -> claimed);
	}

	private boolean isClaimable(MeterEventRow row, Instant now) {
		boolean isReady = row.is(Delivery.State.DUE) && !row.delivery().nextAttemptAt().isAfter(now);
		boolean hasLapsed = row.is(Delivery.State.SENDING) && !row.isHeld(now);
		return (isReady || hasLapsed) && !isDoubtful(row.lane()) && !this.paused.containsKey(row.lane().agency());
	}

	@Override
	public Mono<Long> known(MeterEventRow row) {
		return transaction(() -> isClouded(row) ? null
				: delivered(row.lane(), row.hourAtStripe())
					.filter((other) -> this.bug != Bug.KNOWN_OF_ONE_ACCOUNT || other.epoch() == row.epoch())
					.mapToLong(MeterEventRow::value)
					.sum());
	}

	private boolean isClouded(MeterEventRow row) {
		return this.rows.values()
			.stream()
			.filter((other) -> other.lane().id() == row.lane().id() && !other.id().equals(row.id()))
			.filter((other) -> other.hourAtStripe().equals(row.hourAtStripe()) && other.value() < 0)
			.anyMatch((other) -> other.is(Delivery.State.PARKED) || other.is(Delivery.State.REPLACED));
	}

	private Stream<MeterEventRow> delivered(Lane lane, Instant hour) {
		return this.rows.values()
			.stream()
			.filter((row) -> row.lane().id() == lane.id() && row.is(Delivery.State.DELIVERED))
			.filter((row) -> row.hourAtStripe().equals(hour));
	}

	private static boolean isUnfinished(MeterEventRow row) {
		return row.is(Delivery.State.DUE) || row.is(Delivery.State.SENDING)
				|| (row.is(Delivery.State.PARKED) && row.delivery().doubt() != null);
	}

	@Override
	public Mono<List<DoubtfulLane>> doubtfulLanes(Instant now, int limit) {
		return transaction(() -> {
			InMemoryProgress.Rollback open = this.progress.rollback();
			if (open == null) {
				return List.of();
			}
			if (open.entriesAreBack() && !open.lanesAreListed()) {
				list(open);
			}
			else if (open.lanesAreListed() && this.doubtful.isEmpty()) {
				this.progress.settled();
			}
			if (open.foundAt().plus(Recovery.FIRST_READING_AFTER).isAfter(now)) {
				return List.of();
			}
			return this.doubtful.entrySet()
				.stream()
				.filter((lane) -> !this.paused.containsKey(this.lanes.get(lane.getKey()).agency()))
				.map((lane) -> new DoubtfulLane(this.lanes.get(lane.getKey()), List.copyOf(lane.getValue().values())))
				.toList();
		});
	}

	private void list(InMemoryProgress.Rollback open) {
		this.progress.listed();
		if (this.bug == Bug.LANES_NOT_SETTLED) {
			return;
		}
		for (Lane lane : this.lanes.values()) {
			Map<Instant, DoubtfulLane.Hour> hours = new TreeMap<>();
			Instant hour = open.lostSince().truncatedTo(ChronoUnit.HOURS);
			while (!hour.isAfter(open.foundAt())) {
				hours.put(hour, new DoubtfulLane.Hour(hour, null, null));
				hour = hour.plus(Duration.ofHours(1));
			}
			feeding(lane.id()).stream()
				.flatMap((account) -> owing(account).buckets().stream())
				.forEach((bucket) -> hours.put(bucket.hour(), new DoubtfulLane.Hour(bucket.hour(), null, null)));
			feeding(lane.id()).stream()
				.flatMap((account) -> closed(account.client(), open.foundAt()).periods().stream())
				.map((period) -> period.end().truncatedTo(ChronoUnit.HOURS))
				.forEach((start) -> hours.put(start, new DoubtfulLane.Hour(start, null, null)));
			this.rows.values()
				.stream()
				.filter((row) -> row.lane().id() == lane.id() && isUnfinished(row))
				.forEach((row) -> hours.put(row.hourAtStripe(), new DoubtfulLane.Hour(row.hourAtStripe(), null, null)));
			this.doubtful.put(lane.id(), hours);
		}
	}

	@Override
	public Mono<List<Recovery.Settled>> settle(DoubtfulLane lane, Map<Instant, BigDecimal> readings, Instant now) {
		return transaction(() -> {
			Map<Instant, DoubtfulLane.Hour> hours = new TreeMap<>(
					this.doubtful.getOrDefault(lane.lane().id(), Map.of()));
			List<Recovery.Settled> settled = new ArrayList<>();
			List.copyOf(hours.values()).forEach((hour) -> {
				BigDecimal reading = readings.get(hour.hour());
				if (reading != null) {
					settle(lane.lane(), hour, reading, now, hours, settled);
				}
			});
			if (hours.isEmpty()) {
				this.doubtful.remove(lane.lane().id());
			}
			else {
				this.doubtful.put(lane.lane().id(), hours);
			}
			return settled;
		});
	}

	private void settle(Lane lane, DoubtfulLane.Hour hour, BigDecimal reading, Instant now,
			Map<Instant, DoubtfulLane.Hour> hours, List<Recovery.Settled> settled) {
		long surplus = reading.longValue() - delivered(lane, hour.hour()).mapToLong(MeterEventRow::value).sum();
		if (!hour.isDecidedBy(reading, now) || surplus < 0) {
			if (hour.isNewsTo(reading)) {
				hours.put(hour.hour(), new DoubtfulLane.Hour(hour.hour(), reading, now));
			}
			return;
		}
		List<MeterEventRow> unfinished = this.rows.values()
			.stream()
			.filter((row) -> row.lane().id() == lane.id() && row.hourAtStripe().equals(hour.hour()))
			.filter(InMemoryOutbox::isUnfinished)
			.toList();
		Recovered outcome = Recovered.of(lane, hour.hour(), surplus, unfinished,
				feeding(lane.id()).stream().map(this::owing).toList(), this.ids, now);
		outcome.changed().forEach((row) -> this.rows.put(row.id(), row));
		if (this.bug != Bug.LOST_ROWS_NOT_RECOVERED) {
			outcome.added().forEach(this::store);
		}
		hours.remove(hour.hour());
		settled.add(new Recovery.Settled(hour.hour(), outcome));
	}

	@Override
	public Mono<MeterEventRow> settle(MeterEventRow claimed, Finding finding, Instant now) {
		return transaction(() -> {
			MeterEventRow row = this.rows.get(claimed.id());
			boolean isOurs = row.is(Delivery.State.SENDING)
					&& row.delivery().attempts() == claimed.delivery().attempts()
					&& row.delivery().hold().owner().equals(claimed.delivery().hold().owner());
			return isOurs ? settle(row, NextState.after(row, finding, now, this.random)) : null;
		});
	}

	private MeterEventRow settle(MeterEventRow row, NextState next) {
		Instant resumedAt = this.resumed.getOrDefault(row.lane().agency(), Instant.MIN);
		if (next.pauses() != null && !resumedAt.isAfter(row.delivery().lastAttemptAt())) {
			this.paused.put(row.lane().agency(), next.pauses());
		}
		MeterEventRow settled = row.with(next.delivery());
		this.rows.put(row.id(), settled);
		return settled;
	}

	@Override
	public Mono<Long> drift() {
		return transaction(() -> this.accounts.keys()
			.stream()
			.mapToLong((account) -> Math.abs(this.accounts.cut(account) - lastUnit(account)))
			.sum());
	}

	private long lastUnit(AccountKey account) {
		return this.rows.values()
			.stream()
			.filter((row) -> row.client().equals(account.client()) && row.epoch() == account.epoch())
			.mapToLong(MeterEventRow::toUnit)
			.max()
			.orElse(0);
	}

	@Override
	public Mono<Backlog> backlog() {
		return transaction(() -> new Backlog(count(Delivery.State.DUE), count(Delivery.State.SENDING),
				count(Delivery.State.PARKED),
				this.rows.values()
					.stream()
					.filter((row) -> row.is(Delivery.State.DUE) || row.is(Delivery.State.SENDING))
					.map(MeterEventRow::createdAt)
					.min(Comparator.naturalOrder())
					.orElse(null),
				this.doubtful.size(), 0));
	}

	private long count(Delivery.State state) {
		return this.rows.values().stream().filter((row) -> row.is(state)).count();
	}

	private boolean isDoubtful(Lane lane) {
		InMemoryProgress.Rollback open = this.progress.rollback();
		return (open != null && !open.lanesAreListed()) || this.doubtful.containsKey(lane.id());
	}

	private boolean isFree(Lane lane) {
		return !isDoubtful(lane) && !this.paused.containsKey(lane.agency())
				&& this.rows.values()
					.stream()
					.filter((row) -> row.lane().id() == lane.id())
					.noneMatch((row) -> row.is(Delivery.State.DUE) || row.is(Delivery.State.SENDING)
							|| (row.is(Delivery.State.PARKED) && row.delivery().stopsLane()));
	}

	private List<AccountKey> feeding(long lane) {
		return this.accounts.keys()
			.stream()
			.filter((account) -> this.feeds.containsKey(account) && this.feeds.get(account).lane() == lane)
			.toList();
	}

	private <T> Mono<T> transaction(Supplier<T> work) {
		return Mono.fromSupplier(() -> {
			synchronized (this) {
				return work.get();
			}
		});
	}

}
