package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Uncancelled;
import io.tallygate.metering.Witness;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.dao.DuplicateKeyException;
import org.springframework.r2dbc.core.DatabaseClient;

/**
 * The outbox in PostgreSQL. It loads values, applies their rules and stores what they
 * say, in one transaction each, which nobody's patience cuts short.
 */
class PostgresOutbox implements Outbox {

	/** By its name PostgreSQL says that a lane was not free after all. */
	private static final String IN_FLIGHT = "meter_event_in_flight";

	/**
	 * Accounts with units due are read in the order of their lanes, beside the lanes that
	 * are busy in the same order: while Stripe is away nearly all are both.
	 */
	private static final String LANES_DUE = """
			with due as (
			  (select a.lane_id from account a
			  where a.crossed > a.cut and a.lane_id > :after and %1$s
			  order by a.lane_id limit :limit)
			  union
			  (select d.lane_id from adjustment d
			  where d.cut_at is null and d.lane_id > :after and %2$s
			  order by d.lane_id limit :limit)
			)
			select lane_id as id from due order by lane_id limit :limit
			""".formatted(isFree("a.lane_id"), isFree("d.lane_id"));

	private static final String LANE_OF = """
			select lane_id from account where client_id = :client and epoch = :epoch and lane_id is not null
			""";

	private static final String RAISE_ACCOUNT = """
			update account set cut = cut + :value, version = version + 1 where client_id = :client and epoch = :epoch and cut = :from
			""";

	private static final String RAISE_BUCKET = """
			update bucket set cut = :to
			where client_id = :client and epoch = :epoch and hour = :hour
			  and period_start = coalesce(cast(:period as timestamptz), '-infinity') and cut = :from
			""";

	/**
	 * The conditions stand twice: the inner ones find the rows and give each agency its
	 * share, the outer ones are looked at again when a row's lock is taken. Agencies that
	 * have any are found by jumping from one to the next, and of each the few rows that
	 * come first are read, however many wait behind them. A row whose lease has lapsed
	 * was due when it was taken up, so it is among those whose time has come.
	 */
	private static final String CLAIMABLE = """
			select %s from meter_event m
			where m.state in ('due', 'sending')
			  and ((m.state = 'due' and m.next_attempt_at <= :now) or (m.state = 'sending' and m.lease_until <= :now))
			  and m.id = any(array(
			    with recursive sender as (
			      select min(agency_id) as agency_id from meter_event where state in ('due', 'sending')
			      union all
			      select (select min(d.agency_id) from meter_event d
			        where d.state in ('due', 'sending') and d.agency_id > sender.agency_id)
			      from sender where sender.agency_id is not null
			    )
			    select fair.id
			    from sender
			    join agency g on g.id = sender.agency_id and g.status = 'active'
			    join stripe_connection s on s.agency_id = sender.agency_id and s.delivery = 'running'
			    left join (
			      select agency_id, count(*) as under_way from meter_event
			      where state = 'sending' and owner = :owner and lease_until > :now group by agency_id
			    ) mine on mine.agency_id = sender.agency_id
			    cross join lateral (
			      select d.id from meter_event d
			      where d.agency_id = sender.agency_id and d.stripe_account = s.account_id and d.livemode = s.livemode
			        and d.state in ('due', 'sending') and d.next_attempt_at <= :now
			        and (d.state = 'due' or d.lease_until <= :now)
			        and not exists (select from rollback_lane x where x.lane_id = d.lane_id and x.settled_at is null)
			      order by d.next_attempt_at, d.id
			      limit greatest(0, case s.meter_events when 'v2_stream' then :streamed else :alone end
			        - coalesce(mine.under_way, 0))
			    ) fair
			    where not exists (select from rollback r where r.settled_at is null and r.lanes_listed_at is null)
			      and not exists (select from unnest(cast(:resting as text[])) resting(id)
			        where resting.id = sender.agency_id)))
			order by m.next_attempt_at, m.id limit :limit for update of m skip locked
			""".formatted(MeterEventColumns.SELECT);

