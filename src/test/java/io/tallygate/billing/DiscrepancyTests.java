package io.tallygate.billing;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import io.tallygate.billing.Discrepancy.Kind;
import io.tallygate.billing.Discrepancy.Repair;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.MeterEventId;
import io.tallygate.outbox.Delivery;
import io.tallygate.outbox.Lane;
import io.tallygate.outbox.LaneHour;
import io.tallygate.outbox.MeterEventRow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What is thought of an hour, as tables: rows are written as value, state and how many
 * hours ago they were sent.
 */
class DiscrepancyTests {

	private static final Instant NOW = Instant.parse("2026-03-10T12:30:00Z");

	private static final Duration SETTLE = Duration.ofMinutes(6);

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			5 delivered 1                       | 5 | false |
			5 delivered 1, 3 delivered 1        | 8 | false |
			5 delivered 1                       | 0 | false | MISSING RESEND
			5 delivered 0                       | 0 | false | MISSING LOOK_AGAIN
			5 delivered 1, 3 delivered 1        | 5 | false | MISSING RESEND
			5 delivered 1, 3 delivered 1        | 0 | false | MISSING RESEND, MISSING RESEND
			5 delivered 1, 3 delivered 1, 4 delivered 1 | 5 | false | MISSING RESEND, MISSING RESEND
			5 delivered 30                      | 0 | false | MISSING LOOK_AGAIN
			5 delivered 30                      | 0 | true  | MISSING SUCCEED
			5 resent 2                          | 0 | false | MISSING LOOK_AGAIN
			5 resent 2                          | 0 | true  | MISSING SUCCEED
			5 delivered 1                       | 3 | false | MISSING LOOK_AGAIN
			5 delivered 1                       | 3 | true  | MISSING NONE
			5 delivered 1, 5 replaced 2         | 10 | false | DOUBLED CANCEL
			5 delivered 1, 5 replaced 30        | 10 | false | DOUBLED NONE
			5 delivered 1, 2 discarded 1        | 7 | false | DISCARDED NONE, DOUBLED CANCEL
			5 delivered 1, 2 parked 1           | 7 | false | PARKED NONE, PARKED LOOK_AGAIN
			5 delivered 1, 2 parked 1           | 7 | true  | PARKED NONE, PARKED ACCEPT
			5 delivered 1, 2 parked 1           | 5 | false | PARKED NONE
			5 delivered 1, 2 customer 1         | 5 | false | PARKED RETRY
			5 delivered 1, 2 missing 1          | 5 | false | PARKED RETRY
			5 delivered 1, 2 missing 1, 2 replaced 1 | 7 | true | PARKED RETRY, PARKED ACCEPT
			5 delivered 1, 2 discarded 1        | 5 | false | DISCARDED NONE
			5 delivered 1, 2 due 0              | 7 | false |
			5 delivered 1, 2 due 1              | 5 | false | LATE FLUSH
			5 resent 2                          | 10 | false | DOUBLED LOOK_AGAIN
			5 resent 2                          | 10 | true  | DOUBLED NONE
			5 delivered 1                       | 12 | false | FOREIGN LOOK_AGAIN
			5 delivered 1                       | 12 | true  | FOREIGN NONE
			5 delivered 1                       | 5.5 | true | FOREIGN NONE
			5 delivered 1, -2 delivered 1       | 3 | false |
			5 delivered 1, -2 delivered 1       | 5 | false | MISSING RESEND
			5 delivered 1, -2 delivered 0       | 5 | false | MISSING LOOK_AGAIN
			5 delivered 1, -2 resent 2          | 5 | false | MISSING LOOK_AGAIN
			5 delivered 1, -2 resent 2          | 5 | true  | MISSING NONE
			5 delivered 1, -5 delivered 1       | -5 | false | MISSING RESEND
			5 delivered 1, -2 parked 1          | 3 | false | PARKED NONE, PARKED LOOK_AGAIN
			5 delivered 1, -2 parked 1          | 3 | true  | PARKED NONE, PARKED ACCEPT
			5 delivered 1, -2 parked 1          | 5 | true  | PARKED NONE
			5 delivered 1, 2 delivered 1, -2 parked 1 | 5 | true | PARKED NONE, PARKED ACCEPT
			5 delivered 1, -2 replaced 1        | 3 | false | DOUBLED CANCEL
			5 delivered 1, -2 discarded 1       | 5 | false | DISCARDED NONE
			5 delivered 1, -2 due 0             | 3 | false |
			5 delivered 1, -2 delivered 1       | 1 | true  | MISSING NONE
			""")
	void anHourIsExplained(String rows, String stripe, boolean confirmed, String expected) {
		List<MeterEventRow> events = rows(rows);

		List<Discrepancy> found = Discrepancy
			.of(new Discrepancy.Look(hour(events, 0), new BigDecimal(stripe), events, confirmed, SETTLE, NOW));

		assertThat(String.join(", ", found.stream().map((each) -> each.kind() + " " + each.repair()).toList()))
			.isEqualTo((expected != null) ? expected : "");
	}

	@Test
	void unitsOfAnEndedHourThatWaitAreLate() {
		LaneHour hour = hour(List.of(), 4);

		List<Discrepancy> found = Discrepancy
			.of(new Discrepancy.Look(hour, BigDecimal.ZERO, List.of(), false, SETTLE, NOW));

		assertThat(found).extracting(Discrepancy::kind).containsExactly(Kind.LATE);
		assertThat(found.get(0).repair()).isEqualTo(Repair.FLUSH);
		assertThat(found.get(0).units()).isEqualByComparingTo("4");
	}

	@Test
	void unitsOfTheRunningHourMayWait() {
		LaneHour running = new LaneHour(NOW.minus(Duration.ofMinutes(30)), 4, 4, 0, 0, 0, 0, 0, 0, 0, 0,
				LaneHour.Corrections.NONE);

		assertThat(Discrepancy.of(new Discrepancy.Look(running, BigDecimal.ZERO, List.of(), false, SETTLE, NOW)))
			.isEmpty();
	}

	@Test
	void accountsThatAreNotTheSumOfTheLedgerAreShouted() {
		LaneHour hour = new LaneHour(NOW.minus(Duration.ofHours(3)), 5, 4, 4, 0, 0, 0, 0, 0, 0, 0,
				LaneHour.Corrections.NONE);

		assertThat(Discrepancy.of(new Discrepancy.Look(hour, BigDecimal.ZERO, List.of(), false, SETTLE, NOW)))
			.extracting(Discrepancy::kind)
			.containsExactly(Kind.UNBALANCED);
	}

	/** Two of the same value: the one that was taken back is not the one that is lost. */
	@Test
	void anEventThatWasTakenBackIsNotSentAgain() {
		List<MeterEventRow> rows = List.of(row(5, "delivered", 1, 0), row(5, "delivered", 1, 1),
				takingBack(row(-5, "delivered", 1, 2), "tg_0"));

		List<Discrepancy> found = Discrepancy
			.of(new Discrepancy.Look(hour(rows, 0), BigDecimal.ZERO, rows, false, SETTLE, NOW));

		assertThat(found).singleElement().satisfies((each) -> {
			assertThat(each.repair()).isEqualTo(Repair.RESEND);
			assertThat(each.row()).isEqualTo(rows.get(1));
		});
	}

	@Test
	void manyEventsThatExplainNothingAreGivenUpOn() {
		List<MeterEventRow> many = new ArrayList<>();
		for (int i = 0; i < 200; i++) {
			many.add(row(2, "delivered", 1, i));
		}

		List<Discrepancy> found = Discrepancy
			.of(new Discrepancy.Look(hour(many, 0), new BigDecimal(400 - 101), many, false, SETTLE, NOW));

		assertThat(found).hasSize(1);
		assertThat(found.get(0).row()).isNull();
	}

	private static List<MeterEventRow> rows(String text) {
		List<MeterEventRow> rows = new ArrayList<>();
		for (String each : text.split(", ")) {
			String[] parts = each.strip().split(" ");
			rows.add(row(Long.parseLong(parts[0]), parts[1], Long.parseLong(parts[2]), rows.size()));
		}
		return rows;
	}

	private static MeterEventRow row(long value, String kind, long hoursAgo, int number) {
		Instant at = NOW.minus(Duration.ofHours(hoursAgo));
		Delivery.State state = switch (kind) {
			case "delivered", "resent" -> Delivery.State.DELIVERED;
			case "replaced" -> Delivery.State.REPLACED;
			case "due" -> Delivery.State.DUE;
			default -> Delivery.State.PARKED;
		};
		String reason = switch (kind) {
			case "discarded" -> "discarded";
			case "missing" -> "missing";
			case "parked" -> "value: refused";
			case "customer" -> "customer: meter_event_customer_not_found";
			default -> null;
		};
		Delivery delivery = new Delivery(state, reason, false, kind.equals("resent") ? 2 : 1, 1, null, at, at, null,
				null, at);
		AgencyId agency = new AgencyId("agy_" + "0".repeat(26));
		String id = "mev_" + "%026d".formatted(number);
		return new MeterEventRow(new MeterEventId(id), new Lane(1, agency, "acct_1", false, "cus_1", "mtr_1", "units"),
				new ClientId("cli_" + "0".repeat(26)), 1, MeterEventRow.Kind.UNITS, "tg_" + number, value, 0, value, at,
				null, 0, value, false, at, 0, null, null, at, delivery);
	}

	private static MeterEventRow takingBack(MeterEventRow row, String identifier) {
		return new MeterEventRow(row.id(), row.lane(), row.client(), row.epoch(), MeterEventRow.Kind.ADJUSTMENT,
				row.identifier(), row.value(), 0, 0, row.bucketHour(), null, 0, 0, false, row.occurredAt(), 0, null,
				identifier, row.createdAt(), row.delivery());
	}

	private static LaneHour hour(List<MeterEventRow> rows, long waiting) {
		long outbox = rows.stream()
			.filter((row) -> row.delivery().state() != Delivery.State.REPLACED)
			.mapToLong(MeterEventRow::value)
			.sum();
		long delivered = rows.stream()
			.filter((row) -> row.delivery().state() == Delivery.State.DELIVERED)
			.mapToLong(MeterEventRow::value)
			.sum();
		return new LaneHour(NOW.minus(Duration.ofHours(3)), outbox + waiting, outbox + waiting, outbox, delivered, 0, 0,
				0, 0, 0, 0, LaneHour.Corrections.NONE);
	}

}
