package io.tallygate.metering;

import java.math.BigDecimal;
import java.time.Instant;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/** The ledger as a spreadsheet sees it. */
class LedgerCsvTests {

	@Test
	void aLineHasAsManyCellsAsTheHeader() {
		assertThat(LedgerCsv.line(entry("gpt-4o")).split(",", -1)).hasSameSizeAs(LedgerCsv.HEADER.split(",", -1));
	}

	@Test
	void whatWasNotReportedIsEmptyAndNotZero() {
		assertThat(LedgerCsv.line(entry("gpt-4o"))).isEqualTo("led_1,exchange,req_1,cli_1,,,,gpt-4o,chat.completions,"
				+ "billed,10,,,0,,10,1,10.5,tokens,1,0,10.5,0,2026-11-21T10:00:00Z,200,true,false,,120,,\r\n");
	}

	@ParameterizedTest
	@ValueSource(strings = { "=1+1", "+1", "-1", "@SUM(A1)", "\t=1" })
	void aFormulaIsMadeHarmless(String model) {
		assertThat(LedgerCsv.line(entry(model))).contains(",'" + model + ",");
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', quoteCharacter = '`',
			value = { "a,b|\"a,b\"", "a\"b|\"a\"\"b\"", "`a\nb`|`\"a\nb\"`", "=\"a\"|\"'=\"\"a\"\"\"" })
	void whatWouldBreakTheTableIsQuoted(String model, String cell) {
		assertThat(LedgerCsv.line(entry(model))).contains("," + cell + ",");
	}

	private static LedgerEntry entry(String model) {
		return new LedgerEntry("led_1", "exchange", "req_1", "cli_1", null, null, null, model, "chat.completions",
				"billed", new LedgerEntry.Counts(10L, null, null, 0L, null, 10L), 1, new BigDecimal("10.5"), "tokens",
				1, new BigDecimal("0"), new BigDecimal("10.5"), 0, null, Instant.parse("2026-11-21T10:00:00Z"), 200,
				true, false, null, 120L, null, null);
	}

}
