package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Random;
import java.util.Set;

import io.tallygate.Databases;
import io.tallygate.client.Report;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.NewConnections;
import io.tallygate.fault.Matrix;
import io.tallygate.metering.TestWitness;
import io.tallygate.stripe.MeterEventAnswer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What only PostgreSQL can show: locks, the index of what is in flight, and its rights.
 */
class PostgresOutboxIntegrationTests {

	private static final Instant NOW = Fixtures.NOW;

	private static final Finding ACCEPTED = new Finding.Answered(new MeterEventAnswer.Accepted());

	private static final Finding UNANSWERED = new Finding.Answered(new MeterEventAnswer.Unanswered("reset"));

	private final OutboxDatabase database = new OutboxDatabase();

	private final AgencyId agency = Fixtures.agency(1);

	private final PostgresOutbox outbox = new PostgresOutbox(this.database.database().system(), TestWitness.alone(),
			new Ids(() -> NOW, new Random(1)), new Random(2));

	@BeforeEach
	void oneClient() {
		this.database.agency(this.agency);
		this.database.client(Fixtures.client(1), this.agency, 1, Report.UNITS);
	}

	@Test
	void whatIsCutIsWhatIsReadBack() {
		this.database.cross(Fixtures.client(1), 3, NOW.minusSeconds(60));

		MeterEventRow cut = this.outbox.cut(1, NOW).block();
		MeterEventRow claimed = claim("ins_1", NOW).get(0);

		assertThat(claimed).isEqualTo(cut.taken(new Delivery.Hold("ins_1", NOW.plusSeconds(60)), NOW));
		assertThat(this.database.number("select cut as n from account")).isEqualTo(3);
		assertThat(this.database.number("select cut as n from bucket")).isEqualTo(3);
	}

	@Test
	void everyStepOfADeliveryIsReadBackAsItWasWritten() {
		cutOne();
		Instant now = NOW;
		MeterEventRow row = claim("ins_1", now).get(0);
		MeterEventRow settled = this.outbox.settle(row, UNANSWERED, now).block();
		now = now.plus(MeterEventRow.DOUBT_MAX);
		row = claim("ins_1", now).get(0);
		settled = this.outbox.settle(row, new Finding.Summarised(new java.math.BigDecimal("0"), 0, now), now).block();
		now = now.plus(NextState.READINGS_APART);

		MeterEventRow again = claim("ins_2", now).get(0);

		assertThat(again).isEqualTo(settled.taken(new Delivery.Hold("ins_2", now.plusSeconds(60)), now));
		assertThat(again.delivery().doubt().summarySeen()).isEqualByComparingTo("0");
	}

	/**
	 * A cut whose answer was lost would else be sent, and missed by nobody when it is
	 * lost too.
	 */
	@Test
	void aClaimIsRememberedBeforeItsRowIsSent() {
		cutOne();
		long before = this.database.number("select version as n from progress");

		assertThat(claim("ins_1", NOW)).hasSize(1);
		assertThat(this.database.number("select version as n from progress")).isEqualTo(before + 1);
		assertThat(claim("ins_1", NOW)).isEmpty();
		assertThat(this.database.number("select version as n from progress")).isEqualTo(before + 1);
	}

	@Test
	void aLaneWithARowUnderWayIsNotCut() {
		cutOne();
		this.database.cross(Fixtures.client(1), 1, NOW);

		StepVerifier.create(this.outbox.cut(1, NOW)).expectComplete().verify(Duration.ofSeconds(10));
		StepVerifier.create(this.outbox.lanesDue(0, 10)).expectNext(List.of()).expectComplete().verify();
	}

	@Test
	@Matrix(70)
	void whoeverCutsAtTheSameMomentOneRowComesOfIt() {
		this.database.cross(Fixtures.client(1), 3, NOW);

		List<MeterEventRow> rows = Flux.range(0, 20)
			.flatMap((i) -> this.outbox.cut(1, NOW), 6)
			.collectList()
			.block(Duration.ofSeconds(20));

		assertThat(rows).hasSize(1);
		assertThat(this.database.number("select cut as n from account")).isEqualTo(3);
	}

