package io.tallygate.outbox;

import java.time.Instant;
import java.util.List;

import io.tallygate.client.Report;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;

/** Values that the outbox's tests speak about. */
final class Fixtures {

	static final Instant NOW = Instant.parse("2026-03-10T12:30:00Z");

	private Fixtures() {
	}

	static AgencyId agency(int number) {
		return new AgencyId("agy_" + body(number));
	}

	static ClientId client(int number) {
		return new ClientId("cli_" + body(number));
	}

	static MeterEventId meterEvent(int number) {
		return new MeterEventId("mev_" + body(number));
	}

	/** Lane {@code number} of an agency leads to a customer of its own. */
	static Lane lane(int number, AgencyId agency) {
		return new Lane(number, agency, "acct_" + agency.value().substring(20), false, "cus_" + number, "mtr_1",
				"units");
	}

	static LaneAccount account(Report report, long cut, Bucket... buckets) {
		return new LaneAccount(client(1), 1, report, cut, List.of(buckets));
	}

	/** A bucket whose last crossing came ten minutes into its hour. */
	static Bucket bucket(Instant hour, long crossed, long cut) {
		return new Bucket(hour, null, crossed, cut, hour.plusSeconds(600));
	}

	/** A row of three units that occurred half an hour before {@link #NOW}. */
	static MeterEventRow row() {
		Instant hour = Instant.parse("2026-03-10T12:00:00Z");
		Bucket bucket = new Bucket(hour, null, 3, 0, NOW.minusSeconds(1800));
		return new Cut(lane(1, agency(1)), account(Report.UNITS, 0, bucket), bucket).row(meterEvent(1),
				ClosedPeriods.NONE, NOW);
	}

	private static String body(int number) {
		String digits = Integer.toString(number);
		return "0".repeat(Ids.BODY_LENGTH - digits.length()) + digits;
	}

}
