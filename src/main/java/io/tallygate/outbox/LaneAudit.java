package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.MeterEventId;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import io.tallygate.metering.DueListener;
import io.tallygate.stripe.MeterEventAnswer;
import io.tallygate.stripe.MeterEvents;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.dao.DuplicateKeyException;

/**
 * Lets what a lane has sent be held against what Stripe counts, and mends what differs.
 * Whatever is mended keeps the rule that no unit may count twice: an event is sent again
 * only under an identifier that Stripe still knows.
 */
public class LaneAudit {

	/** Stripe takes back what it received within a day. */
	private static final Duration CANCEL_MAX = Duration.ofHours(24);

	private static final int ROWS_OF_AN_HOUR = 1_000;

	private static final String LANES = """
			select l.id as lane_id, l.agency_id, l.stripe_account, l.livemode, l.customer as stripe_customer_id, l.meter_id,
			  l.event_name, l.client_id
			from lane l
			join stripe_connection s on s.agency_id = l.agency_id and s.account_id = l.stripe_account
			  and s.livemode = l.livemode
			where l.agency_id = :agency and (cast(:client as text) is null or l.client_id = :client)
			order by l.id
			""";

	private static final String LEDGER = """
			select date_trunc('hour', g.occurred_at, 'UTC') as hour, cast(sum(g.units) as bigint) as units
			from account a
			join ledger g on g.client_id = a.client_id and g.epoch = a.epoch
			where a.lane_id = :lane and g.occurred_at >= :from and g.occurred_at < :to and g.units <> 0
			  and g.id >= ledger_id_from(:from) and g.id < ledger_id_to(:to)
			group by 1
			""";

	private static final String BUCKETS = """
			select b.hour, cast(sum(b.crossed) as bigint) as crossed, cast(sum(b.cut) as bigint) as cut
			from account a join bucket b on b.client_id = a.client_id and b.epoch = a.epoch
			where a.lane_id = :lane and b.hour >= :from and b.hour < :to
			group by 1
			""";

	private static final String EVENTS = """
			select date_trunc('hour', m.occurred_at, 'UTC') as hour,
			  cast(coalesce(sum(value) filter (where state = 'delivered'), 0) as bigint) as delivered,
			  cast(coalesce(sum(value) filter (where state = 'delivered' and kind in ('test', 'adjustment')), 0) as bigint)
			    as other,
			  cast(coalesce(sum(abs(value)) filter (where state in ('due', 'sending')), 0) as bigint) as under_way,
			  cast(coalesce(sum(abs(value)) filter (where state = 'parked' and reason <> 'discarded'), 0) as bigint) as parked,
			  cast(coalesce(sum(value) filter (where state = 'parked' and reason = 'discarded' and kind <> 'adjustment'), 0)
			    as bigint) as discarded,
			  cast(coalesce(sum(value) filter (where state = 'replaced'), 0) as bigint) as replaced,
			  cast(coalesce(sum(value) filter (where state = 'delivered' and late), 0) as bigint) as late,
			  count(*) filter (where kind = 'adjustment' and state = 'delivered') as corrections,
			  cast(coalesce(sum(value) filter (where kind = 'adjustment' and state = 'delivered'), 0) as bigint) as corrected,
			  count(*) filter (where kind = 'adjustment' and state in ('due', 'sending', 'parked')) as corrections_open
			from meter_event m
			where m.lane_id = :lane and m.occurred_at >= :from and m.occurred_at < :to
			group by 1
			""";

	private static final String WAITING = """
			select date_trunc('hour', d.occurred_at, 'UTC') as hour, count(*) as waiting
			from adjustment d
			where d.lane_id = :lane and d.cut_at is null and d.occurred_at >= :from and d.occurred_at < :to
			group by 1
			""";

	private static final String ROWS = """
			select %s from meter_event m
			where m.lane_id = :lane and m.occurred_at >= :hour and m.occurred_at < cast(:hour as timestamptz) + interval '1 hour'
			order by m.created_at desc, m.id desc limit %d
			"""
		.formatted(MeterEventColumns.SELECT, ROWS_OF_AN_HOUR);

	private static final String LOCKED = """
			select %s from meter_event m where m.id = :id for update of m
			""".formatted(MeterEventColumns.SELECT);

	private static final String OWING = """
			select client_id, epoch from account where lane_id = :lane and crossed > cut
			""";

