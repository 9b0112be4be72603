package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.Report;
import io.tallygate.client.TokenWeights;
import io.tallygate.core.ClientId;
import io.tallygate.fault.Matrix;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class CutTests {

	private static final Instant THIS_HOUR = Instant.parse("2026-03-10T12:00:00Z");

	private static final Instant HOUR_BEFORE = Instant.parse("2026-03-10T11:00:00Z");

	private final Lane lane = Fixtures.lane(1, Fixtures.agency(1));

	@ParameterizedTest
	@CsvSource({ "999, 0", "1000, 1", "1001, 1", "3500, 3" })
	void tokensBecomeAsManyUnitsAsTheyComplete(long tokens, long units) {
		ChargePolicy policy = new ChargePolicy(ChargeBy.TOKENS, 1000, Report.UNITS, TokenWeights.ONE);
		long crossed = tokens * ChargePolicy.THOUSANDTHS / policy.divisor();

		Optional<Cut> cut = next(null, Fixtures.account(Report.UNITS, 0, Fixtures.bucket(THIS_HOUR, crossed, 0)));

		assertThat(cut.map(Cut::value).orElse(0L)).isEqualTo(units);
	}

	@Test
	@Matrix(48)
	void allThatIsDueInABucketIsOneMeterEvent() {
		MeterEventRow row = next(null, Fixtures.account(Report.UNITS, 40, Fixtures.bucket(THIS_HOUR, 9, 4)))
			.orElseThrow()
			.row(Fixtures.meterEvent(1), ClosedPeriods.NONE, Fixtures.NOW);

		assertThat(row.value()).isEqualTo(5);
		assertThat(row.fromUnit()).isEqualTo(40);
		assertThat(row.toUnit()).isEqualTo(45);
		assertThat(row.bucketFrom()).isEqualTo(4);
		assertThat(row.bucketTo()).isEqualTo(9);
		assertThat(row.occurredAt()).isEqualTo(THIS_HOUR.plusSeconds(600));
		assertThat(row.identifier()).isEqualTo("tg_00000000000000000000000001_1_40_45_0");
		assertThat(row.delivery()).isEqualTo(Delivery.due(Fixtures.NOW));
	}

	@Test
	void theOldestHourGoesFirst() {
		Optional<Cut> cut = next(null, Fixtures.account(Report.UNITS, 0, Fixtures.bucket(THIS_HOUR, 1, 0),
				Fixtures.bucket(HOUR_BEFORE, 2, 0)));

		assertThat(cut.orElseThrow().bucket().hour()).isEqualTo(HOUR_BEFORE);
	}

	@Test
	void withinAnHourTheOldestPeriodGoesFirstAndThenTheOldestEpoch() {
		Bucket earlier = new Bucket(THIS_HOUR, HOUR_BEFORE, 1, 0, THIS_HOUR);
		Bucket later = new Bucket(THIS_HOUR, THIS_HOUR, 1, 0, THIS_HOUR);
		LaneAccount first = new LaneAccount(Fixtures.client(1), 1, Report.UNITS, 0, List.of(later));
		LaneAccount second = new LaneAccount(Fixtures.client(1), 2, Report.UNITS, 0, List.of(later, earlier));

		Cut byPeriod = next(null, first, second).orElseThrow();
		Cut byEpoch = next(null, new LaneAccount(Fixtures.client(1), 2, Report.UNITS, 0, List.of(later)), first)
			.orElseThrow();

		assertThat(byPeriod.bucket()).isEqualTo(earlier);
		assertThat(byEpoch.account().epoch()).isEqualTo(1);
	}

	@ParameterizedTest
	@CsvSource({ "UNITS, 1, true", "USAGE, 9, false", "USAGE, 10, true", "USAGE, , true" })
	void theRunningHourOfRawUsageIsCutEveryTenSeconds(Report report, @Nullable Long secondsAgo, boolean isCut) {
		Instant cutAt = (secondsAgo != null) ? Fixtures.NOW.minusSeconds(secondsAgo) : null;

		Optional<Cut> cut = next(cutAt, Fixtures.account(report, 0, Fixtures.bucket(THIS_HOUR, 1, 0)));

		assertThat(cut.isPresent()).isEqualTo(isCut);
	}

	@Test
	void anHourOfRawUsageThatHasEndedIsCutAtOnce() {
		Optional<Cut> cut = next(Fixtures.NOW.minusSeconds(1), Fixtures.account(Report.USAGE, 0,
				Fixtures.bucket(THIS_HOUR, 1, 0), Fixtures.bucket(HOUR_BEFORE, 7, 5)));

		assertThat(cut.orElseThrow().value()).isEqualTo(2);
	}

	@Test
	void aBucketThatIsCutToItsEndIsLeftAlone() {
		assertThat(next(null, Fixtures.account(Report.UNITS, 3, Fixtures.bucket(HOUR_BEFORE, 3, 3)))).isEmpty();
	}

	@ParameterizedTest
	@CsvSource({ "PT0S, DUE", "PT1S, PARKED" })
	@Matrix(50)
	void whatStripeWouldRefuseForItsAgeIsParkedFromTheStart(Duration beyond, Delivery.State state) {
		Instant crossedAt = Fixtures.NOW.minus(Duration.ofDays(35)).plus(Duration.ofHours(1)).minus(beyond);
		Bucket bucket = new Bucket(HOUR_BEFORE, null, 1, 0, crossedAt);

		MeterEventRow row = next(null, Fixtures.account(Report.UNITS, 0, bucket)).orElseThrow()
			.row(Fixtures.meterEvent(1), ClosedPeriods.NONE, Fixtures.NOW);

		assertThat(row.delivery().state()).isEqualTo(state);
		assertThat(row.delivery().stopsLane()).isFalse();
	}

	@Test
	void unitsWhoseInvoiceHasLeftDraftAreDatedAtTheStartOfTheOldestOpenPeriod() {
		Instant end = THIS_HOUR.plusSeconds(1200);
		ClosedPeriods closed = new ClosedPeriods(
				List.of(new ClosedPeriods.Period(end.minus(Duration.ofDays(30)), end)));
		Cut cut = next(null, Fixtures.account(Report.UNITS, 40, Fixtures.bucket(THIS_HOUR, 9, 4))).orElseThrow();

		MeterEventRow late = cut.row(Fixtures.meterEvent(1), closed, Fixtures.NOW);
		MeterEventRow early = cut.row(Fixtures.meterEvent(1), ClosedPeriods.NONE, Fixtures.NOW);

		assertThat(late.late()).isTrue();
		assertThat(late.occurredAt()).isEqualTo(end);
		assertThat(late.identifier()).isEqualTo(early.identifier());
		assertThat(late.bucketHour()).isEqualTo(early.bucketHour());
		assertThat(late.value()).isEqualTo(early.value());
		assertThat(early.late()).isFalse();
	}

	@Test
	void unitsThatAreTooOldForStripeStillGoIntoAnOpenPeriodThatIsNot() {
		Instant crossedAt = Fixtures.NOW.minus(Duration.ofDays(40));
		ClosedPeriods closed = new ClosedPeriods(
				List.of(new ClosedPeriods.Period(crossedAt, Fixtures.NOW.minus(Duration.ofDays(10)))));
		Bucket bucket = new Bucket(HOUR_BEFORE, null, 1, 0, crossedAt);

		MeterEventRow row = next(null, Fixtures.account(Report.UNITS, 0, bucket)).orElseThrow()
			.row(Fixtures.meterEvent(1), closed, Fixtures.NOW);

		assertThat(row.delivery().state()).isEqualTo(Delivery.State.DUE);
		assertThat(row.occurredAt()).isEqualTo(Fixtures.NOW.minus(Duration.ofDays(10)));
	}

	@Test
	void theLongestIdentifierFitsStripe() {
		String identifier = MeterEventRow.identifier(new ClientId("cli_" + "z".repeat(26)), Integer.MAX_VALUE,
				Long.MAX_VALUE - 1, Long.MAX_VALUE, Integer.MAX_VALUE);

		assertThat(identifier).hasSizeLessThanOrEqualTo(100);
	}

	private Optional<Cut> next(@Nullable Instant runningHourCutAt, LaneAccount... accounts) {
		return Cut.next(this.lane, List.of(accounts), runningHourCutAt, Fixtures.NOW);
	}

}
