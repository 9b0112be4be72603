package io.tallygate.outbox;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.MeterEventId;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.stereotype.Component;

/** One agency's meter events and delivery, read under its own rights. */
@Component
class MeterEventReads {

	private static final String PAGE = """
			select %s from meter_event m
			where (cast(:client as text) is null or m.client_id = :client)
			  and (cast(:state as text) is null or m.state = :state)
			""".formatted(MeterEventColumns.SELECT);

	private static final String CLIENT_IS_KNOWN = "select exists (select from client where id = :client)";

	private static final String FIND = "select %s from meter_event m where m.id = :id"
		.formatted(MeterEventColumns.SELECT);

	/** Of an agency without a connection to Stripe there is one row too. */
	private static final String STATUS = """
			select s.delivery, s.paused_by, s.paused_reason, e.due, e.sending, e.parked, e.oldest_due_at,
			  (select cast(coalesce(sum(crossed - cut), 0) as bigint) from account where crossed > cut) as units_waiting,
			  (select count(*) from adjustment where lane_id is not null and cut_at is null) as adjustments_waiting
			from (
			  select count(*) filter (where state = 'due') as due, count(*) filter (where state = 'sending') as sending,
			    (select count(*) from meter_event where state = 'parked') as parked, min(created_at) as oldest_due_at
			  from meter_event where state in ('due', 'sending')
			) e left join stripe_connection s on true
			""";

	private final Database.OfTenant database;

	MeterEventReads(Database.OfTenant database) {
		this.database = database;
	}

	/**
	 * Meter events of a client, in a state, or all; a problem when the client is not this
	 * agency's.
	 */
	Mono<Page<MeterEventRow>> page(AgencyId agency, @Nullable ClientId client, Delivery.@Nullable State state,
			PageRequest page) {
		DatabaseClient.GenericExecuteSpec select = page.bind(this.database.client().sql(PAGE + page.tail("m.id")));
		select = MeterEventTable.bind(select, "client", (client != null) ? client.value() : null, String.class);
		select = MeterEventTable.bind(select, "state", (state != null) ? state.text() : null, String.class);
		return Uncancelled.of(this.database.as(agency,
				known(client).then(page.of(select.map((Readable row) -> MeterEventColumns.row(row)).all()))));
	}

	private Mono<Void> known(@Nullable ClientId client) {
		return (client == null) ? Mono.empty()
				: this.database.client()
					.sql(CLIENT_IS_KNOWN)
					.bind("client", client.value())
					.mapValue(Boolean.class)
					.one()
					.filter((known) -> known)
					.switchIfEmpty(Mono.error(() -> Problem.notFound("client", client.value())))
					.then();
	}

	/** One meter event; a problem when it is not this agency's. */
	Mono<MeterEventRow> find(AgencyId agency, MeterEventId id) {
		return Uncancelled.of(this.database.as(agency,
				this.database.client()
					.sql(FIND)
					.bind("id", id.value())
					.map((Readable row) -> MeterEventColumns.row(row))
					.one()))
			.switchIfEmpty(Mono.error(() -> Problem.notFound("meter event", id.value())));
	}

	/** How an agency's delivery stands. */
	Mono<DeliveryStatus> status(AgencyId agency) {
		return Uncancelled
			.of(this.database.as(agency, this.database.client().sql(STATUS).map(DeliveryStatus::of).one()));
	}

}