	private final Database.OfSystem database;

	private final MeterEventTable table;

	private final MeterEventDesk desk;

	private final MeterEvents stripe;

	private final DueListener lanes;

	private final InstantSource clock;

	LaneAudit(Database.OfSystem database, MeterEventDesk desk, MeterEvents stripe, DueListener lanes,
			InstantSource clock) {
		this.database = database;
		this.table = new MeterEventTable(database.client());
		this.desk = desk;
		this.stripe = stripe;
		this.lanes = lanes;
		this.clock = clock;
	}

	/**
	 * A lane and whose it is.
	 *
	 * @param lane to Stripe
	 * @param client who is billed
	 */
	public record ClientLane(Lane lane, ClientId client) {
	}

	/** The agency's lanes to the account that is connected, of one client or all. */
	public Mono<List<ClientLane>> lanes(AgencyId agency, @Nullable ClientId client) {
		return Uncancelled.of(this.database.client()
			.sql(LANES)
			.bind("agency", agency.value())
			.bind("client", Database.nullable(String.class, (client != null) ? client.value() : null))
			.map((Readable row) -> new ClientLane(MeterEventColumns.lane(row),
					new ClientId(MeterEventColumns.text(row, "client_id"))))
			.all()
			.collectList());
	}

	/** The hours of a lane in which anything happened, oldest first. */
	public Mono<List<LaneHour>> hours(Lane lane, Instant from, Instant to) {
		Map<Instant, LaneHour> hours = new TreeMap<>();
		Mono<Void> ledger = read(LEDGER, lane, from, to, hours,
				(hour, row) -> new LaneHour(hour.hour(), number(row, "units"), hour.crossed(), hour.outbox(),
						hour.delivered(), hour.other(), hour.underWay(), hour.parked(), hour.discarded(),
						hour.replaced(), hour.late(), hour.corrections()));
		Mono<Void> buckets = read(BUCKETS, lane, from, to, hours,
				(hour, row) -> new LaneHour(hour.hour(), hour.ledger(), number(row, "crossed"), number(row, "cut"),
						hour.delivered(), hour.other(), hour.underWay(), hour.parked(), hour.discarded(),
						hour.replaced(), hour.late(), hour.corrections()));
		Mono<Void> events = read(EVENTS, lane, from, to, hours,
				(hour, row) -> new LaneHour(hour.hour(), hour.ledger(), hour.crossed(), hour.outbox(),
						number(row, "delivered"), number(row, "other"), number(row, "under_way"), number(row, "parked"),
						number(row, "discarded"), number(row, "replaced"), number(row, "late"),
						new LaneHour.Corrections(number(row, "corrections"), number(row, "corrected"),
								number(row, "corrections_open"))));
		Mono<Void> waiting = read(WAITING, lane, from, to, hours, (hour, row) -> hour.waiting(number(row, "waiting")));
		// One snapshot, or a fold in between would look like a difference.
		return Uncancelled.of(this.database.transactions()
			.transactional(this.database.client()
				.sql("set transaction isolation level repeatable read")
				.then()
				.then(ledger)
				.then(buckets)
				.then(events)
				.then(waiting)
				.then(Mono.fromSupplier(() -> List.copyOf(hours.values())))));
	}

	private Mono<Void> read(String statement, Lane lane, Instant from, Instant to, Map<Instant, LaneHour> hours,
			java.util.function.BiFunction<LaneHour, Readable, LaneHour> with) {
		return this.database.client()
			.sql(statement)
			.bind("lane", lane.id())
			.bind("from", from)
			.bind("to", to)
			.map((Readable row) -> {
				Instant hour = MeterEventColumns.time(row, "hour");
				return with.apply(hours.getOrDefault(hour, LaneHour.empty(hour)), row);
			})
			.all()
			.doOnNext((hour) -> hours.put(hour.hour(), hour))
			.then();
	}

	/** The meter events of one hour of a lane, newest first. */
	public Mono<List<MeterEventRow>> events(Lane lane, Instant hour) {
		return Uncancelled.of(this.database.client()
			.sql(ROWS)
			.bind("lane", lane.id())
			.bind("hour", hour)
			.map((Readable row) -> MeterEventColumns.row(row))
			.all()
			.collectList());
	}

