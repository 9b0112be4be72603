package io.tallygate.bench;

import io.tallygate.support.Progress;

/**
 * Fills a ledger with requests of the past, as if the clients that are there had taken
 * turns all the time: lines, totals, buckets, what was used of each month, and one
 * delivered meter event for each client. The gateway is up and idle meanwhile.
 */
final class PastRequests {

	/** Months before the current one over which they are spread. */
	static final int MONTHS = 3;

	private static final int AT_ONCE = 1_000_000;

	/** With more than this, indexes are made anew afterwards, which takes less time. */
	private static final int WITH_INDEXES_MAX = 100_000;

	private static final String PARTITIONS = "select ensure_ledger_partitions(now() - interval '%d months')"
		.formatted(MONTHS);

	/** Clients by number, as they are charged now. */
	private static final String PAYERS = """
			create temp table payer as
			select row_number() over (order by c.id) - 1 as number, c.id as client, c.agency_id, c.epoch, h.id as channel,
			  a.total, a.divisor, (select id from provider limit 1) as provider
			from client c join account a on a.client_id = c.id and a.epoch = c.epoch join channel h on h.client_id = c.id;
			create unique index on payer (number);
			analyze payer
			""";

	/** The parameters are how many there will be, and from which to which is inserted. */
	private static final String LINES = """
			with bounds as (
			  select extract(epoch from date_trunc('month', now(), 'UTC') - interval '%d months')::bigint * 1000 as begun,
			    extract(epoch from now() - interval '1 hour')::bigint * 1000 as ended, (select count(*) from payer) as payers,
			    ?::bigint as size
			), line as (
			  select p.*, p.total + (g / payers) * 320000 as before, begun + (ended - begun) * g / size as ms,
			    left(md5(g || '/' || size), 16) as chance
			  from bounds, generate_series(?::bigint, ?::bigint) as g, payer p
			  where p.number = g %% payers offset 0
			), named as (
			  select *, to_timestamp(ms / 1000.0::double precision) as at, %s || chance as body from line offset 0
			), fresh as (
			  insert into ledger (id, request_id, agency_id, client_id, epoch, channel_id, provider_id, model, api, status,
			    input_tokens, output_tokens, total_tokens, quantity, charge_by, total_before, total_after, units, occurred_at,
			    http_status, duration_ms, ttft_ms, instance, recorded_at, period_start)
			  select 'led_' || body, 'req_' || body, agency_id, client, epoch, channel, provider, 'bench', 'chat', 'billed',
			    200, 120, 320, 320000, 'tokens', before, before + 320000, (before + 320000) / divisor - before / divisor, at,
			    200, 2, 1, 'ins_' || body, at, date_trunc('month', at, 'UTC')
			  from named
			  returning client_id, epoch, agency_id, channel_id, provider_id, units, occurred_at, period_start, quantity
			), by_hour as (
			  insert into usage_hour
			  select client_id, date_trunc('hour', occurred_at, 'UTC'), channel_id, provider_id, 'bench', min(agency_id),
			    count(*), count(*), count(*) * 200, 0, 0, count(*) * 120, 0, count(*) * 320, sum(quantity), sum(units), 0
			  from fresh group by 1, 2, 3, 4
			  on conflict (client_id, hour, channel_id, provider_id, model) do update set
			    requests = usage_hour.requests + excluded.requests, messages = usage_hour.messages + excluded.messages,
			    input_tokens = usage_hour.input_tokens + excluded.input_tokens,
			    output_tokens = usage_hour.output_tokens + excluded.output_tokens,
			    total_tokens = usage_hour.total_tokens + excluded.total_tokens,
			    quantity = usage_hour.quantity + excluded.quantity, units = usage_hour.units + excluded.units
			), used as (
			  insert into usage_period (client_id, charge_by, period_start, agency_id, quantity, version)
			  select client_id, 'tokens', period_start, min(agency_id), sum(quantity), 1 from fresh group by 1, 3
			  on conflict (client_id, charge_by, period_start) do update
			    set quantity = usage_period.quantity + excluded.quantity, version = usage_period.version + 1
			)
			insert into bucket (client_id, epoch, hour, agency_id, crossed, cut, last_crossing_at)
			select client_id, epoch, date_trunc('hour', occurred_at, 'UTC'), min(agency_id), sum(units), sum(units),
			  max(occurred_at)
			from fresh where units > 0 group by 1, 2, 3
			on conflict (client_id, epoch, hour, period_start) do update
			  set crossed = bucket.crossed + excluded.crossed, cut = bucket.cut + excluded.cut
			"""
		.formatted(MONTHS, time());

