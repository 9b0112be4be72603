package io.tallygate.metering;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import io.tallygate.core.Caller;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.RequestId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.test.StepVerifier;

import static io.tallygate.metering.LedgerFixture.AGENCY;
import static io.tallygate.metering.LedgerFixture.CLIENT;
import static io.tallygate.metering.LedgerFixture.OTHER;
import static org.assertj.core.api.Assertions.assertThat;

/** The ledger as an agency reads it. */
class LedgerReadsIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private static final Period NOVEMBER = new Period(Instant.parse("2026-11-01T00:00:00Z"),
			Instant.parse("2026-12-01T00:00:00Z"));

	private static final LedgerFilter ALL = new LedgerFilter(null, null, null, NOVEMBER);

	private final LedgerFixture ledger = new LedgerFixture();

	private final LedgerReads reads = new LedgerReads(this.ledger.database().tenant());

	@Test
	void aPageIsNewestFirstAndGoesOnFromItsLast() {
		List<RequestId> requests = new ArrayList<>();
		for (int i = 0; i < 5; i++) {
			requests.add(0, this.ledger.exchange("2026-11-21T10:0" + i + ":00Z", i, 10));
		}

		Page<LedgerEntry> first = page(PageRequest.of(3, null, null));
		Page<LedgerEntry> second = page(PageRequest.of(3, first.data().get(2).id(), null));

		assertThat(requests(first)).isEqualTo(requests.subList(0, 3));
		assertThat(first.hasMore()).isTrue();
		assertThat(requests(second)).isEqualTo(requests.subList(3, 5));
		assertThat(second.hasMore()).isFalse();
	}

	@Test
	void anOrphanStandsAmongTheLinesUntilOneSupersedesIt() {
		RequestId before = this.ledger.exchange("2026-11-21T10:00:00Z", 1, 10);
		RequestId orphan = this.ledger.orphan("2026-11-21T10:01:00Z", 2);
		RequestId after = this.ledger.exchange("2026-11-21T10:02:00Z", 3, 10);

		Page<LedgerEntry> page = page(PageRequest.of(null, null, null));
		this.ledger.execute("update orphan set superseded_at = now()");

		assertThat(requests(page)).containsExactly(after, orphan, before);
		assertThat(page.data().get(1).status()).isEqualTo("orphaned");
		assertThat(page.data().get(1).reserved()).hasToString("4");
		assertThat(page.data().get(1).totalAfter()).isNull();
		assertThat(requests(page(PageRequest.of(null, null, null)))).containsExactly(after, before);
	}

	@Test
	void aLineSaysAllThatItKnowsAndNoMore() {
		this.ledger.exchange("2026-11-21T10:00:00Z", 1, 999);
		RequestId request = this.ledger.exchange("2026-11-21T10:01:00Z", 2, 2);

		LedgerEntry entry = this.reads.find(AGENCY, Ids.sibling("led_", request.value())).block(PATIENCE);

		assertThat(entry.usage()).isEqualTo(new LedgerEntry.Counts(1L, null, null, 1L, null, 2L));
		assertThat(entry.quantity()).hasToString("2");
		assertThat(entry.totalBefore()).hasToString("999");
		assertThat(entry.totalAfter()).hasToString("1001");
		assertThat(entry.units()).isEqualTo(1);
		assertThat(entry.occurredAt()).isEqualTo("2026-11-21T10:01:00Z");
		assertThat(entry.ttftMs()).isNull();
	}

	@ParameterizedTest
	@CsvSource({ "gpt-4o, chn_1, 1", "gpt-3, chn_1, 0" })
	void aFilterLetsThroughOnlyWhatItNames(String model, String channel, int lines) {
		this.ledger.execute("insert into channel (id, agency_id, platform, name) values ('chn_1', '%s', 'api', 'x')",
				AGENCY);
		this.ledger.exchange("2026-11-21T10:00:00Z", 1, 10);
		this.ledger.exchange("2026-11-21T10:00:00Z", 2, 10, "claude", "billed");
		this.ledger.exchange("2026-10-21T10:00:00Z", 3, 10);

		LedgerFilter filter = new LedgerFilter(CLIENT.value(), channel, model, NOVEMBER);

		assertThat(this.reads.page(AGENCY, filter, PageRequest.of(null, null, null)).block(PATIENCE).data())
			.hasSize(lines);
	}

	@Test
	void anotherAgencysClientIsNotFound() {
		StepVerifier
			.create(this.reads.page(OTHER, new LedgerFilter(CLIENT.value(), null, null, NOVEMBER),
					PageRequest.of(null, null, null)))
			.expectErrorMatches((error) -> error instanceof Problem problem && problem.status() == 404)
			.verify(PATIENCE);
	}

	@Test
	void anotherAgencySeesNoLine() {
		RequestId request = this.ledger.exchange("2026-11-21T10:00:00Z", 1, 10);

		assertThat(this.reads.page(OTHER, ALL, PageRequest.of(null, null, null)).block(PATIENCE).data()).isEmpty();
		assertThat(this.reads.find(OTHER, Ids.sibling("led_", request.value())).block(PATIENCE)).isNull();
	}

	@Test
	void anExportHasEveryLine() {
		for (int i = 0; i < 250; i++) {
			this.ledger.exchange("2026-11-21T10:00:00Z", i, 1);
		}

		assertThat(this.reads.export(AGENCY, ALL).map(LedgerEntry::id).collectList().block(PATIENCE)).hasSize(250)
			.doesNotHaveDuplicates();
	}

	@Test
	void anExportThatNobodyReadsOnLeavesTheDatabaseUsable() {
		for (int i = 0; i < 150; i++) {
			this.ledger.exchange("2026-11-21T10:00:00Z", i, 1);
		}

		for (int i = 0; i < 12; i++) {
			StepVerifier.create(this.reads.export(AGENCY, ALL), 1).expectNextCount(1).thenCancel().verify(PATIENCE);
		}

		assertThat(page(PageRequest.of(1, null, null)).data()).hasSize(1);
	}

	@Test
	void aRequestIsReadWithTheEventsThatReportIt() {
		RequestId request = this.ledger.exchange("2026-11-21T10:00:00Z", 1, 1_000);
		this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 1, 0, "delivered");
		LedgerController controller = new LedgerController(this.reads,
				new MeterEventTrail(this.ledger.database().tenant()), Clock.systemUTC());

		LedgerController.Traced traced = controller
			.read(new Caller.OfAgency(AGENCY, Caller.Role.SUPPORT), request.value())
			.block(PATIENCE);

		assertThat(traced.entry().requestId()).isEqualTo(request.value());
		assertThat(traced.meterEvents()).singleElement()
			.satisfies((event) -> assertThat(event.state()).isEqualTo("delivered"));
	}

	@Test
	void whatIsNoRequestIsNotFound() {
		LedgerController controller = new LedgerController(this.reads,
				new MeterEventTrail(this.ledger.database().tenant()), Clock.systemUTC());

		StepVerifier.create(controller.read(new Caller.OfAgency(AGENCY, Caller.Role.SUPPORT), "req_1"))
			.expectErrorMatches((error) -> error instanceof Problem problem && problem.status() == 404)
			.verify(PATIENCE);
	}

	private Page<LedgerEntry> page(PageRequest page) {
		return this.reads.page(AGENCY, ALL, page).block(PATIENCE);
	}

	private static List<RequestId> requests(Page<LedgerEntry> page) {
		return page.data().stream().map((entry) -> new RequestId(entry.requestId())).toList();
	}

}
