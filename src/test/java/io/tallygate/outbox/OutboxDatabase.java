package io.tallygate.outbox;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

import io.tallygate.client.Report;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.support.TestServers;
import io.tallygate.support.TestServers.TestDatabase;

/** A database with agencies, lanes and accounts, and what a fold would do to them. */
final class OutboxDatabase {

	private final TestDatabase database = TestServers.database();

	TestDatabase database() {
		return this.database;
	}

	void execute(String sql, Object... values) {
		this.database.execute(sql.formatted(values));
	}

	void agency(AgencyId agency) {
		execute("insert into agency (id, name) values ('%s', 'Alpaca')", agency);
		execute("insert into stripe_connection (agency_id, account_id, livemode, key_kind, sealed_key, secret_key_last4,"
				+ " updated_at) values ('%s', '%s', false, 'secret', '', 'x4x4', '2026-01-01')", agency,
				Fixtures.lane(1, agency).stripeAccount());
	}

	/**
	 * A client whose first epoch feeds a lane of its own; the lane's id is the client's
	 * number.
	 */
	void client(ClientId client, AgencyId agency, int lane, Report report) {
		Lane way = Fixtures.lane(lane, agency);
		execute("insert into client (id, agency_id, nickname, platform) values ('%s', '%s', 'Acme', 'api')", client,
				agency);
		execute("insert into lane (id, agency_id, client_id, stripe_account, livemode, customer, meter_id, event_name)"
				+ " overriding system value values (%d, '%s', '%s', '%s', false, '%s', '%s', '%s')", way.id(), agency,
				client, way.stripeAccount(), way.customer(), way.meterId(), way.eventName());
		execute("insert into epoch (client_id, epoch, agency_id, charge_by, billing_unit, report, divisor, lane_id)"
				+ " values ('%s', 1, '%s', 'tokens', 1000, '%s', 1000000, %d)", client, agency, report.text(), lane);
		execute("insert into account (client_id, epoch, agency_id, divisor, lane_id) values ('%s', 1, '%s', 1000000, %d)",
				client, agency, lane);
	}

	/** Meter events that are due, each in a lane of its own from this one to that one. */
	void waiting(AgencyId agency, int from, int to, Instant since) {
		execute("insert into lane (id, agency_id, client_id, stripe_account, livemode, customer, meter_id, event_name)"
				+ " overriding system value select n, '%1$s', 'cli_' || n, '%2$s', false, 'cus_' || n, 'mtr_1', 'units'"
				+ " from generate_series(%3$d, %4$d) n;"
				+ " insert into meter_event (id, agency_id, lane_id, client_id, epoch, identifier, stripe_account, livemode,"
				+ " stripe_customer_id, meter_id, event_name, value, from_unit, to_unit, bucket_hour, bucket_from, bucket_to,"
				+ " occurred_at, next_attempt_at, created_at) select 'mev_' || lpad(id::text, 26, '0'), agency_id, id,"
				+ " 'cli_' || lpad(id::text, 26, '0'), 1, 'tg_' || id, stripe_account, livemode, customer, meter_id, event_name,"
				+ " 1, 0, 1, '%5$s', 0, 1, '%6$s', '%6$s', '%6$s' from lane where id between %3$d and %4$d;"
				+ " analyze meter_event", agency, Fixtures.lane(from, agency).stripeAccount(), from, to,
				since.truncatedTo(ChronoUnit.HOURS), since);
	}

	/** What a fold does, in one transaction: the account first, as everywhere. */
	void cross(ClientId client, long units, Instant at) {
		execute("begin; update account set crossed = crossed + %2$d where client_id = '%1$s';"
				+ " insert into bucket (client_id, epoch, hour, agency_id, crossed, last_crossing_at)"
				+ " select client_id, 1, '%3$s', agency_id, %2$d, '%4$s' from account where client_id = '%1$s'"
				+ " on conflict (client_id, epoch, hour, period_start) do update"
				+ " set crossed = bucket.crossed + %2$d, last_crossing_at = '%4$s'; commit", client, units,
				at.truncatedTo(ChronoUnit.HOURS), at);
	}

	long number(String sql) {
		return this.database.system()
			.client()
			.sql(sql)
			.map((row) -> MeterEventColumns.number(row, "n").longValue())
			.one()
			.block();
	}

}
