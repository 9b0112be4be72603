package io.tallygate.metering;

import java.time.Instant;
import java.util.List;
import java.util.Objects;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.MeterEventId;
import io.tallygate.core.RequestId;
import io.tallygate.core.Uncancelled;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.stereotype.Component;

/**
 * The way from a request to the meter events that report it, and back.
 * <p>
 * Nobody writes this down; it follows from the numbers. An account's crossing lines,
 * ordered by the total that they reached, complete units one after the other, and within
 * one hour that order numbers the units of the hour's bucket: a line that completes three
 * has three consecutive ordinals. A meter event covers the ordinals above its
 * {@code bucket_from}, up to and including its {@code bucket_to}. It names the crossing
 * lines that hold one of them, and with each the lines since the crossing before, which
 * filled the unit up.
 */
@Component
public class MeterEventTrail {

	/** The most requests that one meter event is said to name. */
	public static final int REQUESTS_MAX = 10_000;

	/** Adjustments and test usage never touch totals, so they complete nothing. */
	private static final String TOTALLED = "kind not in ('adjustment', 'test')";

	private static final String REQUESTS_OF = """
			with event as (
			  select client_id, epoch, bucket_hour, bucket_from, bucket_to
			  from meter_event
			  where id = :event and agency_id = :agency and kind in ('units', 'recovered')
			), numbered as (
			  select client_id, epoch, total_after, units, sum(units) over (order by total_after) as ordinal
			  from ledger
			  where (client_id, epoch) = (select client_id, epoch from event) and units > 0 and %1$s
			    and occurred_at >= (select bucket_hour from event)
			    and occurred_at < (select bucket_hour from event) + interval '1 hour'
			), crossing as (
			  select numbered.client_id, numbered.epoch, numbered.total_after
			  from numbered, event
			  where ordinal > event.bucket_from and ordinal - numbered.units < event.bucket_to
			)
			select distinct line.request_id
			from crossing
			cross join lateral (
			  select coalesce(max(before.total_after), 0) as total
			  from ledger before
			  where before.client_id = crossing.client_id and before.epoch = crossing.epoch
			    and before.total_after < crossing.total_after and before.units > 0 and before.%1$s
			) since
			join ledger line on line.client_id = crossing.client_id and line.epoch = crossing.epoch
			  and line.total_after > since.total and line.total_after <= crossing.total_after
			where line.request_id is not null and line.quantity <> 0 and line.%1$s
			order by line.request_id
			limit :most
			""".formatted(TOTALLED);

	private static final String EVENTS_OF = """
			with line as (
			  select client_id, epoch, total_after
			  from ledger
			  where id = :line and agency_id = :agency and quantity <> 0 and %1$s
			), crossing as (
			  select ledger.client_id, ledger.epoch, ledger.total_after, ledger.units,
			    date_trunc('hour', ledger.occurred_at, 'UTC') as hour
			  from ledger join line on ledger.client_id = line.client_id and ledger.epoch = line.epoch
			    and ledger.total_after >= line.total_after
			  where ledger.units > 0 and ledger.%1$s
			  order by ledger.total_after
			  limit 1
			), numbered as (
			  select crossing.client_id, crossing.epoch, crossing.hour, crossing.units, sum(ledger.units) as ordinal
			  from crossing join ledger on ledger.client_id = crossing.client_id and ledger.epoch = crossing.epoch
			    and ledger.occurred_at >= crossing.hour and ledger.occurred_at < crossing.hour + interval '1 hour'
			    and ledger.total_after <= crossing.total_after
			  where ledger.units > 0 and ledger.%1$s
			  group by crossing.client_id, crossing.epoch, crossing.hour, crossing.units
			)
			select event.id, event.identifier, event.state, event.value, event.from_unit, event.to_unit,
			  event.occurred_at, event.delivered_at
			from numbered join meter_event event on event.client_id = numbered.client_id and event.epoch = numbered.epoch
			  and event.bucket_hour = numbered.hour and event.kind in ('units', 'recovered')
			  and event.bucket_to > numbered.ordinal - numbered.units and event.bucket_from < numbered.ordinal
			union all
			select event.id, event.identifier, event.state, event.value, event.from_unit, event.to_unit,
			  event.occurred_at, event.delivered_at
			from meter_event event
			where event.id = 'mev_' || substr(:line, 5) and event.agency_id = :agency and event.kind = 'adjustment'
			order by from_unit, id
			"""
		.formatted(TOTALLED);

	private final Database.OfTenant database;

	MeterEventTrail(Database.OfTenant database) {
		this.database = database;
	}

	/** The requests that a meter event of this agency names, oldest first. */
	public Mono<List<RequestId>> requestsOf(AgencyId agency, MeterEventId event) {
		return Uncancelled.of(this.database.as(agency,
				this.database.client()
					.sql(REQUESTS_OF)
					.bind("event", event.value())
					.bind("agency", agency.value())
					.bind("most", REQUESTS_MAX)
					.map((row) -> new RequestId(Objects.requireNonNull(row.get("request_id", String.class))))
					.all()
					.collectList()));
	}

	/**
	 * The meter events of which a line of this agency's ledger is part, in the order of
	 * their units: none while its unit is not complete, or not cut yet.
	 */
	Mono<List<ReportedIn>> eventsOf(AgencyId agency, String ledgerId) {
		return Uncancelled.of(this.database.as(agency,
				this.database.client()
					.sql(EVENTS_OF)
					.bind("line", ledgerId)
					.bind("agency", agency.value())
					.map(ReportedIn::of)
					.all()
					.collectList()));
	}

	/**
	 * A meter event, seen from a line of the ledger.
	 *
	 * @param id ours
	 * @param identifier Stripe's
	 * @param state where it is on its way
	 * @param value the units that it reports
	 * @param fromUnit the account's unit before its first
	 * @param toUnit the account's unit that is its last
	 * @param occurredAt when Stripe is told that it occurred
	 * @param deliveredAt when Stripe had it
	 */
	record ReportedIn(String id, String identifier, String state, long value, long fromUnit, long toUnit,
			Instant occurredAt, @Nullable Instant deliveredAt) {

		static ReportedIn of(Readable row) {
			return new ReportedIn(get(row, "id", String.class), get(row, "identifier", String.class),
					get(row, "state", String.class), get(row, "value", Long.class), get(row, "from_unit", Long.class),
					get(row, "to_unit", Long.class), get(row, "occurred_at", Instant.class),
					row.get("delivered_at", Instant.class));
		}

		private static <T> T get(Readable row, String column, Class<T> type) {
			return Objects.requireNonNull(row.get(column, type), column);
		}

	}

}
