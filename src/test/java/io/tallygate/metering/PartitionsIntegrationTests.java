package io.tallygate.metering;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import io.tallygate.core.Database;
import io.tallygate.support.Markdown;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static io.tallygate.metering.LedgerFixture.AGENCY;
import static io.tallygate.metering.LedgerFixture.CLIENT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/** Months of the ledger, and one that is taken out as the operating guide says. */
class PartitionsIntegrationTests {

	private static final Duration PATIENCE = Duration.ofSeconds(10);

	private final LedgerFixture ledger = new LedgerFixture();

	private final Database.OfSystem database = this.ledger.database().system();

	@BeforeEach
	void aLineOfJanuaryAndOneOfFebruary() {
		new Partitions(this.database, () -> Instant.parse("2026-01-31T23:59:59Z")).ensure().block(PATIENCE);
		this.ledger.exchange("2026-01-31T23:59:59Z", 1, 100);
		this.ledger.exchange("2026-02-01T00:00:00Z", 2, 200);
	}

	@Test
	void aLineIsInItsMonth() {
		assertThat(texts("select tableoid::regclass::text as text from ledger order by id"))
			.containsExactly("ledger_2026_01", "ledger_2026_02");
	}

	@Test
	void aMonthThatIsTakenOutIsATableOfItsOwnThatTheApplicationCannotRead() {
		takeOut();

		assertThat(texts("select total_tokens::text as text from ledger")).containsExactly("200");
		this.ledger.database()
			.execute("do $$ begin assert (select sum(total_tokens) from ledger_2026_01) = 100; end $$");
		assertThatThrownBy(() -> texts("select id as text from ledger_2026_01"))
			.hasMessageContaining("permission denied");
	}

	@Test
	void whatWasUsedByTheHourInAMonthThatWasTakenOutIsKnown() {
		takeOut();

		UsageReads reads = new UsageReads(this.ledger.database().tenant(), Clock.systemUTC());
		Period january = new Period(Instant.parse("2026-01-01T00:00:00Z"), Instant.parse("2026-02-01T00:00:00Z"));
		assertThat(reads.usage(AGENCY, CLIENT, january, UsageReads.Step.DAY, UsageReads.GroupBy.NOTHING)
			.block(PATIENCE)
			.total()
			.totalTokens()).isEqualTo(100);
	}

	private void takeOut() {
		this.ledger.database()
			.execute(Markdown.read("docs/operating.md").section("The ledger's partitions").blocks("sql").get(0));
	}

	private List<String> texts(String sql) {
		return this.database.client().sql(sql).mapValue(String.class).all().collectList().block(PATIENCE);
	}

}
