package io.tallygate.outbox;

import io.r2dbc.spi.Readable;
import io.tallygate.client.Report;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;

/**
 * Where a client's usage goes at this moment, as far as test usage has to know.
 *
 * @param epoch the client's current one
 * @param report what a meter event's value is
 * @param billingUnit how many tokens or messages make one unit
 * @param archived whether the client is over
 * @param lane its way to Stripe, none of a client that is not billed
 * @param running whether the agency's delivery runs, to the lane's account and mode
 */
record TestUsageTarget(int epoch, Report report, long billingUnit, boolean archived, @Nullable Lane lane,
		boolean running) {

	static final String SELECT = """
			select c.epoch, e.report, e.billing_unit, c.archived_at is not null as archived, c.agency_id, e.lane_id,
			  l.stripe_account, l.livemode, l.customer as stripe_customer_id, l.meter_id, l.event_name,
			  coalesce(s.delivery = 'running' and s.account_id = l.stripe_account and s.livemode = l.livemode, false)
			    as running
			from client c
			join epoch e on e.client_id = c.id and e.epoch = c.epoch
			left join lane l on l.id = e.lane_id
			left join stripe_connection s on s.agency_id = c.agency_id
			where c.id = :client
			""";

	static TestUsageTarget of(Readable row) {
		boolean isBilled = row.get("lane_id", Long.class) != null;
		return new TestUsageTarget(MeterEventColumns.number(row, "epoch").intValue(),
				Report.valueOf(MeterEventColumns.text(row, "report").toUpperCase(java.util.Locale.ROOT)),
				MeterEventColumns.number(row, "billing_unit").longValue(),
				Boolean.TRUE.equals(row.get("archived", Boolean.class)), isBilled ? MeterEventColumns.lane(row) : null,
				Boolean.TRUE.equals(row.get("running", Boolean.class)));
	}

	/** The lane, if test usage may go there; a problem for the caller otherwise. */
	Lane open() {
		Lane found = this.lane;
		if (this.archived) {
			throw new Problem(409, "client_archived", "The client is archived for good");
		}
		if (found == null) {
			throw new Problem(422, "not_billed",
					"The client is metered only: give it a Stripe customer and price, and there is something to test");
		}
		if (found.livemode()) {
			throw new Problem(422, "test_mode_only",
					"The client is billed with real money: test usage would stand on its invoice");
		}
		if (!this.running) {
			throw new Problem(409, "delivery_paused",
					"The agency's delivery to Stripe is paused or not connected: see GET /admin/v1/delivery");
		}
		return found;
	}

	/** What is reported for this quantity: units where the gateway divides. */
	long value(long quantity) {
		long value = (this.report == Report.UNITS) ? quantity / this.billingUnit : quantity;
		if (value < 1) {
			throw Problem.invalid("/quantity",
					"quantity must complete at least one unit of " + this.billingUnit + " but was " + quantity);
		}
		return value;
	}

}
