package io.tallygate.outbox;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import io.tallygate.client.Report;
import io.tallygate.core.Ids;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** What an hour comes to when corrections are under way while commits are lost. */
class RecoveredTests {

	private static final Instant HOUR = Instant.parse("2026-03-10T12:00:00Z");

	private final Lane lane = Fixtures.lane(1, Fixtures.agency(1));

	private final Ids ids = new Ids(() -> Fixtures.NOW, new Random(1));

	@Test
	void aCorrectionThatMayBeAtStripeHidesAsMuchOfWhatIsThere() {
		// Five units were delivered and lost, and two taken back: Stripe says three.
		Recovered outcome = of(3, List.of(correction(-2, 1)), 5);

		assertThat(outcome.recovered()).isEqualTo(5);
		assertThat(outcome.changed()).singleElement().satisfies((row) -> {
			assertThat(row.is(Delivery.State.PARKED)).isTrue();
			assertThat(row.delivery().reason()).isEqualTo(Delivery.IN_DOUBT);
		});
	}

	@Test
	void aCorrectionThatAddsIsAsAnyOtherRow() {
		Recovered outcome = of(4, List.of(correction(4, 1)), 0);

		assertThat(outcome.changed()).singleElement().matches((row) -> row.is(Delivery.State.DELIVERED));
		assertThat(outcome.excess()).isZero();
	}

	/**
	 * Nobody knows which of the negative rows arrived. In no case may more units stay due
	 * than Stripe lacks: what is due is sent.
	 */
	@Test
	void whicheverCorrectionsArrivedNoUnitThatStripeHasStaysDue() {
		Random random = new Random(3);
		for (int i = 0; i < 5_000; i++) {
			long owed = random.nextInt(20);
			long delivered = (owed == 0) ? 0 : random.nextInt((int) owed + 1);
			List<MeterEventRow> unfinished = new ArrayList<>();
			long arrived = 0;
			for (int row = 0; row < random.nextInt(4); row++) {
				long value = random.nextInt(-6, 0);
				unfinished.add(correction(value, row));
				arrived += random.nextBoolean() ? value : 0;
			}
			long surplus = delivered + arrived;
			if (surplus >= 0) {
				Recovered outcome = of(surplus, unfinished, owed);

				assertThat(outcome.recovered()).isGreaterThanOrEqualTo(delivered);
				assertThat(outcome.changed()).hasSameSizeAs(unfinished)
					.allMatch((row) -> row.is(Delivery.State.PARKED) && row.delivery().stopsLane());
			}
		}
	}

	private Recovered of(long surplus, List<MeterEventRow> unfinished, long owed) {
		LaneAccount account = Fixtures.account(Report.UNITS, 0, Fixtures.bucket(HOUR, owed, 0));
		return Recovered.of(this.lane, HOUR, surplus, unfinished, List.of(account), this.ids, Fixtures.NOW);
	}

	private MeterEventRow correction(long value, int number) {
		MeterEventRow row = AdjustmentTests.adjustment(value, null).row(this.lane, Fixtures.NOW);
		return new MeterEventRow(Fixtures.meterEvent(number), row.lane(), row.client(), row.epoch(), row.kind(),
				row.identifier() + number, row.value(), 0, 0, row.bucketHour(), null, 0, 0, false, row.occurredAt(), 0,
				null, null, row.createdAt(), row.delivery());
	}

}
