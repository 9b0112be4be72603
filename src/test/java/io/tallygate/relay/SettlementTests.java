package io.tallygate.relay;

import io.tallygate.fault.Matrix;
import io.tallygate.metering.Outcome.Status;
import io.tallygate.provider.Reading;
import io.tallygate.provider.Usage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/** What an exchange is charged by. */
class SettlementTests {

	@ParameterizedTest(name = "{0} usage={1} content={2} error={3} estimates={4} -> {5}, {6} message(s)")
	@CsvSource(textBlock = """
			200, true, true, false, true, BILLED, 1
			200, true, true, false, false, BILLED, 1
			200, true, false, false, true, BILLED, 0
			200, true, true, true, true, BILLED, 1
			200, false, true, false, true, ESTIMATED, 1
			200, false, false, false, true, ESTIMATED, 0
			200, false, true, false, false, FREE, 1
			200, false, true, true, true, FREE, 1
			200, false, false, true, true, FREE, 0
			201, true, true, false, true, BILLED, 1
			400, false, false, true, true, FREE, 0
			400, true, true, true, true, BILLED, 0
			401, false, false, false, true, FREE, 0
			429, false, true, false, true, FREE, 0
			500, false, true, false, true, FREE, 0
			500, true, false, false, false, BILLED, 0
			302, false, true, false, true, FREE, 0
			""")
	@Matrix({ 59, 61 })
	void isDecidedByWhatTheProviderSaid(int status, boolean usage, boolean content, boolean error, boolean estimates,
			Status expected, int messages) {
		Reading reading = new Reading(usage ? Usage.of(3, 4) : null, content, error, true, null, null);

		Settlement settlement = Settlement.of(status, reading, estimates);

		assertThat(settlement.status()).isEqualTo(expected);
		assertThat(settlement.messages()).isEqualTo(messages);
		assertThat(settlement.usage()).isEqualTo(usage ? Usage.of(3, 4) : null);
	}

	@Test
	@Matrix(61)
	void zeroReportedIsZeroBilled() {
		Reading reading = new Reading(Usage.of(0, 0), false, false, true, null, null);

		assertThat(Settlement.of(200, reading, true)).isEqualTo(new Settlement(Status.BILLED, Usage.of(0, 0), 0));
	}

	@Test
	void whatWasNeverAnsweredIsFree() {
		assertThat(Settlement.of(0, null, true)).isEqualTo(new Settlement(Status.FREE, null, 0));
	}

}