	/** Another room puts an adjustment into the lane, unseen until it commits. */
	@Test
	void aRowThatCameBetweenMeansNotFreeAndChangesNothing() throws Exception {
		this.database.cross(Fixtures.client(1), 3, NOW);
		try (var connection = io.tallygate.support.TestServers.postgres()
			.getDatabase("postgres", this.database.database().name())
			.getConnection(); var statement = connection.createStatement()) {
			connection.setAutoCommit(false);
			statement.execute("insert into meter_event (id, agency_id, lane_id, client_id, epoch, kind, identifier,"
					+ " stripe_account, livemode, stripe_customer_id, meter_id, event_name, value, from_unit, to_unit,"
					+ " bucket_hour, bucket_from, bucket_to, occurred_at) values ('mev_x', '" + this.agency
					+ "', 1, 'cli_x', 1, 'adjustment', 'adj', 'acct', false, 'cus_1', 'mtr_1', 'units', -1, 0, 0,"
					+ " now(), 0, 0, now())");
			var cut = this.outbox.cut(1, NOW).toFuture();
			awaitBlockedInsert();
			connection.commit();

			assertThat(cut.get(10, java.util.concurrent.TimeUnit.SECONDS)).isNull();
		}
		assertThat(this.database.number("select cut as n from account")).isZero();
	}

	@Test
	void aPausedOrSuspendedAgencyIsNeitherCutNorSent() {
		cutOne();
		this.database.execute("update stripe_connection set delivery = 'paused'");
		assertThat(claim("ins_1", NOW)).isEmpty();
		this.database.execute("update stripe_connection set delivery = 'running'");
		this.database.execute("update agency set status = 'suspended'");
		assertThat(claim("ins_1", NOW)).isEmpty();
		this.database.execute("delete from meter_event");
		this.database.cross(Fixtures.client(1), 1, NOW);

		StepVerifier.create(this.outbox.cut(1, NOW)).expectComplete().verify(Duration.ofSeconds(10));
		StepVerifier.create(this.outbox.lanesDue(0, 10)).expectNext(List.of()).expectComplete().verify();
	}

	@Test
	void rowsOfAnotherStripeAccountAreNotSentWithThisOnesKey() {
		cutOne();
		this.database.execute("update stripe_connection set account_id = 'acct_other'");

		assertThat(claim("ins_1", NOW)).isEmpty();
	}

	@Test
	@Matrix(46)
	void aParkedRowStopsItsLaneOnlyWhereItSaysSo() {
		cutOne();
		this.database.cross(Fixtures.client(1), 1, NOW);
		this.database.execute("update meter_event set state = 'parked', stops_lane = true");
		StepVerifier.create(this.outbox.cut(1, NOW)).expectComplete().verify(Duration.ofSeconds(10));

		this.database.execute("update meter_event set stops_lane = false");

		assertThat(this.outbox.cut(1, NOW).block().fromUnit()).isEqualTo(3);
	}

	@Test
	@Matrix(71)
	void aLapsedLeaseIsTakenOverAndTheLateResultIgnored() {
		cutOne();
		MeterEventRow first = claim("ins_1", NOW).get(0);
		assertThat(claim("ins_2", NOW.plusSeconds(59))).isEmpty();
		MeterEventRow second = claim("ins_2", NOW.plusSeconds(60)).get(0);

		StepVerifier.create(this.outbox.settle(first, UNANSWERED, NOW.plusSeconds(61)))
			.expectComplete()
			.verify(Duration.ofSeconds(10));

		assertThat(second.event()).isEqualTo(first.event());
		assertThat(second.delivery().attempts()).isEqualTo(2);
		assertThat(this.outbox.settle(second, ACCEPTED, NOW.plusSeconds(62)).block().delivery().state())
			.isEqualTo(Delivery.State.DELIVERED);
	}

	@Test
	void theSameOwnerIsToldFromItselfByTheAttempt() {
		cutOne();
		MeterEventRow first = claim("ins_1", NOW).get(0);
		claim("ins_1", NOW.plusSeconds(60));

		StepVerifier.create(this.outbox.settle(first, UNANSWERED, NOW.plusSeconds(61)))
			.expectComplete()
			.verify(Duration.ofSeconds(10));
	}

	@Test
	@Matrix(71)
	void twoInstancesNeverClaimTheSameRow() {
		for (int client = 2; client <= 12; client++) {
			this.database.client(Fixtures.client(client), this.agency, client, Report.UNITS);
			this.database.cross(Fixtures.client(client), 1, NOW);
			this.outbox.cut(client, NOW).block();
		}

		List<String> claimed = Flux.range(0, 12)
			.flatMap((i) -> this.outbox.claim(hold("ins_" + i, NOW), 2, 100, NOW), 6)
			.map(MeterEventRow::identifier)
			.collectList()
			.block(Duration.ofSeconds(20));

		assertThat(claimed).hasSize(11).doesNotHaveDuplicates();
	}

