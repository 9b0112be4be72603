package io.tallygate.nemesis;

import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** What of a gateway's log is a leak of ours. */
class LeakReportsTests {

	private static final String BUFFER = "ERROR ResourceLeakDetector : LEAK: ByteBuf.release() was not called";

	private final LeakReports reports = new LeakReports();

	@Test
	void aBufferIsOneWhoeverHadIt() {
		read(BUFFER, "Recent access records: ", "#1:", "\tio.tallygate.relay.Exchange.read(Exchange.java:1)",
				"INFO Something else", BUFFER);

		assertThat(this.reports.found()).containsExactly(BUFFER, BUFFER);
	}

	@Test
	void whatTheDriverLeftBehindIsNone() {
		read("ERROR ResourceLeakDetector : LEAK: DataRow.release() was not called", "Recent access records: ",
				"Created at:", "\tio.r2dbc.postgresql.message.backend.DataRow.<init>(DataRow.java:37)",
				"INFO Something else");
		read(BUFFER, "Recent access records: ", "#1:",
				"\tio.r2dbc.postgresql.message.backend.DataRow.decodeColumn(DataRow.java:151)");

		assertThat(this.reports.found()).isEmpty();
	}

	@Test
	void aBufferAfterTheDriversIsOne() {
		read("LEAK: DataRow.release() was not called", BUFFER);

		assertThat(this.reports.found()).containsExactly(BUFFER);
	}

	private void read(String... lines) {
		for (String line : lines) {
			this.reports.read(line);
		}
	}

}
