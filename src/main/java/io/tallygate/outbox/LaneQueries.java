package io.tallygate.outbox;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

import io.r2dbc.spi.Readable;
import io.tallygate.client.Report;
import io.tallygate.core.ClientId;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.r2dbc.core.DatabaseClient;

/**
 * Reads what a lane owes, for one cut: locked first, so that all that is read after is
 * what nobody else changes.
 */
final class LaneQueries {

	private static final String LOCK = "select id from lane where id = :lane for no key update skip locked";

	/**
	 * The lane, if it is free and its agency's delivery runs. Runs after the lock, in a
	 * statement of its own: it must see what the last holder of the lock committed.
	 */
	private static final String FREE = """
			select l.id as lane_id, l.agency_id, l.stripe_account, l.livemode, l.customer as stripe_customer_id,
			  l.meter_id, l.event_name,
			  (select max(m.created_at) from meter_event m where m.lane_id = l.id and m.bucket_hour >= :hour) as cut_at
			from lane l
			join agency g on g.id = l.agency_id and g.status = 'active'
			join stripe_connection s on s.agency_id = l.agency_id and s.delivery = 'running'
			  and s.account_id = l.stripe_account and s.livemode = l.livemode
			where l.id = :lane
			  and not exists (select from rollback r where r.settled_at is null and r.lanes_listed_at is null)
			  and not exists (select from rollback_lane x where x.lane_id = l.id and x.settled_at is null)
			  and not exists (select from meter_event m where m.lane_id = l.id and m.state in ('due', 'sending'))
			  and not exists (select from meter_event m where m.lane_id = l.id and m.state = 'parked' and m.stops_lane)
			""";

	private static final String ACCOUNTS = """
			select a.client_id, a.epoch, a.cut, e.report
			from account a join epoch e on e.client_id = a.client_id and e.epoch = a.epoch
			where a.lane_id = :lane and a.crossed > a.cut
			order by a.client_id, a.epoch for update of a
			""";

	/** The oldest are enough: at most those of the running hour are held back. */
	private static final String BUCKETS = """
			select b.client_id, b.epoch, b.hour, nullif(b.period_start, '-infinity') as period, b.crossed, b.cut,
			  b.last_crossing_at
			from bucket b join account a on a.client_id = b.client_id and a.epoch = b.epoch
			where a.lane_id = :lane and b.crossed > b.cut
			order by b.hour, b.period_start, b.epoch, b.client_id limit 64
			""";

	/**
	 * Invoices of the subscription that bills the client. A draft whose time has come is
	 * final before we are told. One that is made within its period is not the last.
	 */
	private static final String CLOSED = """
			select i.period_start, i.period_end
			from client_invoice i
			join client_payment p on p.client_id = i.client_id and p.subscription_id = i.subscription_id
			where i.client_id = :client and i.period_start < i.period_end and i.period_end <= :now
			  and (i.status <> 'draft' or i.finalizes_at <= :now)
			order by i.period_start desc limit 100
			""";

	private final DatabaseClient client;

	LaneQueries(DatabaseClient client) {
		this.client = client;
	}

	/**
	 * The lane, locked for the transaction, if it is free and nobody else is cutting it.
	 */
	Mono<Free> free(long lane, Instant now) {
		return this.client.sql(LOCK).bind("lane", lane).fetch().one().flatMap((locked) -> read(lane, now));
	}

	/** What to cut for a lane that is held. */
	Mono<Cut> cut(Free free, Instant now) {
		return owing(free.lane().id()).map((accounts) -> Cut.next(free.lane(), accounts, free.cutAt(), now))
			.flatMap(Mono::justOrEmpty);
	}

	/** The periods of a client whose invoices have left draft. */
	Mono<ClosedPeriods> closedPeriods(ClientId owing, Instant now) {
		return this.client.sql(CLOSED)
			.bind("client", owing.value())
			.bind("now", now)
			.map((Readable row) -> new ClosedPeriods.Period(MeterEventColumns.time(row, "period_start"),
					MeterEventColumns.time(row, "period_end")))
			.all()
			.collectList()
			.map(ClosedPeriods::new);
	}

	private Mono<Free> read(long lane, Instant now) {
		return this.client.sql(FREE)
			.bind("lane", lane)
			.bind("hour", now.truncatedTo(java.time.temporal.ChronoUnit.HOURS))
			.map((Readable row) -> new Free(MeterEventColumns.lane(row), row.get("cut_at", Instant.class)))
			.one();
	}

	/** The lane's accounts with units due, locked, inside a transaction that holds it. */
	Mono<List<LaneAccount>> owing(long lane) {
		return this.client.sql(ACCOUNTS)
			.bind("lane", lane)
			.map((Readable row) -> account(row, List.of()))
			.all()
			.collectList()
			.flatMap((accounts) -> buckets(lane).map((buckets) -> accounts.stream()
				.map((account) -> withBuckets(account, buckets.getOrDefault(key(account), List.of())))
				.toList()));
	}

	private Mono<Map<String, List<Bucket>>> buckets(long lane) {
		return this.client.sql(BUCKETS)
			.bind("lane", lane)
			.map((Readable row) -> Map.entry(
					MeterEventColumns.text(row, "client_id") + "/" + MeterEventColumns.number(row, "epoch"),
					bucket(row)))
			.all()
			.collect(LinkedHashMap::new, (map, entry) -> map.computeIfAbsent(entry.getKey(), (key) -> new ArrayList<>())
				.add(entry.getValue()));
	}

	private static LaneAccount account(Readable row, List<Bucket> buckets) {
		return new LaneAccount(new ClientId(MeterEventColumns.text(row, "client_id")),
				MeterEventColumns.number(row, "epoch").intValue(),
				Report.valueOf(MeterEventColumns.text(row, "report").toUpperCase(Locale.ROOT)),
				MeterEventColumns.number(row, "cut").longValue(), buckets);
	}

	private static Bucket bucket(Readable row) {
		return new Bucket(MeterEventColumns.time(row, "hour"), row.get("period", Instant.class),
				MeterEventColumns.number(row, "crossed").longValue(), MeterEventColumns.number(row, "cut").longValue(),
				MeterEventColumns.time(row, "last_crossing_at"));
	}

	private static LaneAccount withBuckets(LaneAccount account, List<Bucket> buckets) {
		return new LaneAccount(account.client(), account.epoch(), account.report(), account.cut(), buckets);
	}

	private static String key(LaneAccount account) {
		return account.client() + "/" + account.epoch();
	}

	/**
	 * A lane that is free.
	 *
	 * @param lane its way to Stripe
	 * @param cutAt when it was last cut in the hour that still runs
	 */
	record Free(Lane lane, @Nullable Instant cutAt) {
	}

}