	/**
	 * Sends a delivered event again under its own identifier: if Stripe has it after all,
	 * it says so. Only while Stripe surely remembers the identifier.
	 * @return what came of it, in words
	 */
	public Mono<String> resend(MeterEventId id) {
		Mono<String> resent = locked(id).flatMap((row) -> {
			Instant now = this.clock.instant();
			if (!row.is(Delivery.State.DELIVERED) || !mayBeResent(row, now)) {
				return Mono.just("not sent again: it is " + row.delivery().state().text() + " or too old");
			}
			return this.table.update(row.with(row.delivery().reopened(row.createdAt(), now)))
				.thenReturn("is sent again under the same identifier");
		});
		return Uncancelled.of(this.database.transactions().transactional(resent))
			.onErrorResume(DuplicateKeyException.class,
					(busy) -> Mono.just("waits: another meter event of this customer and meter is under way"));
	}

	/** Whether Stripe surely still knows the event's identifier, if it ever had it. */
	public static boolean mayBeResent(MeterEventRow row, Instant now) {
		return row.createdAt().plus(MeterEventRow.DOUBT_MAX).isAfter(now);
	}

	/** Puts a successor in the place of a delivered event that Stripe does not count. */
	public Mono<String> succeed(MeterEventId id) {
		Mono<MeterEventRow> parked = locked(id).filter((row) -> row.is(Delivery.State.DELIVERED))
			.map((row) -> row.with(row.delivery().parked(Delivery.MISSING, false, "Stripe's summaries lack it")))
			.flatMap((row) -> this.table.update(row).thenReturn(row));
		return Uncancelled.of(this.database.transactions().transactional(parked))
			.flatMap(this::retry)
			.defaultIfEmpty("is delivered no more");
	}

	/** Sends a parked event again, as a person would. */
	public Mono<String> retry(MeterEventRow row) {
		return this.desk.retry(row)
			.map((out) -> out.id().equals(row.id()) ? "is sent again" : "is replaced by " + out.id())
			.onErrorResume(Problem.class, (refused) -> Mono.just("stays parked: " + refused.getMessage()));
	}

	/** Takes a parked event for delivered, because Stripe counts it. */
	public Mono<String> accept(MeterEventId id) {
		Mono<String> accepted = locked(id).filter((row) -> row.is(Delivery.State.PARKED))
			.flatMap((row) -> this.table.update(row.with(row.delivery().delivered(this.clock.instant())))
				.thenReturn("counts as delivered"));
		return Uncancelled.of(this.database.transactions().transactional(accepted)).defaultIfEmpty("is parked no more");
	}

	/** Whether Stripe still takes the event back. */
	public static boolean mayBeCancelled(MeterEventRow row, Instant now) {
		Instant last = row.delivery().lastAttemptAt();
		return last != null && last.plus(CANCEL_MAX).isAfter(now);
	}

	/** Takes an event back that must not count; one that Stripe lacks does not. */
	public Mono<String> cancel(MeterEventRow row) {
		return this.stripe
			.cancel(row.lane().agency(), row.lane().eventName(), row.identifier(), row.identifier() + ":cancel")
			.map((answer) -> (answer instanceof MeterEventAnswer.Accepted) ? "is taken back at Stripe"
					: (answer instanceof MeterEventAnswer.Refused) ? "is not known at Stripe"
							: "could not be taken back: " + answer);
	}

	/** Hastens what waits in a lane. */
	public Mono<String> flush(Lane lane) {
		return Uncancelled
			.of(this.database.client()
				.sql(OWING)
				.bind("lane", lane.id())
				.map((Readable row) -> Map.entry(new ClientId(MeterEventColumns.text(row, "client_id")),
						MeterEventColumns.number(row, "epoch").intValue()))
				.all()
				.collectList())
			.flatMapMany(Flux::fromIterable)
			.doOnNext((owing) -> this.lanes.unitsDue(owing.getKey(), owing.getValue()))
			.then(Mono.just("the lane was woken"));
	}

	private Mono<MeterEventRow> locked(MeterEventId id) {
		return this.database.client()
			.sql(LOCKED)
			.bind("id", id.value())
			.map((Readable row) -> MeterEventColumns.row(row))
			.one();
	}

	private static long number(Readable row, String column) {
		return MeterEventColumns.number(row, column).longValue();
	}

}
