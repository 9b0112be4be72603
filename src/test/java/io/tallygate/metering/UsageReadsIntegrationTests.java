package io.tallygate.metering;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;

import io.tallygate.core.Problem;
import io.tallygate.metering.ClientUsage.Bucket;
import io.tallygate.metering.ClientUsage.Progress;
import io.tallygate.metering.ClientUsage.Sums;
import io.tallygate.metering.UsageReads.GroupBy;
import io.tallygate.metering.UsageReads.Step;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

import static io.tallygate.metering.LedgerFixture.AGENCY;
import static io.tallygate.metering.LedgerFixture.CLIENT;
import static io.tallygate.metering.LedgerFixture.OTHER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

/** A client's use, added up. */
class UsageReadsIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private static final Period NOVEMBER = new Period(Instant.parse("2026-11-01T00:00:00Z"),
			Instant.parse("2026-12-01T00:00:00Z"));

	private final LedgerFixture ledger = new LedgerFixture();

	private final UsageReads reads = new UsageReads(this.ledger.database().tenant());

	@Test
	void thePeriodIsAddedUp() {
		this.ledger.exchange("2026-10-31T23:59:59Z", 1, 700);
		this.ledger.exchange("2026-11-01T00:00:00Z", 2, 400);
		this.ledger.exchange("2026-11-21T10:00:00Z", 3, 1_000, "gpt-4o", "estimated");
		this.ledger.orphan("2026-11-21T10:01:00Z", 4);

		Sums total = usage(Step.DAY, GroupBy.NOTHING).total();

		assertThat(total).isEqualTo(new Sums(2, 2, 700, 0, 0, 700, 0, 1_400, new BigDecimal("1400"), 2, 1, 1));
	}

	@Test
	void bucketsAreDaysOfUtc() {
		this.ledger.exchange("2026-11-20T23:30:00Z", 1, 10);
		this.ledger.exchange("2026-11-21T00:30:00Z", 2, 10);
		this.ledger.exchange("2026-11-21T10:00:00Z", 3, 10);

		assertThat(usage(Step.DAY, GroupBy.NOTHING).buckets()).extracting(Bucket::start)
			.containsExactly(Instant.parse("2026-11-20T00:00:00Z"), Instant.parse("2026-11-21T00:00:00Z"));
	}

	@Test
	void bucketsOfOneTimeAreToldApartByModel() {
		this.ledger.exchange("2026-11-20T23:30:00Z", 1, 10);
		this.ledger.exchange("2026-11-21T00:30:00Z", 2, 20);
		this.ledger.exchange("2026-11-21T10:00:00Z", 3, 30, "claude", "billed");

		assertThat(usage(Step.MONTH, GroupBy.MODEL).buckets())
			.extracting(Bucket::group, (bucket) -> bucket.sums().totalTokens())
			.containsExactly(tuple("claude", 30L), tuple("gpt-4o", 30L));
	}

	@Test
	void progressIsOfTheAccountAndOfWhatStripeTook() {
		this.ledger.exchange("2026-11-21T10:00:00Z", 1, 3_640);
		this.ledger.account();
		this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 2, 0, "delivered");
		this.ledger.event(2, "2026-11-21T10:00:00Z", 2, 3, 2, "due");

		assertThat(usage(Step.DAY, GroupBy.NOTHING).progress())
			.isEqualTo(new Progress(new BigDecimal("640"), 1_000, 3, 2));
	}

	@Test
	void aClientWhoUsedNothingHasNothing() {
		ClientUsage usage = usage(Step.DAY, GroupBy.NOTHING);

		assertThat(usage.total()).isEqualTo(Sums.NONE);
		assertThat(usage.buckets()).isEmpty();
		assertThat(usage.progress()).isEqualTo(new Progress(BigDecimal.ZERO, 1_000, 0, 0));
	}

	@Test
	void anotherAgencysClientIsNotFound() {
		StepVerifier.create(this.reads.usage(OTHER, CLIENT, NOVEMBER, Step.DAY, GroupBy.NOTHING))
			.expectErrorMatches((error) -> error instanceof Problem problem && problem.status() == 404)
			.verify(PATIENCE);
	}

	private ClientUsage usage(Step step, GroupBy groupBy) {
		return this.reads.usage(AGENCY, CLIENT, NOVEMBER, step, groupBy).block(PATIENCE);
	}

}