	@Test
	@Matrix(42)
	void anAgencyHasItsShareOfABatchAndNoMore() {
		for (int client = 2; client <= 7; client++) {
			this.database.client(Fixtures.client(client), this.agency, client, Report.UNITS);
			this.database.cross(Fixtures.client(client), 1, NOW);
			this.outbox.cut(client, NOW).block();
		}

		assertThat(this.outbox.claim(hold("ins_1", NOW), 3, 4, NOW).collectList().block()).hasSize(3);
		assertThat(this.outbox.claim(hold("ins_1", NOW), 64, 4, NOW).collectList().block()).hasSize(1);
		assertThat(this.outbox.claim(hold("ins_1", NOW), 64, 4, NOW).collectList().block()).isEmpty();
		assertThat(this.outbox.claim(hold("ins_2", NOW), 64, 4, NOW).collectList().block()).hasSize(2);
	}

	@Test
	void howManyWaitOfOneAgencyHoldsUpNoOther() {
		AgencyId other = Fixtures.agency(2);
		this.database.agency(other);
		this.database.waiting(this.agency, 101, 150, NOW.minusSeconds(3600));
		this.database.waiting(other, 201, 210, NOW.minusSeconds(60));

		List<AgencyId> claimed = this.outbox.claim(hold("ins_1", NOW), 64, 4, NOW)
			.map((row) -> row.lane().agency())
			.collectList()
			.block(Duration.ofSeconds(10));

		assertThat(claimed).containsExactly(this.agency, this.agency, this.agency, this.agency, other, other, other,
				other);
	}

	@Test
	void anAgencyThatRestsGetsNothingAndTheOthersTheirShare() {
		AgencyId other = Fixtures.agency(2);
		this.database.agency(other);
		this.database.waiting(this.agency, 101, 110, NOW.minusSeconds(3600));
		this.database.waiting(other, 201, 210, NOW.minusSeconds(60));

		List<AgencyId> claimed = this.outbox
			.claim(hold("ins_1", NOW), 64, new Outbox.Share(4, 16, Set.of(this.agency)), NOW)
			.map((row) -> row.lane().agency())
			.collectList()
			.block(Duration.ofSeconds(10));

		assertThat(claimed).containsExactly(other, other, other, other);
	}

	/** A claim is made up to fifty times a second. */
	@Test
	void aClaimReadsNoMoreRowsHoweverManyWait() {
		this.database.waiting(this.agency, 101, 5_100, NOW.minusSeconds(3600));
		Database.OfSystem alone = Databases
			.system(Databases.pool(this.database.database().options(), "tallygate_system", 1, new NewConnections()));
		PostgresOutbox outbox = new PostgresOutbox(alone, TestWitness.alone(), new Ids(() -> NOW, new Random(1)),
				new Random(2));
		long before = rowsRead(alone);

		List<MeterEventRow> claimed = outbox.claim(hold("ins_1", NOW), 64, 4, NOW)
			.collectList()
			.block(Duration.ofSeconds(10));

		assertThat(claimed).hasSize(4);
		assertThat(rowsRead(alone) - before).isBetween(4L, 200L);
	}

	/**
	 * Of meter events, in any index and in the table, as far as this one connection did.
	 */
	private static long rowsRead(Database.OfSystem alone) {
		alone.client().sql("select pg_stat_force_next_flush()").then().block(Duration.ofSeconds(10));
		return alone.client().sql("""
				select (select sum(idx_tup_read) from pg_stat_user_indexes where relname = 'meter_event')
				  + (select seq_tup_read from pg_stat_user_tables where relname = 'meter_event') as n
				""").map((row) -> MeterEventColumns.number(row, "n").longValue()).one().block(Duration.ofSeconds(10));
	}

	/** Its events share calls. */
	@Test
	void anAgencyThatSendsByTheStreamHasAShareOfItsOwn() {
		for (int client = 2; client <= 7; client++) {
			this.database.client(Fixtures.client(client), this.agency, client, Report.UNITS);
			this.database.cross(Fixtures.client(client), 1, NOW);
			this.outbox.cut(client, NOW).block();
		}
		this.database.execute("update stripe_connection set meter_events = 'v2_stream'");

		assertThat(
				this.outbox.claim(hold("ins_1", NOW), 64, new Outbox.Share(2, 5, Set.of()), NOW).collectList().block())
			.hasSize(5);
	}

