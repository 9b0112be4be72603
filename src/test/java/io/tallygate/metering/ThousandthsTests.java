package io.tallygate.metering;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/** How a quantity is written. */
class ThousandthsTests {

	@ParameterizedTest
	@CsvSource({ "0, 0", "1, 0.001", "10, 0.01", "1000, 1", "1500, 1.5", "1000000, 1000", "-500, -0.5",
			"9223372036854775807, 9223372036854775.807" })
	void aQuantityHasNoMoreDecimalsThanItNeeds(long thousandths, String written) {
		assertThat(Thousandths.decimal(thousandths)).hasToString(written);
	}

}
