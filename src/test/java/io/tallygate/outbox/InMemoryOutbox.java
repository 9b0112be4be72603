package io.tallygate.outbox;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

import io.tallygate.client.Report;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The outbox in memory: the same rules as over PostgreSQL, one transaction at a time.
 * Accounts are raised through {@link #cross}.
 */
final class InMemoryOutbox implements Outbox {

	private final Map<Long, Lane> lanes = new TreeMap<>();

	private final Map<String, Account> accounts = new LinkedHashMap<>();

	private final Map<MeterEventId, MeterEventRow> rows = new LinkedHashMap<>();

	private final Set<AgencyId> paused = new HashSet<>();

	private final Ids ids;

	private final RandomGenerator random;

	InMemoryOutbox(Ids ids, RandomGenerator random) {
		this.ids = ids;
		this.random = random;
	}

	synchronized void open(Lane lane, ClientId client, int epoch, Report report) {
		this.lanes.put(lane.id(), lane);
		this.accounts.put(client + "/" + epoch, new Account(lane.id(), client, epoch, report));
	}

	/** What a fold does: units of an account were completed. */
	synchronized void cross(ClientId client, int epoch, long units, Instant at) {
		Account account = this.accounts.get(client + "/" + epoch);
		account.crossed += units;
		account.buckets.merge(at.truncatedTo(ChronoUnit.HOURS),
				new Bucket(at.truncatedTo(ChronoUnit.HOURS), null, units, 0, at),
				(bucket, added) -> new Bucket(bucket.hour(), null, bucket.crossed() + added.crossed(), bucket.cut(),
						added.lastCrossingAt()));
	}

	synchronized long crossed() {
		return this.accounts.values().stream().mapToLong((account) -> account.crossed).sum();
	}

	synchronized Collection<MeterEventRow> rows() {
		return List.copyOf(this.rows.values());
	}

	synchronized boolean isPaused(AgencyId agency) {
		return this.paused.contains(agency);
	}

	synchronized void resume(AgencyId agency) {
		this.paused.remove(agency);
	}

	@Override
	public Mono<List<Long>> lanesDue(long after, int limit) {
		return transaction(() -> this.lanes.values()
			.stream()
			.filter((lane) -> lane.id() > after && isFree(lane))
			.filter((lane) -> accountsOf(lane.id()).stream().anyMatch((account) -> account.crossed > account.cut))
			.map(Lane::id)
			.limit(limit)
			.toList());
	}

	@Override
	public Mono<Long> laneOf(ClientId client, int epoch) {
		return transaction(() -> Optional.ofNullable(this.accounts.get(client + "/" + epoch))
			.map((account) -> account.lane)
			.orElse(null));
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
		List<LaneAccount> owing = accountsOf(lane.id()).stream().map(Account::value).toList();
		return Cut.next(lane, owing, runningHourCutAt, now).map((cut) -> store(cut.row(this.ids, now))).orElse(null);
	}

	private MeterEventRow store(MeterEventRow row) {
		this.rows.put(row.id(), row);
		this.accounts.get(row.client() + "/" + row.epoch()).cut(row);
		return row;
	}

	@Override
	public Flux<MeterEventRow> claim(Delivery.Hold hold, int limit, int perAgency, Instant now) {
		return transaction(() -> {
			Map<AgencyId, Integer> places = new HashMap<>();
			this.rows.values()
				.stream()
				.filter((row) -> isHeld(row, now) && row.delivery().hold().owner().equals(hold.owner()))
				.forEach((row) -> places.merge(row.lane().agency(), 1, Integer::sum));
			return this.rows.values()
				.stream()
				.filter((row) -> isClaimable(row, now))
				.sorted(Comparator.comparing((MeterEventRow row) -> row.delivery().nextAttemptAt()))
				.filter((row) -> places.merge(row.lane().agency(), 1, Integer::sum) <= perAgency)
				.limit(limit)
				.map((row) -> row.taken(hold, now))
				.toList();
		}).doOnNext((claimed) -> claimed.forEach((row) -> this.rows.put(row.id(), row)))
			.flatMapIterable((claimed) -> claimed);
	}

	private boolean isClaimable(MeterEventRow row, Instant now) {
		boolean isReady = row.is(Delivery.State.DUE) && !row.delivery().nextAttemptAt().isAfter(now);
		boolean hasLapsed = row.is(Delivery.State.SENDING) && !isHeld(row, now);
		return (isReady || hasLapsed) && !this.paused.contains(row.lane().agency());
	}

	private static boolean isHeld(MeterEventRow row, Instant now) {
		return row.is(Delivery.State.SENDING) && row.delivery().hold().until().isAfter(now);
	}

	@Override
	public Mono<Long> known(MeterEventRow row) {
		return transaction(() -> this.rows.values()
			.stream()
			.filter((other) -> other.lane().id() == row.lane().id() && other.is(Delivery.State.DELIVERED))
			.filter((other) -> other.hourAtStripe().equals(row.hourAtStripe()))
			.mapToLong(MeterEventRow::value)
			.sum());
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
		if (next.pauses() != null) {
			this.paused.add(row.lane().agency());
		}
		MeterEventRow settled = row.with(next.delivery());
		this.rows.put(row.id(), settled);
		return settled;
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
					.orElse(null)));
	}

	private long count(Delivery.State state) {
		return this.rows.values().stream().filter((row) -> row.is(state)).count();
	}

	private boolean isFree(Lane lane) {
		return !this.paused.contains(lane.agency()) && this.rows.values()
			.stream()
			.filter((row) -> row.lane().id() == lane.id())
			.noneMatch((row) -> row.is(Delivery.State.DUE) || row.is(Delivery.State.SENDING)
					|| (row.is(Delivery.State.PARKED) && row.delivery().stopsLane()));
	}

	private List<Account> accountsOf(long lane) {
		return this.accounts.values().stream().filter((account) -> account.lane == lane).toList();
	}

	private <T> Mono<T> transaction(Supplier<T> work) {
		return Mono.fromSupplier(() -> {
			synchronized (this) {
				return work.get();
			}
		});
	}

	/** What PostgreSQL keeps in account and bucket. */
	private static final class Account {

		private final long lane;

		private final ClientId client;

		private final int epoch;

		private final Report report;

		private final Map<Instant, Bucket> buckets = new TreeMap<>();

		private long crossed;

		private long cut;

		Account(long lane, ClientId client, int epoch, Report report) {
			this.lane = lane;
			this.client = client;
			this.epoch = epoch;
			this.report = report;
		}

		LaneAccount value() {
			return new LaneAccount(this.client, this.epoch, this.report, this.cut,
					new ArrayList<>(this.buckets.values()));
		}

		void cut(MeterEventRow row) {
			this.cut = row.toUnit();
			this.buckets.computeIfPresent(row.bucketHour(), (hour, bucket) -> new Bucket(hour, bucket.period(),
					bucket.crossed(), row.bucketTo(), bucket.lastCrossingAt()));
			if (this.cut > this.crossed) {
				throw new IllegalStateException("Cut " + this.cut + " of " + this.crossed);
			}
		}

	}

}