	@Test
	@Matrix(47)
	void aRefusedKeyPausesTheAgencysDelivery() {
		cutOne();

		this.outbox
			.settle(claim("ins_1", NOW).get(0), new Finding.Answered(new MeterEventAnswer.KeyRefused("revoked")), NOW)
			.block();

		assertThat(this.database.number("select count(*) as n from stripe_connection where delivery = 'paused'"
				+ " and paused_by = 'stripe' and paused_reason = 'revoked'"))
			.isEqualTo(1);
	}

	@Test
	void whatIsSaidOfAKeyThatWasReplacedMeanwhilePausesNothing() {
		cutOne();
		MeterEventRow claimed = claim("ins_1", NOW).get(0);
		this.database.execute("update stripe_connection set updated_at = '%s'", NOW.plusSeconds(1));

		this.outbox
			.settle(claimed, new Finding.Answered(new MeterEventAnswer.KeyRefused("revoked")), NOW.plusSeconds(2))
			.block();

		assertThat(this.database.number("select count(*) as n from stripe_connection where delivery = 'running'"))
			.isEqualTo(1);
	}

	@Test
	void knownIsWhatWasDeliveredInTheHourWhateverItsKind() {
		cutOne();
		MeterEventRow row = claim("ins_1", NOW).get(0);
		assertThat(this.outbox.known(row).block()).isZero();

		this.outbox.settle(row, ACCEPTED, NOW).block();

		assertThat(this.outbox.known(row).block()).isEqualTo(3);
	}

	@Test
	void whatAParkedCorrectionMayHideIsNotKnown() {
		cutOne();
		MeterEventRow row = claim("ins_1", NOW).get(0);
		this.database.execute("insert into meter_event (id, agency_id, lane_id, client_id, epoch, kind, identifier,"
				+ " stripe_account, livemode, stripe_customer_id, meter_id, event_name, value, from_unit, to_unit,"
				+ " bucket_hour, bucket_from, bucket_to, occurred_at, state, reason) values ('mev_x', '%s', 1, '%s', 1,"
				+ " 'adjustment', 'adj', 'acct', false, 'cus_1', 'mtr_1', 'units', -1, 0, 0, '%s', 0, 0, '%s', 'parked',"
				+ " 'value: refused')", this.agency, Fixtures.client(1), row.bucketHour(), row.occurredAt());

		assertThat(this.outbox.known(row).block()).isNull();

		this.database.execute("update meter_event set state = 'delivered' where id = 'mev_x'");
		assertThat(this.outbox.known(row).block()).isEqualTo(-1);
	}

	@Test
	void aCorrectionGoesBeforeUnitsAndTouchesNoAccount() {
		this.database.cross(Fixtures.client(1), 3, NOW.minusSeconds(60));
		adjustment("led_00000000000000000000000002", -4, NOW.minusSeconds(90));
		adjustment("led_00000000000000000000000001", 2, NOW.minusSeconds(120));

		assertThat(this.outbox.lanesDue(0, 10).block()).containsExactly(1L);
		MeterEventRow first = delivered();
		MeterEventRow second = delivered();
		MeterEventRow third = delivered();

		assertThat(first.value()).isEqualTo(2);
		assertThat(first.id().value()).isEqualTo("mev_00000000000000000000000001");
		assertThat(first.occurredAt()).isEqualTo(NOW.minusSeconds(120));
		assertThat(second.value()).isEqualTo(-4);
		assertThat(third.kind()).isEqualTo(MeterEventRow.Kind.UNITS);
		assertThat(third.value()).isEqualTo(3);
		assertThat(this.outbox.lanesDue(0, 10).block()).isEmpty();
		assertThat(this.outbox.drift().block()).isZero();
		assertThat(this.database.number("select cut as n from account")).isEqualTo(3);
	}

	@Test
	void aLaneWithNothingButACorrectionIsDue() {
		adjustment("led_00000000000000000000000001", -4, NOW.minusSeconds(90));

		assertThat(this.outbox.lanesDue(0, 10).block()).containsExactly(1L);
		assertThat(delivered().value()).isEqualTo(-4);
		assertThat(this.outbox.lanesDue(0, 10).block()).isEmpty();
		assertThat(this.outbox.cut(1, NOW).block()).isNull();
	}