	private static final String CLAIMED = """
			select %s from meter_event m
			where m.id = :id and m.owner = :owner and m.attempts = :attempts and m.state = 'sending' for update of m
			""".formatted(MeterEventColumns.SELECT);

	/**
	 * Clouded is an hour in which something negative may be at Stripe and is not among
	 * what was delivered: it could hide something positive.
	 */
	private static final String KNOWN = """
			select cast(coalesce(sum(value) filter (where state = 'delivered'), 0) as bigint) as known,
			  coalesce(bool_or(value < 0 and state in ('parked', 'replaced') and id <> :but), false) as clouded
			from meter_event
			where lane_id = :lane and state in ('delivered', 'parked', 'replaced') and occurred_at >= :hour
			  and occurred_at < cast(:hour as timestamptz) + interval '1 hour'
			""";

	/** Not for what was said of a key that has been replaced since. */
	private static final String PAUSE = """
			update stripe_connection
			set delivery = 'paused', paused_by = 'stripe', paused_reason = :reason, paused_at = :now, updated_at = :now
			where agency_id = :agency and delivery = 'running' and updated_at <= :attempted
			""";

	private static final String BACKLOG = """
			select count(*) filter (where state = 'due') as due, count(*) filter (where state = 'sending') as sending,
			  (select count(*) from meter_event where state = 'parked') as parked, min(created_at) as oldest_due_at,
			  (select count(distinct lane_id) from rollback_lane where settled_at is null) as lanes_in_doubt,
			  (select count(*) from stripe_connection where delivery = 'paused') as agencies_paused
			from meter_event where state in ('due', 'sending')
			""";

	/**
	 * Meter events of one account follow each other; the newest are enough to look at,
	 * also where successors of older ones are among them.
	 */
	private static final String DRIFT = """
			select coalesce(sum(abs(a.cut - coalesce(m.to_unit, 0))), 0)::bigint as drift
			from account a
			left join lateral (
			  select max(to_unit) as to_unit from (
			    select to_unit from meter_event
			    where client_id = a.client_id and epoch = a.epoch and kind in ('units', 'recovered')
			    order by id desc limit 50) newest) m on true
			where a.cut <> coalesce(m.to_unit, 0)
			""";

	private final Database.OfSystem database;

	private final Witness witness;

	private final String writer;

	private final DatabaseClient client;

	private final LaneQueries lanes;

	private final MeterEventTable table;

	private final AdjustmentTable adjustments;

	private final RecoveryQueries recovery;

	private final Ids ids;

	private final RandomGenerator random;

	/**
	 * @param witness knows its cuts under an id of {@code ids}
	 */
	PostgresOutbox(Database.OfSystem database, Witness witness, Ids ids, RandomGenerator random) {
		this.database = database;
		this.witness = witness;
		this.writer = ids.next("wri_");
		this.client = database.client();
		this.lanes = new LaneQueries(database.client());
		this.table = new MeterEventTable(database.client());
		this.adjustments = new AdjustmentTable(database.client());
		this.recovery = new RecoveryQueries(database.client(), ids);
		this.ids = ids;
		this.random = random;
	}

	/** That a lane may be cut, in SQL. */
	private static String isFree(String lane) {
		return """
				not exists (select from meter_event m where m.lane_id = %1$s and m.state in ('due', 'sending'))
				  and not exists (select from meter_event m where m.lane_id = %1$s and m.state = 'parked' and m.stops_lane)
				  and not exists (select from rollback r where r.settled_at is null and r.lanes_listed_at is null)
				  and not exists (select from rollback_lane x where x.lane_id = %1$s and x.settled_at is null)
				  and exists (select from lane l
				    join agency g on g.id = l.agency_id and g.status = 'active'
				    join stripe_connection s on s.agency_id = l.agency_id and s.delivery = 'running'
				      and s.account_id = l.stripe_account and s.livemode = l.livemode
				    where l.id = %1$s)"""
			.formatted(lane);
	}

