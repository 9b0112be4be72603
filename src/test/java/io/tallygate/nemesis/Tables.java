package io.tallygate.nemesis;

import java.time.OffsetDateTime;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

import org.springframework.jdbc.core.simple.JdbcClient;

/** The gateways' tables, read by one who trusts none of their programs. */
final class Tables {

	private static final String LINES_SINCE = """
			select request_id, coalesce(provider_request_id, '') as provider_request_id, status,
			       coalesce(total_tokens, 0) as total_tokens, quantity, client_id
			from ledger
			where kind = 'exchange' and recorded_at > :since
			""";

	/** A writer may take so long from the beginning of its transaction to its end. */
	private static final String NOW = "select clock_timestamp() - interval '90 seconds'";

	private static final String ORPHANS = "select request_id from orphan where superseded_at is null";

	private static final String LIVING = "select id from instance_lease where expires_at > clock_timestamp()";

	private static final String WAITING = """
			select id || ' ' || state || ' after ' || attempts || ' attempts: ' || coalesce(last_error, '')
			from meter_event
			where (state in ('due', 'sending') and created_at < :before) or state = 'parked'
			union all
			select 'delivery of ' || account_name || ' is paused: ' || paused_reason
			from stripe_connection
			where delivery = 'paused'
			""";

	private static final String UNCUT = """
			select client_id || ' has units to cut' from account where crossed > cut and lane_id is not null
			union all
			select id || ' is ' || state from meter_event where state in ('due', 'sending')
			""";

	private static final String FAULTS = """
			select 'an account of ' || client_id || ' stands at ' || total || ', its lines add up to ' || lines
			from (select client_id, total, (select coalesce(sum(quantity), 0) from ledger l
			        where l.client_id = a.client_id and l.epoch = a.epoch and kind <> 'adjustment') as lines
			      from account a) as sums
			where total <> lines
			union all
			select 'cut of ' || client_id || ' are ' || cut || ' units, its meter events are of ' || events
			       || ', and its total completes ' || total / divisor
			from (select client_id, total, divisor, cut, (select coalesce(sum(value), 0) from meter_event m
			        where m.client_id = a.client_id and m.epoch = a.epoch and state <> 'replaced') as events
			      from account a) as sums
			where cut <> events or events > total / divisor
			union all
			select count(*) || ' entries were set aside' from raw_entry having count(*) > 0
			union all
			select 'a rollback was found: ' || lost from rollback
			""";

	private static final String DOUBLED = """
			select provider_request_id
			from ledger
			where coalesce(provider_request_id, '') <> ''
			group by provider_request_id
			having count(*) > 1
			""";

	private static final String ACCOUNTS = """
			select client_id, epoch, total, version, divisor,
			       (select coalesce(sum(value), 0) from meter_event m
			        where m.client_id = a.client_id and m.epoch = a.epoch and state = 'delivered')
			from account a
			""";

	private static final String DELIVERED = """
			select identifier, stripe_account, stripe_customer_id, value from meter_event where state = 'delivered'
			""";

	private static final String CUT = """
			select stripe_account || '/' || stripe_customer_id, sum(value) from meter_event
			where state <> 'replaced'
			group by 1
			""";

	private final JdbcClient sql;

	private OffsetDateTime since;

	/**
	 * An account.
	 *
	 * @param key as it stands in Redis
	 * @param client whose
	 * @param total of its lines, in thousandths
	 * @param version of the total
	 * @param divisor thousandths that make a unit
	 * @param delivered units that Stripe is known to have
	 */
	record Account(String key, String client, long total, long version, long divisor, long delivered) {
	}

	/**
	 * A delivered meter event.
	 *
	 * @param identifier of it
	 * @param account at Stripe
	 * @param customer at Stripe
	 * @param value in units
	 */
	record Delivered(String identifier, String account, String customer, long value) {
	}

	/** Those of a server whose schema is there. */
	Tables(JdbcClient sql) {
		this.sql = sql;
		// Nobody but us asks what is new.
		sql.sql("create index ledger_by_time_of_nemesis on ledger (recorded_at)").update();
		this.since = sql.sql(NOW).query(OffsetDateTime.class).single();
	}

	/** Lines since this was asked last, and a few of those before. */
	List<Line> newLines() {
		OffsetDateTime next = this.sql.sql(NOW).query(OffsetDateTime.class).single();
		List<Line> lines = this.sql.sql(LINES_SINCE)
			.param("since", this.since)
			.query((row, number) -> new Line(row.getString(1), row.getString(2), row.getString(3), row.getLong(4),
					row.getLong(5), row.getString(6)))
			.list();
		this.since = next;
		return lines;
	}

	/** Requests that are listed as orphans. */
	Set<String> orphans() {
		return new HashSet<>(this.sql.sql(ORPHANS).query(String.class).list());
	}

	/** Instances whose lease holds. */
	Set<String> living() {
		return new HashSet<>(this.sql.sql(LIVING).query(String.class).list());
	}

	/** PostgreSQL's time. */
	OffsetDateTime now() {
		return this.sql.sql("select clock_timestamp()").query(OffsetDateTime.class).single();
	}

	/** What of the time before this has not come to Stripe. */
	List<String> waitingSince(OffsetDateTime before) {
		return this.sql.sql(WAITING).param("before", before).query(String.class).list();
	}

	/** What has not come to Stripe. */
	List<String> uncut() {
		return this.sql.sql(UNCUT).query(String.class).list();
	}

	/** What contradicts itself, or must not be, at any time. */
	List<String> faults() {
		return this.sql.sql(FAULTS).query(String.class).list();
	}

	/** Answers of the provider that stand in two lines. */
	List<String> doubled() {
		return this.sql.sql(DOUBLED).query(String.class).list();
	}

	List<Account> accounts() {
		return this.sql.sql(ACCOUNTS)
			.query((row, number) -> new Account(row.getString(1) + ":" + row.getInt(2), row.getString(1),
					row.getLong(3), row.getLong(4), row.getLong(5), row.getLong(6)))
			.list();
	}

	/** Units that were cut, by account and customer at Stripe. */
	Map<String, Long> cut() {
		Map<String, Long> cut = new HashMap<>();
		this.sql.sql(CUT).query((row) -> {
			cut.put(row.getString(1), row.getLong(2));
		});
		return cut;
	}

	List<Delivered> delivered() {
		return this.sql.sql(DELIVERED)
			.query((row, number) -> new Delivered(row.getString(1), row.getString(2), row.getString(3), row.getLong(4)))
			.list();
	}

}
