package io.tallygate;

import java.time.Duration;

import io.tallygate.core.AgencyId;
import io.tallygate.core.Ids;
import io.tallygate.support.TestServers;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

/** What PostgreSQL itself refuses, whatever the code above it does. */
class RightsIntegrationTests {

	private final TestServers.TestDatabase database = TestServers.database();

	private final AgencyId agency = new AgencyId("agy_" + "0".repeat(Ids.BODY_LENGTH));

	private final AgencyId other = new AgencyId("agy_" + "1".repeat(Ids.BODY_LENGTH));

	@Test
	void anAgencySeesOnlyItself() {
		this.database
			.execute("insert into agency (id, name) values ('" + this.agency + "', 'a'), ('" + this.other + "', 'b')");

		StepVerifier
			.create(this.database.tenant()
				.as(this.agency,
						this.database.tenant().client().sql("select name from agency").mapValue(String.class).all()))
			.expectNext("a")
			.expectComplete()
			.verify(Duration.ofSeconds(10));
	}

	@Test
	void withoutANamedAgencyThereAreNoRows() {
		this.database.execute("insert into agency (id, name) values ('" + this.agency + "', 'a')");

		StepVerifier.create(this.database.tenant().client().sql("select name from agency").mapValue(String.class).all())
			.expectComplete()
			.verify(Duration.ofSeconds(10));
	}

	@Test
	void nobodyChangesOrRemovesALedgerLine() {
		for (String statement : new String[] { "update ledger set quantity = 0", "delete from ledger",
				"update meter_event set value = 0", "update meter_event set identifier = ''",
				"delete from meter_event" }) {
			StepVerifier.create(this.database.system().client().sql(statement).fetch().rowsUpdated())
				.expectErrorMatches((error) -> error.getMessage().contains("permission denied"))
				.verify(Duration.ofSeconds(10));
		}
	}

}