	@Override
	public Mono<List<Long>> lanesDue(long after, int limit) {
		return this.client.sql(LANES_DUE)
			.bind("after", after)
			.bind("limit", limit)
			.map((Readable row) -> MeterEventColumns.number(row, "id").longValue())
			.all()
			.collectList();
	}

	@Override
	public Mono<Long> laneOf(ClientId owing, int epoch) {
		return this.client.sql(LANE_OF)
			.bind("client", owing.value())
			.bind("epoch", epoch)
			.map((Readable row) -> MeterEventColumns.number(row, "lane_id").longValue())
			.one();
	}

	@Override
	public Mono<MeterEventRow> cut(long lane, Instant now) {
		Mono<MeterEventRow> cut = this.lanes.free(lane, now)
			.flatMap((free) -> adjust(free.lane(), now)
				.switchIfEmpty(Mono.defer(() -> this.lanes.cut(free, now).flatMap((found) -> store(found, now)))));
		return this.witness.transactional(this.database, this.writer, cut)
			.onErrorResume(DuplicateKeyException.class, PostgresOutbox::notFree);
	}

	/** Corrections are few, and go before units. */
	private Mono<MeterEventRow> adjust(Lane lane, Instant now) {
		return this.adjustments.waiting(lane.id()).flatMap((waiting) -> {
			MeterEventRow row = waiting.row(lane, now);
			return this.table.insert(row).then(this.adjustments.cut(waiting, now)).thenReturn(row);
		});
	}

	private Mono<MeterEventRow> store(Cut cut, Instant now) {
		return this.lanes.closedPeriods(cut.account().client(), now).flatMap((closed) -> {
			MeterEventRow row = cut.row(this.ids, closed, now);
			return this.table.insert(row).then(raise(row)).thenReturn(row);
		});
	}

	/**
	 * Cuts only ever rise from where they were read: the locks see to it, the conditions
	 * prove it.
	 */
	private Mono<Void> raise(MeterEventRow row) {
		Mono<Long> account = this.client.sql(RAISE_ACCOUNT)
			.bind("value", row.value())
			.bind("client", row.client().value())
			.bind("epoch", row.epoch())
			.bind("from", row.fromUnit())
			.fetch()
			.rowsUpdated();
		DatabaseClient.GenericExecuteSpec bucket = this.client.sql(RAISE_BUCKET)
			.bind("to", row.bucketTo())
			.bind("client", row.client().value())
			.bind("epoch", row.epoch())
			.bind("hour", row.bucketHour())
			.bind("from", row.bucketFrom());
		return account
			.concatWith(MeterEventTable.bind(bucket, "period", row.bucketPeriod(), Instant.class).fetch().rowsUpdated())
			.reduce(Long::sum)
			.filter((raised) -> raised == 2)
			.switchIfEmpty(Mono.error(() -> new IllegalStateException(
					"The account or bucket that " + row.identifier() + " is cut from was changed by another")))
			.then();
	}

	private static Mono<MeterEventRow> notFree(DuplicateKeyException ex) {
		boolean inFlight = String.valueOf(ex.getMessage()).contains(IN_FLIGHT);
		return inFlight ? Mono.empty() : Mono.error(ex);
	}

	/**
	 * Witnessed, so that nothing is sent but after a commit of which we know: a cut whose
	 * answer was lost is nobody's to miss when PostgreSQL loses it.
	 */
	@Override
	public Flux<MeterEventRow> claim(Delivery.Hold hold, int limit, Share perAgency, Instant now) {
		Mono<List<MeterEventRow>> claimed = this.client.sql(CLAIMABLE)
			.bind("now", now)
			.bind("owner", hold.owner())
			.bind("alone", perAgency.alone())
			.bind("streamed", perAgency.streamed())
			.bind("resting", perAgency.resting().stream().map(AgencyId::value).toArray(String[]::new))
			.bind("limit", limit)
			.map((Readable row) -> MeterEventColumns.row(row))
			.all()
			.collectList()
			.flatMapIterable((rows) -> rows)
			.map((row) -> row.taken(hold, now))
			.concatMap((row) -> this.table.update(row).thenReturn(row))
			.collectList()
			.filter((rows) -> !rows.isEmpty());
		return this.witness.transactional(this.database, this.writer, claimed).flatMapIterable((rows) -> rows);
	}

