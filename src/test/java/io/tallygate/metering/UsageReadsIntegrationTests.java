package io.tallygate.metering;

import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

import io.tallygate.core.Problem;
import io.tallygate.core.RequestId;
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

	private static final Instant NOW = Instant.parse("2026-11-21T12:20:00Z");

	private final LedgerFixture ledger = new LedgerFixture();

	private final UsageReads reads = new UsageReads(this.ledger.database().tenant(), Clock.fixed(NOW, ZoneOffset.UTC));

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

	/**
	 * Hours are added up when they are written, and what is cut of one from its lines.
	 */
	@Test
	void anyPeriodIsWhatItsLinesAddUpTo() {
		Random random = new Random(42);
		Map<Instant, Long> lines = new TreeMap<>();
		for (int i = 0; i < 120; i++) {
			Instant at = time(random);
			if (lines.putIfAbsent(at, 1 + i * 7L) == null) {
				this.ledger.exchange(at.toString(), i, lines.get(at), "model-" + i % 3, "billed");
			}
		}

		for (int i = 0; i < 60; i++) {
			Instant one = time(random);
			Instant other = time(random).plusSeconds(1);
			Period period = one.isBefore(other) ? new Period(one, other) : new Period(other, one.plusSeconds(1));
			List<Long> within = lines.entrySet()
				.stream()
				.filter((line) -> !line.getKey().isBefore(period.from()) && line.getKey().isBefore(period.to()))
				.map(Map.Entry::getValue)
				.toList();

			for (GroupBy group : GroupBy.values()) {
				Sums total = this.reads.usage(AGENCY, CLIENT, period, Step.HOUR, group).block(PATIENCE).total();
				assertThat(total.totalTokens()).as("%s", period)
					.isEqualTo(within.stream().mapToLong(Long::longValue).sum());
				assertThat(total.requests()).as("%s", period).isEqualTo(within.size());
			}
		}
	}

	/** Two days before now, to the minute and often to the hour. */
	private static Instant time(Random random) {
		Instant minute = NOW.truncatedTo(ChronoUnit.MINUTES).minus(random.nextInt(2 * 24 * 60), ChronoUnit.MINUTES);
		return (random.nextInt(3) > 0) ? minute : minute.truncatedTo(ChronoUnit.HOURS);
	}

	@Test
	void aPeriodThatHasNotEndedReadsNoLines() {
		this.ledger.exchange("2026-11-03T10:10:00Z", 1, 300);
		this.ledger.exchange("2026-11-21T12:10:00Z", 2, 400);
		this.ledger.execute("delete from ledger");

		assertThat(usage(Step.DAY, GroupBy.NOTHING).total().totalTokens()).isEqualTo(700);
		assertThat(usage(new Period(NOVEMBER.from(), NOW.plusSeconds(60))).total().totalTokens()).isEqualTo(700);
		assertThat(usage(new Period(NOVEMBER.from(), NOW.minusSeconds(60))).total().totalTokens()).isEqualTo(300);
	}

	/** Corrections and test usage. */
	@Test
	void whatIsNoUseOfTheClientsIsInNoHour() {
		RequestId request = this.ledger.exchange("2026-11-21T10:00:00Z", 1, 300);
		for (String kind : List.of("adjustment", "test")) {
			this.ledger.execute("create temp table other as select * from ledger; "
					+ "update other set kind = '%1$s', id = id || '%1$s'; insert into ledger select * from other; "
					+ "drop table other", kind);
		}

		assertThat(usage(Step.DAY, GroupBy.NOTHING).total().totalTokens()).as("%s", request).isEqualTo(300);
		Instant at = Instant.parse("2026-11-21T10:00:00Z");
		assertThat(usage(new Period(at, at.plusSeconds(1))).total().totalTokens()).isEqualTo(300);
	}

	@Test
	void progressIsOfTheAccountAndOfWhatStripeTook() {
		this.ledger.exchange("2026-11-21T10:00:00Z", 1, 9_640);
		this.ledger.account(8);
		this.ledger.event(1, "2026-11-21T10:00:00Z", 0, 2, 0, "delivered");
		this.ledger.event(2, "2026-11-21T10:00:00Z", 2, 3, 2, "parked");
		this.ledger.event(3, "2026-11-21T10:00:00Z", 3, 6, 3, "replaced");
		this.ledger.event(4, "2026-11-21T10:00:00Z", 3, 6, 3, "delivered");
		this.ledger.event(5, "2026-11-21T10:00:00Z", 6, 8, 6, "due");

		assertThat(usage(Step.DAY, GroupBy.NOTHING).progress())
			.isEqualTo(new Progress(new BigDecimal("640"), 1_000, 9, 5));
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

	private ClientUsage usage(Period period) {
		return this.reads.usage(AGENCY, CLIENT, period, Step.DAY, GroupBy.NOTHING).block(PATIENCE);
	}

	private ClientUsage usage(Step step, GroupBy groupBy) {
		return this.reads.usage(AGENCY, CLIENT, NOVEMBER, step, groupBy).block(PATIENCE);
	}

}
