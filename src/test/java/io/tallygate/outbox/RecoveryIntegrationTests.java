package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

import io.tallygate.client.Report;
import io.tallygate.core.Ids;
import io.tallygate.fault.Matrix;
import io.tallygate.metering.TestWitness;
import io.tallygate.stripe.MeterEventAnswer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the outbox does after PostgreSQL has lost commits, over a real one. Its times are
 * the present: a loss is found by PostgreSQL's clock.
 */
class RecoveryIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private final OutboxDatabase database = new OutboxDatabase();

	/** PostgreSQL keeps microseconds. */
	private final Instant now = Instant.now().truncatedTo(ChronoUnit.MICROS);

	private final Instant crossedAt = this.now.minus(Duration.ofMinutes(1));

	private final PostgresOutbox outbox = new PostgresOutbox(this.database.database().system(), TestWitness.alone(),
			new Ids(Instant::now, new Random()), new Random());

	@BeforeEach
	void aClientWithThreeUnitsDue() {
		this.database.agency(Fixtures.agency(1));
		this.database.client(Fixtures.client(1), Fixtures.agency(1), 1, Report.UNITS);
		this.database.cross(Fixtures.client(1), 3, this.crossedAt);
	}

	@Test
	void nothingIsCutBeforeTheEntriesAreBackAndTheLanesListed() {
		lost(false);

		assertThat(this.outbox.lanesDue(0, 10).block(PATIENCE)).isEmpty();
		assertThat(this.outbox.cut(1, this.now).block(PATIENCE)).isNull();
		assertThat(this.outbox.doubtfulLanes(later(), 10).block(PATIENCE)).isEmpty();
	}

	@Test
	@Matrix(36)
	void nothingOfALaneInDoubtIsCutOrSent() {
		MeterEventRow row = this.outbox.cut(1, this.now).block(PATIENCE);
		this.database.cross(Fixtures.client(1), 2, this.crossedAt);
		lost(true);

		List<DoubtfulLane> doubtful = this.outbox.doubtfulLanes(later(), 10).block(PATIENCE);

		assertThat(doubtful).singleElement().satisfies((lane) -> {
			assertThat(lane.lane()).isEqualTo(row.lane());
			assertThat(lane.hours()).extracting(DoubtfulLane.Hour::hour).contains(row.hourAtStripe());
		});
		assertThat(claim()).isEmpty();
		assertThat(this.outbox.lanesDue(0, 10).block(PATIENCE)).isEmpty();
	}

	@Test
	@Matrix(36)
	void whatStripeHasOfAnUnfinishedRowMakesItDelivered() {
		MeterEventRow row = this.outbox.cut(1, this.now).block(PATIENCE);
		lost(true);

		settle(3);

		assertThat(state(row)).isEqualTo("delivered");
		assertThat(number("select count(*) as n from meter_event")).isEqualTo(1);
		assertThat(number("select count(*) as n from rollback where settled_at is not null")).isEqualTo(1);
	}

	@Test
	@Matrix(36)
	void anUnfinishedRowThatStripeLacksIsSentAgain() {
		MeterEventRow row = this.outbox.cut(1, this.now).block(PATIENCE);
		lost(true);

		settle(0);

		assertThat(state(row)).isEqualTo("due");
		assertThat(claim()).extracting(MeterEventRow::identifier).containsExactly(row.identifier());
	}

	@Test
	@Matrix(36)
	void whatStripeHasOfLostRowsIsTakenIntoTheOutboxOnce() {
		lost(true);

		settle(2);

		assertThat(this.database.number("select count(*) as n from meter_event where kind = 'recovered'"
				+ " and state = 'delivered' and value = 2 and from_unit = 0 and to_unit = 2"))
			.isEqualTo(1);
		assertThat(number("select cut as n from account")).isEqualTo(2);
		assertThat(number("select cut as n from bucket")).isEqualTo(2);
		assertThat(this.outbox.cut(1, this.now).block(PATIENCE).value()).isEqualTo(1);
	}

	@Test
	void whatNoLedgerLineExplainsIsListed() {
		lost(true);

		settle(5);

		assertThat(number("select cut as n from account")).isEqualTo(3);
		assertThat(number("select cast(sum(excess) as bigint) as n from rollback_lane")).isEqualTo(2);
	}

	@Test
	void oneReadingSettlesNothingAndAnotherOneBeginsAnew() {
		lost(true);
		Instant first = later();

		read(first, 2);
		read(first.plus(NextState.READINGS_APART), 3);
		assertThat(number("select count(*) as n from rollback_lane where settled_at is not null and hour = '"
				+ this.crossedAt.truncatedTo(ChronoUnit.HOURS) + "'"))
			.isZero();

		read(first.plus(NextState.READINGS_APART.multipliedBy(2)), 3);
		assertThat(number("select count(*) as n from rollback_lane where settled_at is null")).isZero();
	}

	@Test
	void aLossThatIsFoundMeanwhileBringsTheLanesBackIntoDoubt() {
		lost(true);
		read(later(), 0);
		this.database.execute("update rollback set entries_restored_at = now(), lanes_listed_at = null");

		List<DoubtfulLane> doubtful = this.outbox.doubtfulLanes(later(), 10).block(PATIENCE);

		assertThat(doubtful.get(0).hours()).allSatisfy((hour) -> assertThat(hour.seen()).isNull());
	}

	/**
	 * Three units were delivered and lost, and two were taken back by what waits again.
	 */
	@Test
	void aCorrectionWhoseMeterEventIsLostHidesAsMuchOfWhatStripeHas() {
		this.database.execute(
				"insert into adjustment (id, agency_id, client_id, epoch, way, quantity, reason, occurred_at, lane_id,"
						+ " value, created_at) values ('led_x', '%s', '%s', 1, 'event', -2000000, 'a test', '%s', 1, -2, now())",
				Fixtures.agency(1), Fixtures.client(1), this.crossedAt);
		lost(true);

		settle(1);

		assertThat(number("select cut as n from account")).isEqualTo(3);
		assertThat(number("select count(*) as n from meter_event where kind = 'recovered' and value = 3")).isEqualTo(1);
	}

	/** The lost row was dated into the next period. */
	@Test
	void theStartOfAnOpenPeriodIsInDoubtWithTheUnitsBeforeIt() {
		Instant end = this.now.minus(Duration.ofDays(2));
		this.database.execute("update bucket set hour = hour - interval '3 days',"
				+ " last_crossing_at = last_crossing_at - interval '3 days'");
		this.database.execute(
				"insert into client_invoice (invoice_id, agency_id, client_id, status, currency, total, amount_due,"
						+ " amount_paid, period_start, period_end, created_at, read_at) values ('in_1', '%s', '%s', 'open',"
						+ " 'usd', 0, 0, 0, '%s', '%s', now(), now())",
				Fixtures.agency(1), Fixtures.client(1), end.minus(Duration.ofDays(30)), end);
		lost(true);

		List<DoubtfulLane> doubtful = this.outbox.doubtfulLanes(later(), 10).block(PATIENCE);

		assertThat(doubtful.get(0).hours()).extracting(DoubtfulLane.Hour::hour)
			.contains(end.truncatedTo(ChronoUnit.HOURS));
	}

	@Test
	void aDeliveredRowIsKnownAndNoSurplus() {
		MeterEventRow row = this.outbox.cut(1, this.now).block(PATIENCE);
		MeterEventRow claimed = claim().get(0);
		this.outbox.settle(claimed, new Finding.Answered(new MeterEventAnswer.Accepted()), this.now).block(PATIENCE);
		lost(true);

		settle(3);

		assertThat(state(row)).isEqualTo("delivered");
		assertThat(number("select count(*) as n from meter_event")).isEqualTo(1);
	}

	private void lost(boolean entriesAreBack) {
		this.database.execute(
				"insert into rollback (found_by, lost_since, lost, entries_restored_at)"
						+ " values ('ins_1', now() - interval '10 minutes', 'a test', %s)",
				entriesAreBack ? "now()" : "null");
	}

	/** Long enough after the loss was found. */
	private Instant later() {
		return this.now.plus(Recovery.FIRST_READING_AFTER).plusSeconds(30);
	}

	private void settle(long seen) {
		read(later(), seen);
		read(later().plus(NextState.READINGS_APART), seen);
		this.outbox.doubtfulLanes(later(), 10).block(PATIENCE);
	}

	/** Stripe says that it has so much in the hour of the crossings, and else nothing. */
	private void read(Instant at, long seen) {
		Instant hour = this.crossedAt.truncatedTo(ChronoUnit.HOURS);
		for (DoubtfulLane lane : this.outbox.doubtfulLanes(at, 10).block(PATIENCE)) {
			Map<Instant, BigDecimal> readings = new HashMap<>();
			lane.hours().forEach((each) -> readings.put(each.hour(), BigDecimal.ZERO));
			readings.put(hour, BigDecimal.valueOf(seen));
			this.outbox.settle(lane, readings, at).block(PATIENCE);
		}
	}

	private List<MeterEventRow> claim() {
		return this.outbox.claim(new Delivery.Hold("ins_1", this.now.plusSeconds(60)), 10, 10, later().plusSeconds(600))
			.collectList()
			.block(PATIENCE);
	}

	private String state(MeterEventRow row) {
		return this.database.database()
			.system()
			.client()
			.sql("select state from meter_event where id = '" + row.id() + "'")
			.mapValue(String.class)
			.one()
			.block(PATIENCE);
	}

	private long number(String sql) {
		return this.database.number(sql);
	}

}