	@ParameterizedTest
	@CsvSource({ "draft, sub_1, , false", "open, sub_1, , true", "paid, sub_1, , true", "void, sub_1, , true",
			"open, sub_of_another_price, , false", "draft, sub_1, PT-1S, true", "draft, sub_1, PT1H, false" })
	void unitsWhoseInvoiceHasLeftDraftAreLate(String status, String subscription, @Nullable Duration finalizesIn,
			boolean late) {
		Instant end = NOW.minus(Duration.ofHours(2));
		this.database.execute(
				"insert into client_payment (client_id, agency_id, subscription_id)" + " values ('%s', '%s', 'sub_1')",
				Fixtures.client(1), this.agency);
		this.database.execute(
				"insert into client_invoice (invoice_id, agency_id, client_id, subscription_id, status, currency, total,"
						+ " amount_due, amount_paid, period_start, period_end, finalizes_at, created_at, read_at) values"
						+ " ('in_1', '%s', '%s', '%s', '%s', 'usd', 0, 0, 0, '%s', '%s', %s, now(), now())",
				this.agency, Fixtures.client(1), subscription, status, end.minus(Duration.ofDays(30)), end,
				(finalizesIn != null) ? "'" + NOW.plus(finalizesIn) + "'" : "null");
		Instant crossedAt = end.minusSeconds(60);
		this.database.cross(Fixtures.client(1), 3, crossedAt);

		MeterEventRow row = delivered();

		assertThat(row.late()).isEqualTo(late);
		assertThat(row.occurredAt()).isEqualTo(late ? end : crossedAt);
		assertThat(this.outbox.known(row).block()).isEqualTo(3);
	}

	private void adjustment(String id, long value, Instant at) {
		this.database.execute(
				"insert into adjustment (id, agency_id, client_id, epoch, way, quantity, reason, occurred_at, lane_id,"
						+ " value, created_at) values ('%s', '%s', '%s', 1, 'event', %d, 'a test', '%s', 1, %d, '%s')",
				id, this.agency, Fixtures.client(1), value * 1_000_000, at, value, at);
	}

	private MeterEventRow delivered() {
		MeterEventRow cut = this.outbox.cut(1, NOW).block();
		MeterEventRow claimed = claim("ins_1", NOW).get(0);
		this.outbox.settle(claimed, ACCEPTED, NOW).block();
		return cut;
	}

	@Test
	void rawUsageOfTheRunningHourIsCutEveryTenSeconds() {
		this.database.execute("update epoch set report = 'usage'");
		cutOne();
		this.outbox.settle(claim("ins_1", NOW).get(0), ACCEPTED, NOW).block();
		this.database.cross(Fixtures.client(1), 5, NOW);

		assertThat(this.outbox.cut(1, NOW.plusSeconds(9)).block()).isNull();
		assertThat(this.outbox.cut(1, NOW.plusSeconds(10)).block().value()).isEqualTo(5);
	}

	@Test
	void theBacklogCountsWhatIsNotDelivered() {
		cutOne();

		assertThat(this.outbox.backlog().block()).isEqualTo(new Outbox.Backlog(1, 0, 0, NOW, 0, 0));
	}

	@Test
	void whatIsCutIsWhatMeterEventsSay() {
		cutOne();
		assertThat(this.outbox.drift().block()).isZero();

		this.database.execute("update account set cut = cut - 1");

		assertThat(this.outbox.drift().block()).isEqualTo(1);
	}

	private void cutOne() {
		this.database.cross(Fixtures.client(1), 3, NOW.minusSeconds(60));
		assertThat(this.outbox.cut(1, NOW).block()).isNotNull();
	}

	private List<MeterEventRow> claim(String owner, Instant now) {
		return this.outbox.claim(hold(owner, now), 64, 4, now).collectList().block(Duration.ofSeconds(10));
	}

	private static Delivery.Hold hold(String owner, Instant now) {
		return new Delivery.Hold(owner, now.plusSeconds(60));
	}

	private void awaitBlockedInsert() {
		org.awaitility.Awaitility.await()
			.atMost(Duration.ofSeconds(10))
			.until(() -> this.database.number("select count(*) as n from pg_locks where not granted") > 0);
	}

}
