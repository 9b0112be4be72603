package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

import io.tallygate.core.Database;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static io.tallygate.metering.LedgerFixture.AGENCY;
import static io.tallygate.metering.LedgerFixture.CLIENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** Months of the ledger, on a real PostgreSQL. */
class PartitionsIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private static final Instant JANUARY = Instant.parse("2026-01-31T23:59:59Z");

	private static final Instant APRIL = Instant.parse("2026-04-30T23:59:59Z");

	private static final Instant MAY = Instant.parse("2026-05-01T00:00:00Z");

	private final LedgerFixture ledger = new LedgerFixture();

	private final Database.OfSystem database = this.ledger.database().system();

	@BeforeEach
	void aLineOfJanuaryAndOneOfFebruary() {
		partitions(0, JANUARY);
		this.ledger.exchange("2026-01-31T23:59:59Z", 1, 100);
		this.ledger.exchange("2026-02-01T00:00:00Z", 2, 200);
	}

	@Test
	void aLineIsInItsMonth() {
		assertThat(texts("select tableoid::regclass::text as text from ledger order by id"))
			.containsExactly("ledger_2026_01", "ledger_2026_02");
	}

	@Test
	void everyMonthIsKeptUnlessOneAsks() {
		partitions(0, Instant.parse("2036-01-01T00:00:00Z"));

		assertThat(lines()).containsExactly("100", "200");
	}

	@Test
	void aMonthLeavesTheLedgerWholeWhenSoManyHaveEndedAfterIt() {
		partitions(3, APRIL);
		assertThat(lines()).containsExactly("100", "200");

		partitions(3, MAY);
		partitions(3, MAY);

		assertThat(lines()).containsExactly("200");
		this.ledger.database()
			.execute("do $$ begin assert (select sum(total_tokens) from ledger_2026_01) = 100; end $$");
	}

	@Test
	void whatWasUsedInAMonthThatLeftIsKnown() {
		partitions(3, MAY);

		UsageReads reads = new UsageReads(this.ledger.database().tenant(), java.time.Clock.systemUTC());
		Period january = new Period(Instant.parse("2026-01-01T00:00:00Z"), Instant.parse("2026-02-01T00:00:00Z"));
		assertThat(reads.usage(AGENCY, CLIENT, january, UsageReads.Step.DAY, UsageReads.GroupBy.NOTHING)
			.block(PATIENCE)
			.total()
			.totalTokens()).isEqualTo(100);
	}

	/** Row security is the parent's. */
	@Test
	void nobodyOfTheApplicationReadsAMonthThatLeft() {
		partitions(3, MAY);

		assertThatThrownBy(() -> texts("select id as text from ledger_2026_01"))
			.hasMessageContaining("permission denied");
	}

	private void partitions(int months, Instant now) {
		new Partitions(this.database, () -> now, months).ensure().block(PATIENCE);
	}

	private List<String> lines() {
		return texts("select total_tokens::text as text from ledger order by id");
	}

	private List<String> texts(String sql) {
		return this.database.client().sql(sql).mapValue(String.class).all().collectList().block(PATIENCE);
	}

}