	/** The parameter is how many lines were inserted. */
	private static final String TOTALS = """
			with raised as (
			  update account a set total = a.total + r.lines * 320000, crossed = (a.total + r.lines * 320000) / a.divisor,
			    cut = (a.total + r.lines * 320000) / a.divisor, version = a.version + 1
			  from (select number, client, epoch, (?::bigint + (select count(*) from payer) - 1 - number)
			      / (select count(*) from payer) as lines from payer) r
			  where a.client_id = r.client and a.epoch = r.epoch and r.lines > 0
			  returning a.client_id, a.epoch, a.lane_id, (a.total - r.lines * 320000) / a.divisor as from_unit,
			    a.cut as to_unit
			)
			insert into meter_event (id, agency_id, lane_id, client_id, epoch, identifier, stripe_account, livemode,
			  stripe_customer_id, meter_id, event_name, value, from_unit, to_unit, bucket_hour, bucket_from, bucket_to,
			  occurred_at, state, delivered_at)
			select 'mev_' || substr(r.client_id, 5, 10) || left(md5(r.client_id || to_unit), 16), l.agency_id, l.id,
			  r.client_id, r.epoch, 'tg_' || substr(r.client_id, 5) || '_1_' || from_unit || '_' || to_unit || '_0',
			  l.stripe_account, l.livemode, l.customer, l.meter_id, l.event_name, to_unit - from_unit, from_unit, to_unit,
			  date_trunc('hour', now() - interval '1 hour', 'UTC'), 0, to_unit - from_unit, now() - interval '1 hour',
			  'delivered', now()
			from raised r join lane l on l.id = r.lane_id where to_unit > from_unit
			""";

	private PastRequests() {
	}

	/** The ten characters of an id that are its milliseconds. */
	private static String time() {
		StringBuilder digits = new StringBuilder();
		for (int i = 9; i >= 0; i--) {
			digits.append(digits.isEmpty() ? "" : " || ")
				.append("substr('0123456789abcdefghjkmnpqrstvwxyz', (ms >> %d & 31)::int + 1, 1)".formatted(5 * i));
		}
		return digits.toString();
	}

	/** Makes so many lines of it. */
	static void fill(Stores stores, Installation installation, long present, long size) {
		long lines = size - present;
		try (Sql sql = new Sql(stores.connect(installation.database())).inBulk();
				Progress progress = new Progress("lines", lines)) {
			sql.run(PARTITIONS);
			sql.run(PAYERS);
			boolean isMuch = lines > WITH_INDEXES_MAX;
			if (isMuch) {
				sql.run("""
						create temp table dropped as select indexname, replace(indexdef, ' ON ONLY ', ' ON ') as made
						  from pg_indexes where tablename = 'ledger' and indexname <> 'ledger_pkey';
						do $$ declare i record; begin
						  for i in select * from dropped loop execute 'drop index ' || i.indexname; end loop; end $$
						""");
			}
			for (long from = 0; from < lines; from += AT_ONCE) {
				long to = Math.min(lines, from + AT_ONCE);
				sql.run(LINES, lines, from, to - 1);
				progress.reach(to);
			}
			sql.run(TOTALS, lines);
			if (isMuch) {
				progress.say("Making indexes");
				sql.run("do $$ declare i record; begin for i in select * from dropped loop execute i.made; end loop; end $$");
			}
			sql.run("vacuum analyze");
			sql.run("checkpoint");
		}
	}

}