	@Override
	public Mono<Long> known(MeterEventRow row) {
		return known(row.lane(), row.hourAtStripe(), row.id().value()).filter((known) -> !known.clouded())
			.map(Known::units);
	}

	private Mono<Known> known(Lane lane, Instant hour, String but) {
		return this.client.sql(KNOWN)
			.bind("lane", lane.id())
			.bind("hour", hour)
			.bind("but", but)
			.map((Readable known) -> new Known(MeterEventColumns.number(known, "known").longValue(),
					Boolean.TRUE.equals(known.get("clouded", Boolean.class))))
			.one();
	}

	private record Known(long units, boolean clouded) {
	}

	@Override
	public Mono<MeterEventRow> settle(MeterEventRow claimed, Finding finding, Instant now) {
		Delivery delivery = claimed.delivery();
		String owner = (delivery.hold() != null) ? delivery.hold().owner() : "";
		Mono<MeterEventRow> settled = this.client.sql(CLAIMED)
			.bind("id", claimed.id().value())
			.bind("owner", owner)
			.bind("attempts", delivery.attempts())
			.map((Readable row) -> MeterEventColumns.row(row))
			.one()
			.flatMap((row) -> settle(row, NextState.after(row, finding, now, this.random), now));
		return Uncancelled.of(this.database.transactions().transactional(settled));
	}

	private Mono<MeterEventRow> settle(MeterEventRow row, NextState next, Instant now) {
		MeterEventRow settled = row.with(next.delivery());
		Mono<Void> paused = Mono.justOrEmpty(next.pauses()).flatMap((reason) -> pause(row, reason, now));
		return this.table.update(settled).then(paused).thenReturn(settled);
	}

	private Mono<Void> pause(MeterEventRow row, String reason, Instant now) {
		Instant attempted = row.delivery().lastAttemptAt();
		return this.client.sql(PAUSE)
			.bind("reason", reason)
			.bind("now", now)
			.bind("agency", row.lane().agency().value())
			.bind("attempted", (attempted != null) ? attempted : now)
			.then();
	}

	@Override
	public Mono<List<DoubtfulLane>> doubtfulLanes(Instant now, int limit) {
		return Uncancelled.of(this.database.transactions().transactional(this.recovery.list()))
			.then(Mono.defer(() -> this.recovery.doubtful(now, limit)));
	}

	@Override
	public Mono<List<Recovery.Settled>> settle(DoubtfulLane doubtful, Map<Instant, BigDecimal> readings, Instant now) {
		Mono<List<Recovery.Settled>> settled = this.recovery.settle(doubtful, readings, now, this::raise,
				(hour) -> known(doubtful.lane(), hour, "").map(Known::units));
		return Uncancelled.of(this.database.transactions().transactional(settled));
	}

	@Override
	public Mono<Long> drift() {
		return this.client.sql(DRIFT).mapValue(Long.class).one();
	}

	@Override
	public Mono<Backlog> backlog() {
		return this.client.sql(BACKLOG)
			.map((Readable row) -> new Backlog(MeterEventColumns.number(row, "due").longValue(),
					MeterEventColumns.number(row, "sending").longValue(),
					MeterEventColumns.number(row, "parked").longValue(), row.get("oldest_due_at", Instant.class),
					MeterEventColumns.number(row, "lanes_in_doubt").longValue(),
					MeterEventColumns.number(row, "agencies_paused").longValue()))
			.one();
	}

}
