package io.tallygate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

import io.tallygate.fault.FaultMatrix;
import io.tallygate.fault.FaultRow;
import io.tallygate.fault.MatrixTest;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * Every fault has a test or an argument, and the page says which.
 * {@code ./mvnw test -Dtest=FaultMatrixTests -Dmatrix=write} writes the page anew.
 */
class FaultMatrixTests {

	private static final int ROWS = 82;

	private static final Path PAGE = Path.of("docs", "fault-matrix.md");

	private static final FaultMatrix MATRIX = FaultMatrix.read();

	@Test
	void everyRowIsThereOnce() {
		List<Integer> numbers = MATRIX.rows().stream().map(FaultRow::number).toList();

		assertThat(numbers).containsExactlyElementsOf(IntStream.rangeClosed(1, ROWS).boxed().toList());
	}

	@Test
	void everyRowHasATestOrAnArgument() {
		assertThat(MATRIX.rows()).filteredOn((row) -> MATRIX.of(row).isEmpty() && row.remains() == null)
			.extracting(FaultRow::number)
			.isEmpty();
	}

	@Test
	void whatIsSaidToShowARowIsATestAndTheRowIsThere() {
		assertThat(MATRIX.tests()).allMatch(MatrixTest::isTest);
		assertThat(MATRIX.tests()).flatExtracting(MatrixTest::rows).allMatch((row) -> (int) row <= ROWS);
	}

	@Test
	void thePageSaysWhatIsSo() throws IOException {
		if (System.getProperty("matrix", "").equals("write")) {
			Files.writeString(PAGE, MATRIX.page());
		}

		assertThat(PAGE).as("To write it anew: ./mvnw test -Dtest=FaultMatrixTests -Dmatrix=write")
			.hasContent(MATRIX.page());
	}

}
