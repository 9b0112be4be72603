package io.tallygate.bench;

import java.util.List;

/**
 * Meter events that wait in the outbox: of customers of other agencies, one each, as one
 * customer and meter has one on its way at a time. More units wait behind each, as they
 * do while Stripe is away and usage goes on.
 */
final class Waiting {

	private static final int AT_ONCE = 50_000;

	/** The parameters are the agencies, and from which to which they are numbered. */
	private static final String OWING = """
			create temp table if not exists owing (number bigint, client text, agency_id text, lane bigint);
			truncate owing;
			""";

	private static final String NUMBERED = """
			insert into owing select g, 'cli_' || substr(id_at('cli_', now()), 5) || left(md5('waiting' || g), 16),
			  (?::text[])[1 + g % cardinality(?::text[])], 2000000000 + g
			from generate_series(?::bigint, ?::bigint) as g
			""";

	/** What of a lane's customer and meter differs from those of the population. */
	private static final String ROWS = """
			insert into client select r.* from client m, owing o, lateral jsonb_populate_record(m, jsonb_build_object(
			  'id', o.client, 'agency_id', o.agency_id, 'stripe_customer_id', 'cus_bench_' || o.number %% %1$d)) r
			  where m.id = '%3$s';
			insert into lane overriding system value
			  select r.* from lane m, owing o, lateral jsonb_populate_record(m, jsonb_build_object('id', o.lane,
			    'agency_id', o.agency_id, 'client_id', o.client, 'customer', 'cus_bench_' || o.number %% %1$d,
			    'meter_id', 'mtr_bench_' || o.number / %1$d %% %2$d,
			    'event_name', 'bench_units_' || o.number / %1$d %% %2$d)) r where m.client_id = '%3$s';
			insert into epoch select r.* from epoch m, owing o, lateral jsonb_populate_record(m, jsonb_build_object(
			  'client_id', o.client, 'agency_id', o.agency_id, 'lane_id', o.lane)) r where m.client_id = '%3$s';
			insert into account (client_id, epoch, agency_id, divisor, lane_id, total, crossed, cut, version)
			  select o.client, 1, o.agency_id, m.divisor, o.lane, 2 * m.divisor, 2, 1, 2
			  from account m, owing o where m.client_id = '%3$s';
			insert into bucket (client_id, epoch, hour, agency_id, crossed, cut, last_crossing_at)
			  select client, 1, date_trunc('hour', now(), 'UTC'), agency_id, 2, 1, now() from owing;
			insert into meter_event (id, agency_id, lane_id, client_id, epoch, identifier, stripe_account, livemode,
			  stripe_customer_id, meter_id, event_name, value, from_unit, to_unit, bucket_hour, bucket_from, bucket_to,
			  occurred_at)
			  select 'mev_' || substr(o.client, 5), o.agency_id, l.id, o.client, 1, 'tg_' || substr(o.client, 5) || '_1_0_1_0',
			    l.stripe_account, l.livemode, l.customer, l.meter_id, l.event_name, 1, 0, 1, date_trunc('hour', now(), 'UTC'),
			    0, 1, now()
			  from owing o join lane l on l.id = o.lane
			""";

	private Waiting() {
	}

	/** Adds those from this number to that one, exclusive. */
	static void add(Stores stores, Installation installation, List<String> agencies, long from, long to) {
		String[] owners = agencies.toArray(String[]::new);
		try (Sql sql = new Sql(stores.connect(installation.database())).inBulk()) {
			for (long at = from; at < to; at += AT_ONCE) {
				sql.run(OWING);
				sql.run(NUMBERED, owners, owners, at, Math.min(to, at + AT_ONCE) - 1);
				sql.run(ROWS.formatted(FakeStripeProcess.CUSTOMERS, FakeStripeProcess.METERS, installation.client()));
			}
			sql.run("vacuum analyze");
			sql.run("checkpoint");
		}
	}

	/** How many have not been delivered. */
	static double left(Sql sql) {
		return sql.number("select count(*) from meter_event where state in ('due', 'sending')");
	}

}
