package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

import io.tallygate.outbox.Adjustment.Plan;
import io.tallygate.outbox.Adjustment.Way;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

class AdjustmentTests {

	private static final Instant NOW = Fixtures.NOW;

	/** Its invoice has left draft. */
	private static final ClosedPeriods FEBRUARY = new ClosedPeriods(List
		.of(new ClosedPeriods.Period(Instant.parse("2026-02-01T00:00:00Z"), Instant.parse("2026-03-01T00:00:00Z"))));

	@ParameterizedTest
	@CsvSource({
			// in the open period
			"-5, 2026-03-10T12:00:00Z, EVENT, 2026-03-10T12:00:00Z, false",
			"5, 2026-03-10T12:00:00Z, EVENT, 2026-03-10T12:00:00Z, false",
			"-5, 2026-03-01T00:00:00Z, EVENT, 2026-03-01T00:00:00Z, false",
			// in the invoiced one
			"-5, 2026-02-28T23:59:59Z, CREDIT_PROPOSAL, 2026-02-28T23:59:59Z, false",
			"5, 2026-02-28T23:59:59Z, EVENT, 2026-03-01T00:00:00Z, true",
			// before all that is known: Stripe takes 35 days, less an hour of ours
			"-5, 2026-01-10T00:00:00Z, CREDIT_PROPOSAL, 2026-01-10T00:00:00Z, false",
			"5, 2026-01-10T00:00:00Z, CREDIT_PROPOSAL, 2026-01-10T00:00:00Z, false" })
	void theWayIsChosenByAge(long value, Instant occurredAt, Way way, Instant at, boolean late) {
		assertThat(Plan.of(value, occurredAt, null, FEBRUARY, NOW)).isEqualTo(new Plan(way, at, late));
	}

	@ParameterizedTest
	@CsvSource({ "PT0S, EVENT", "PT1S, CREDIT_PROPOSAL" })
	void whatStripeWouldRefuseForItsAgeIsAProposal(Duration beyond, Way way) {
		Instant occurredAt = NOW.minus(Cut.AGE_MAX).minus(beyond);

		assertThat(Plan.of(-5, occurredAt, null, ClosedPeriods.NONE, NOW).way()).isEqualTo(way);
	}

	@ParameterizedTest
	@CsvSource({ "-3, PT22H59M59S, CANCELLATION", "-3, PT23H, EVENT", "-2, PT1H, EVENT", "-4, PT1H, EVENT" })
	void anEventIsTakenBackWholeAndWithinADay(long value, Duration age, Way way) {
		MeterEventRow named = named(NOW.minus(age));

		assertThat(Plan.of(value, named.occurredAt(), named, FEBRUARY, NOW).way()).isEqualTo(way);
	}

	@Test
	void whatIsInvoicedIsNotTakenBackBecauseThatChangesNothing() {
		MeterEventRow named = named(NOW.minusSeconds(60));
		ClosedPeriods closed = new ClosedPeriods(
				List.of(new ClosedPeriods.Period(named.occurredAt(), named.occurredAt().plusSeconds(1))));

		assertThat(Plan.of(-3, named.occurredAt(), named, closed, NOW).way()).isEqualTo(Way.CREDIT_PROPOSAL);
	}

	@Test
	void itsMeterEventNamesNoUnitsOfAnyAccount() {
		MeterEventRow row = adjustment(-7, null).row(Fixtures.lane(1, Fixtures.agency(1)), NOW);

		assertThat(row.kind()).isEqualTo(MeterEventRow.Kind.ADJUSTMENT);
		assertThat(row.value()).isEqualTo(-7);
		assertThat(row.identifier()).isEqualTo("tg_adjustment_00000000000000000000000042");
		assertThat(row.fromUnit()).isEqualTo(row.toUnit()).isZero();
		assertThat(row.bucketFrom()).isEqualTo(row.bucketTo()).isZero();
		assertThat(row.delivery()).isEqualTo(Delivery.due(NOW));
	}

	@Test
	void aSuccessorTakesTheSameEventBack() {
		MeterEventRow row = adjustment(-3, "tg_1").row(Fixtures.lane(1, Fixtures.agency(1)), NOW);

		MeterEventRow next = row.successor(Fixtures.meterEvent(43), NOW);

		assertThat(next.cancels()).isEqualTo("tg_1");
		assertThat(next.value()).isEqualTo(-3);
		assertThat(next.identifier()).isNotEqualTo(row.identifier());
	}

	static Adjustment adjustment(long value, @Nullable String cancels) {
		return new Adjustment("led_00000000000000000000000042", Fixtures.client(1), 1,
				(cancels != null) ? Way.CANCELLATION : Way.EVENT, value * 1_000_000, "typed twice",
				NOW.minusSeconds(60), false, value, cancels, NOW);
	}

	/** Three units, cut at that time. */
	private static MeterEventRow named(Instant cutAt) {
		MeterEventRow row = Fixtures.row();
		return new MeterEventRow(row.id(), row.lane(), row.client(), row.epoch(), row.kind(), row.identifier(),
				row.value(), row.fromUnit(), row.toUnit(), row.bucketHour(), row.bucketPeriod(), row.bucketFrom(),
				row.bucketTo(), row.late(), row.occurredAt(), row.successor(), row.replaces(), row.cancels(), cutAt,
				row.delivery().delivered(NOW));
	}

}
