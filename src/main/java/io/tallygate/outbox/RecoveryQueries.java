package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

import io.r2dbc.spi.Readable;
import io.tallygate.core.Ids;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.r2dbc.core.DatabaseClient;

/** The lanes and hours that a rollback leaves in doubt, in PostgreSQL. */
final class RecoveryQueries {

	/**
	 * What may have been lost was committed since {@code lost_since}: it was dated in
	 * those hours, or in an hour in which units are due now, or at the start of a period
	 * after them, or it was done to a row that is unfinished now, or to a correction that
	 * waits now.
	 */
	private static final String LIST = """
			with found as (
			  update rollback set lanes_listed_at = clock_timestamp()
			  where settled_at is null and lanes_listed_at is null and entries_restored_at is not null
			  returning id, lost_since, found_at)
			insert into rollback_lane (rollback_id, lane_id, hour)
			select found.id, l.id, h.hour
			from found cross join lane l
			cross join lateral (
			  select generate_series(date_trunc('hour', found.lost_since, 'UTC'), found.found_at, interval '1 hour')
			  union
			  select b.hour from bucket b join account a on a.client_id = b.client_id and a.epoch = b.epoch
			  where a.lane_id = l.id and b.crossed > b.cut
			  union
			  select date_trunc('hour', m.occurred_at, 'UTC') from meter_event m
			  where m.lane_id = l.id and (m.state in ('due', 'sending') or (m.state = 'parked' and m.first_doubt_at is not null))
			  union
			  select date_trunc('hour', d.occurred_at, 'UTC') from adjustment d
			  where d.lane_id = l.id and d.cut_at is null
			  union
			  select date_trunc('hour', i.period_end, 'UTC') from client_invoice i
			  where i.client_id = l.client_id and i.period_end <= found.found_at
			    and exists (select from bucket b join account a on a.client_id = b.client_id and a.epoch = b.epoch
			      where a.lane_id = l.id and b.crossed > b.cut and b.hour < i.period_end)
			) as h (hour)
			where exists (select from account a where a.lane_id = l.id)
			on conflict (rollback_id, lane_id, hour) do update set seen = null, seen_at = null, settled_at = null
			""";

	private static final String DOUBTFUL = """
			select x.rollback_id, x.lane_id, x.hour, x.seen, x.seen_at, l.agency_id, l.stripe_account, l.livemode,
			  l.customer as stripe_customer_id, l.meter_id, l.event_name
			from rollback_lane x
			join rollback r on r.id = x.rollback_id and r.found_at <= :found_before
			join lane l on l.id = x.lane_id
			join agency g on g.id = l.agency_id and g.status = 'active'
			join stripe_connection s on s.agency_id = l.agency_id and s.delivery = 'running'
			  and s.account_id = l.stripe_account and s.livemode = l.livemode
			where x.settled_at is null and (x.seen_at is null or x.seen_at <= :seen_before)
			order by x.lane_id, x.hour limit :limit
			""";

	private static final String LOCK = "select id from lane where id = :lane for no key update";

	private static final String UNSETTLED = """
			select hour, seen, seen_at from rollback_lane where lane_id = :lane and settled_at is null order by hour for update
			""";

	private static final String SEEN = """
			update rollback_lane set seen = :seen, seen_at = :now where lane_id = :lane and hour = :hour and settled_at is null
			""";

	private static final String UNFINISHED = """
			select %s from meter_event m
			where m.lane_id = :lane and m.occurred_at >= :hour and m.occurred_at < cast(:hour as timestamptz) + interval '1 hour'
			  and (m.state in ('due', 'sending') or (m.state = 'parked' and m.first_doubt_at is not null))
			order by m.created_at for update of m
			"""
		.formatted(MeterEventColumns.SELECT);

	private static final String SETTLED = """
			update rollback_lane set settled_at = clock_timestamp(), delivered = :delivered, recovered = :recovered,
			  excess = :excess
			where lane_id = :lane and hour = :hour and settled_at is null
			""";

	private static final String DONE = """
			update rollback r set settled_at = clock_timestamp()
			where r.settled_at is null and r.lanes_listed_at is not null
			  and not exists (select from rollback_lane x where x.rollback_id = r.id and x.settled_at is null)
			""";

	private static final int HOURS_OF_A_LANE = 48;

	private final DatabaseClient client;

	private final LaneQueries lanes;

	private final MeterEventTable table;

	private final AdjustmentTable adjustments;

	private final Ids ids;

	RecoveryQueries(DatabaseClient client, Ids ids) {
		this.client = client;
		this.lanes = new LaneQueries(client);
		this.table = new MeterEventTable(client);
		this.adjustments = new AdjustmentTable(client);
		this.ids = ids;
	}

