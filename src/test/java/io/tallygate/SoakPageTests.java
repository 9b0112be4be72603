package io.tallygate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import io.tallygate.fault.SoakPage;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The page says what the soak found last. {@code ./mvnw test -Dtest=SoakPageTests
 * -Dsoak=write} writes it anew.
 */
class SoakPageTests {

	private static final Path PAGE = Path.of("docs", "soak.md");

	@Test
	void thePageSaysWhatWasFound() throws IOException {
		SoakPage soak = SoakPage.read();
		if (System.getProperty("soak", "").equals("write")) {
			Files.writeString(PAGE, soak.page());
		}

		assertThat(PAGE).as("To write it anew: ./mvnw test -Dtest=SoakPageTests -Dsoak=write").hasContent(soak.page());
	}

}
