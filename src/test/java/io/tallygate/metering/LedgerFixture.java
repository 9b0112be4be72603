package io.tallygate.metering;

import java.time.Instant;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;
import io.tallygate.core.RequestId;
import io.tallygate.support.TestServers;

/**
 * Two agencies, a client of the first who pays for every 1,000 tokens, and a ledger
 * written by hand. Totals go on by themselves, as the fold would raise them.
 */
class LedgerFixture {

	static final AgencyId AGENCY = new AgencyId("agy_" + "0".repeat(Ids.BODY_LENGTH));

	static final AgencyId OTHER = new AgencyId("agy_" + "1".repeat(Ids.BODY_LENGTH));

	static final ClientId CLIENT = new ClientId("cli_" + "2".repeat(Ids.BODY_LENGTH));

	static final long DIVISOR = 1_000_000;

	private final TestServers.TestDatabase database = TestServers.database();

	private long total;

	LedgerFixture() {
		execute("insert into agency (id, name) values ('%s', 'a'), ('%s', 'b')", AGENCY, OTHER);
		execute("insert into client (id, agency_id, nickname, platform) values ('%s', '%s', 'c', 'api')", CLIENT,
				AGENCY);
		execute("""
				insert into epoch (client_id, epoch, agency_id, charge_by, billing_unit, report, divisor)
				values ('%s', 1, '%s', 'tokens', 1000, 'units', %d)""", CLIENT, AGENCY, DIVISOR);
		execute("""
				insert into lane (agency_id, client_id, stripe_account, livemode, customer, meter_id, event_name)
				values ('%s', '%s', 'acct_1', false, 'cus_1', 'mtr_1', 'tokens')""", AGENCY, CLIENT);
	}

	TestServers.TestDatabase database() {
		return this.database;
	}

	/** The id of a request that arrived then; the number tells two apart. */
	static RequestId request(String at, int number) {
		return new RequestId(new Ids(() -> Instant.parse(at), () -> number).next(RequestId.PREFIX));
	}

	/** An exchange of so many tokens, half of them input. */
	RequestId exchange(String at, int number, long tokens) {
		return exchange(at, number, tokens, "gpt-4o", "billed");
	}

	RequestId exchange(String at, int number, long tokens, String model, String status) {
		RequestId request = request(at, number);
		long after = this.total + tokens * 1000;
		execute("""
				insert into ledger (id, request_id, agency_id, client_id, epoch, channel_id, model, api, status,
				  input_tokens, output_tokens, total_tokens, messages, quantity, charge_by, total_before, total_after,
				  units, occurred_at, http_status, streamed, duration_ms)
				values ('%s', '%s', '%s', '%s', 1, 'chn_1', '%s', 'chat.completions', '%s', %d, %d, %d, 1, %d, 'tokens',
				  %d, %d, %d, '%s', 200, true, 120)""", Ids.sibling("led_", request.value()), request, AGENCY, CLIENT,
				model, status, tokens / 2, tokens - tokens / 2, tokens, tokens * 1000, this.total, after,
				after / DIVISOR - this.total / DIVISOR, at);
		this.total = after;
		return request;
	}

	/** An exchange whose end nobody saw. */
	RequestId orphan(String at, int number) {
		RequestId request = request(at, number);
		execute("""
				insert into orphan (request_id, agency_id, client_id, epoch, channel_id, instance, reservation, opened_at)
				values ('%s', '%s', '%s', 1, 'chn_1', 'i', 4000, '%s')""",
				request, AGENCY, CLIENT, at);
		return request;
	}

	/**
	 * A meter event of these units of an hour, the first of which is the account's unit
	 * after {@code before}.
	 */
	MeterEventId event(int number, String hour, long from, long to, long before, String state) {
		MeterEventId event = new MeterEventId(new Ids(() -> Instant.parse(hour), () -> number).next("mev_"));
		execute("""
				insert into meter_event (id, agency_id, lane_id, client_id, epoch, identifier, stripe_account, livemode,
				  stripe_customer_id, meter_id, event_name, value, from_unit, to_unit, bucket_hour, bucket_from, bucket_to,
				  occurred_at, state)
				values ('%s', '%s', 1, '%s', 1, '%s', 'acct_1', false, 'cus_1', 'mtr_1', 'tokens', %d, %d, %d, '%s', %d, %d,
				  '%s', '%s')""",
				event, AGENCY, CLIENT, "i" + number, to - from, before, before + to - from, hour, from, to, hour,
				state);
		return event;
	}

	/** Raises the account to what the ledger says, and cuts so many units. */
	void account(long cut) {
		execute("insert into account (client_id, epoch, agency_id, divisor, total, crossed, cut) values ('%s', 1, '%s', %d, %d, %d, %d)",
				CLIENT, AGENCY, DIVISOR, this.total, this.total / DIVISOR, cut);
	}

	void execute(String sql, Object... values) {
		this.database.execute(sql.formatted(values));
	}

}
