package io.tallygate.metering;

import java.time.Duration;
import java.util.List;

import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;
import io.tallygate.core.RequestId;
import org.junit.jupiter.api.Test;

import static io.tallygate.metering.LedgerFixture.AGENCY;
import static io.tallygate.metering.LedgerFixture.OTHER;
import static org.assertj.core.api.Assertions.assertThat;

/** From a request to Stripe and back. */
class MeterEventTrailIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private final LedgerFixture ledger = new LedgerFixture();

	private final MeterEventTrail trail = new MeterEventTrail(this.ledger.database().tenant());

	@Test
	void anEventNamesTheRequestThatCompletedItsUnitAndThoseThatFilledItUp() {
		RequestId first = this.ledger.exchange("2026-11-21T10:01:00Z", 1, 400);
		RequestId second = this.ledger.exchange("2026-11-21T10:02:00Z", 2, 500);
		RequestId crossing = this.ledger.exchange("2026-11-21T10:03:00Z", 3, 200);
		this.ledger.exchange("2026-11-21T10:04:00Z", 4, 300);
		MeterEventId event = this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 1, 0, "delivered");

		assertThat(requests(event)).containsExactly(first, second, crossing);
		assertThat(events(first)).containsExactly(event);
		assertThat(events(crossing)).containsExactly(event);
	}

	@Test
	void aRequestWhoseUnitIsNotCompleteIsPartOfNone() {
		this.ledger.exchange("2026-11-21T10:01:00Z", 1, 1_000);
		RequestId waiting = this.ledger.exchange("2026-11-21T10:02:00Z", 2, 10);
		this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 1, 0, "delivered");

		assertThat(events(waiting)).isEmpty();
	}

	@Test
	void unitsThatAreNotCutYetHaveNoEvent() {
		RequestId first = this.ledger.exchange("2026-11-21T10:01:00Z", 1, 1_000);
		RequestId second = this.ledger.exchange("2026-11-21T10:02:00Z", 2, 1_000);
		MeterEventId event = this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 1, 0, "due");

		assertThat(events(first)).containsExactly(event);
		assertThat(events(second)).isEmpty();
	}

	@Test
	void aRequestOfManyUnitsIsPartOfEveryEventThatHoldsOne() {
		RequestId large = this.ledger.exchange("2026-11-21T10:01:00Z", 1, 3_500);
		MeterEventId first = this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 2, 0, "delivered");
		MeterEventId second = this.ledger.event(2, "2026-11-21T10:00:00Z", 2, 3, 2, "due");

		assertThat(events(large)).containsExactly(first, second);
		assertThat(requests(first)).containsExactly(large);
		assertThat(requests(second)).containsExactly(large);
	}

	@Test
	void unitsThatWereReplacedShowBothEvents() {
		RequestId request = this.ledger.exchange("2026-11-21T10:01:00Z", 1, 1_000);
		MeterEventId refused = this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 1, 0, "replaced");
		MeterEventId successor = this.ledger.event(2, "2026-11-21T10:00:00Z", 0, 1, 0, "due");

		assertThat(events(request)).containsExactly(refused, successor);
	}

	@Test
	void everyHourCountsItsOwnUnits() {
		this.ledger.exchange("2026-11-21T10:01:00Z", 1, 1_000);
		RequestId carriedOver = this.ledger.exchange("2026-11-21T10:59:00Z", 2, 600);
		RequestId nextHour = this.ledger.exchange("2026-11-21T11:01:00Z", 3, 500);
		this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 1, 0, "delivered");
		MeterEventId second = this.ledger.event(2, "2026-11-21T11:00:00Z", 0, 1, 1, "delivered");

		assertThat(requests(second)).containsExactly(carriedOver, nextHour);
		assertThat(events(carriedOver)).containsExactly(second);
	}

	@Test
	void aLineThatCameLateCountsInTheHourInWhichItOccurred() {
		RequestId early = this.ledger.exchange("2026-11-21T10:01:00Z", 1, 1_000);
		RequestId next = this.ledger.exchange("2026-11-21T11:01:00Z", 2, 1_000);
		RequestId late = this.ledger.exchange("2026-11-21T10:30:00Z", 3, 1_000);
		MeterEventId first = this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 1, 0, "delivered");
		MeterEventId second = this.ledger.event(2, "2026-11-21T11:00:00Z", 0, 1, 1, "delivered");
		MeterEventId third = this.ledger.event(3, "2026-11-21T10:00:00Z", 1, 2, 2, "delivered");

		assertThat(List.of(requests(first), requests(second), requests(third))).containsExactly(List.of(early),
				List.of(next), List.of(late));
		assertThat(List.of(events(early), events(next), events(late))).containsExactly(List.of(first), List.of(second),
				List.of(third));
	}

	@Test
	void anAdjustmentCompletesNothing() {
		RequestId request = this.ledger.exchange("2026-11-21T10:01:00Z", 1, 1_000);
		this.ledger.execute("""
				insert into ledger (id, kind, agency_id, client_id, epoch, status, quantity, charge_by, total_before,
				  total_after, units, occurred_at)
				values ('led_adjusted', 'adjustment', '%s', '%s', 1, 'billed', 5000000, 'tokens', 0, 5, 5,
				  '2026-11-21T10:00:30Z')""", AGENCY, LedgerFixture.CLIENT);
		MeterEventId event = this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 1, 0, "delivered");

		assertThat(requests(event)).containsExactly(request);
		assertThat(events(request)).containsExactly(event);
	}

	@Test
	void anotherAgencySeesNothing() {
		RequestId request = this.ledger.exchange("2026-11-21T10:01:00Z", 1, 1_000);
		MeterEventId event = this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 1, 0, "delivered");

		assertThat(this.trail.requestsOf(OTHER, event).block(PATIENCE)).isEmpty();
		assertThat(this.trail.eventsOf(OTHER, Ids.sibling("led_", request.value())).block(PATIENCE)).isEmpty();
	}

	private List<RequestId> requests(MeterEventId event) {
		return this.trail.requestsOf(AGENCY, event).block(PATIENCE);
	}

	private List<MeterEventId> events(RequestId request) {
		return this.trail.eventsOf(AGENCY, Ids.sibling("led_", request.value()))
			.block(PATIENCE)
			.stream()
			.map((event) -> new MeterEventId(event.id()))
			.toList();
	}

}