	/** Lists what is in doubt, where that has not been done, and ends what is settled. */
	Mono<Void> list() {
		return this.client.sql(LIST).then().then(this.client.sql(DONE).then());
	}

	Mono<List<DoubtfulLane>> doubtful(Instant now, int limit) {
		return this.client.sql(DOUBTFUL)
			.bind("found_before", now.minus(Recovery.FIRST_READING_AFTER))
			.bind("seen_before", now.minus(NextState.READINGS_APART))
			.bind("limit", limit * HOURS_OF_A_LANE)
			.map((Readable row) -> Map.entry(MeterEventColumns.lane(row), hour(row)))
			.all()
			.collectList()
			.map(RecoveryQueries::byLane);
	}

	private static List<DoubtfulLane> byLane(List<Map.Entry<Lane, DoubtfulLane.Hour>> rows) {
		Map<Lane, List<DoubtfulLane.Hour>> hours = new LinkedHashMap<>();
		rows.forEach((row) -> hours.computeIfAbsent(row.getKey(), (lane) -> new ArrayList<>()).add(row.getValue()));
		return hours.entrySet().stream().map((lane) -> new DoubtfulLane(lane.getKey(), lane.getValue())).toList();
	}

	/** Inside a transaction; what it changes of accounts is left to {@code raise}. */
	Mono<List<Recovery.Settled>> settle(DoubtfulLane doubtful, Map<Instant, BigDecimal> readings, Instant now,
			Function<MeterEventRow, Mono<Void>> raise, Function<Instant, Mono<Long>> known) {
		Lane lane = doubtful.lane();
		return this.client.sql(LOCK)
			.bind("lane", lane.id())
			.fetch()
			.one()
			.thenMany(this.client.sql(UNSETTLED).bind("lane", lane.id()).map((Readable row) -> hour(row)).all())
			.collectList()
			.flatMapMany(Flux::fromIterable)
			.concatMap((hour) -> Mono.justOrEmpty(readings.get(hour.hour()))
				.flatMap((reading) -> known.apply(hour.hour())
					.zipWith(this.adjustments.negative(lane.id(), hour.hour()), (delivered, taken) -> delivered - taken)
					.flatMap((delivered) -> settle(lane, hour, reading, delivered, now, raise))))
			.collectList();
	}

	private Mono<Recovery.Settled> settle(Lane lane, DoubtfulLane.Hour hour, BigDecimal reading, long known,
			Instant now, Function<MeterEventRow, Mono<Void>> raise) {
		BigDecimal surplus = reading.subtract(BigDecimal.valueOf(known));
		if (!hour.isDecidedBy(reading, now) || surplus.signum() < 0) {
			return hour.isNewsTo(reading) ? remember(lane, hour, reading, now).then(Mono.empty()) : Mono.empty();
		}
		return unfinished(lane, hour.hour()).zipWith(this.lanes.owing(lane.id()))
			.map((found) -> Recovered.of(lane, hour.hour(), surplus.longValue(), found.getT1(), found.getT2(), this.ids,
					now))
			.flatMap((outcome) -> store(lane, hour.hour(), outcome, raise)
				.thenReturn(new Recovery.Settled(hour.hour(), outcome)));
	}

	private Mono<Void> remember(Lane lane, DoubtfulLane.Hour hour, BigDecimal reading, Instant now) {
		return this.client.sql(SEEN)
			.bind("seen", reading)
			.bind("now", now)
			.bind("lane", lane.id())
			.bind("hour", hour.hour())
			.then();
	}

	private Mono<List<MeterEventRow>> unfinished(Lane lane, Instant hour) {
		return this.client.sql(UNFINISHED)
			.bind("lane", lane.id())
			.bind("hour", hour)
			.map((Readable row) -> MeterEventColumns.row(row))
			.all()
			.collectList();
	}

	private Mono<Void> store(Lane lane, Instant hour, Recovered outcome, Function<MeterEventRow, Mono<Void>> raise) {
		Mono<Void> changed = Flux.fromIterable(outcome.changed()).concatMap(this.table::update).then();
		Mono<Void> added = Flux.fromIterable(outcome.added())
			.concatMap((row) -> this.table.insert(row).then(this.table.update(row)).then(raise.apply(row)))
			.then();
		Mono<Void> settled = this.client.sql(SETTLED)
			.bind("delivered", outcome.delivered())
			.bind("recovered", outcome.recovered())
			.bind("excess", outcome.excess())
			.bind("lane", lane.id())
			.bind("hour", hour)
			.then();
		return changed.then(added).then(settled);
	}

	private static DoubtfulLane.Hour hour(Readable row) {
		return new DoubtfulLane.Hour(MeterEventColumns.time(row, "hour"), row.get("seen", BigDecimal.class),
				row.get("seen_at", Instant.class));
	}

}
