package io.tallygate.sandbox;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.Map;

import io.tallygate.core.StartRefused;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

/** What the sandbox keeps stays, and stays private. */
class KeptPropertiesTests {

	@TempDir
	private Path directory;

	@Test
	void aSecondStartHasTheSameSecrets() {
		Map<String, String> first = SandboxPostProcessor.secrets(this.directory.resolve("data"));

		Map<String, String> second = SandboxPostProcessor.secrets(this.directory.resolve("data"));

		assertThat(second).isEqualTo(first);
		assertThat(Base64.getDecoder().decode(first.get("tallygate.encryption-key"))).hasSize(32);
		assertThat(first.get("tallygate.platform-token")).startsWith("tgp_").hasSize(36);
	}

	@Test
	void twoSandboxesShareNoSecret() {
		Map<String, String> one = SandboxPostProcessor.secrets(this.directory.resolve("one"));

		Map<String, String> other = SandboxPostProcessor.secrets(this.directory.resolve("other"));

		assertThat(one.values()).doesNotContainAnyElementsOf(other.values());
	}

	@Test
	void onlyTheOwnerReadsSecrets() throws IOException {
		Path data = this.directory.resolve("data");

		SandboxPostProcessor.secrets(data);

		assertThat(mode(data)).isEqualTo("rwx------");
		assertThat(mode(data.resolve("secrets.properties"))).isEqualTo("rw-------");
	}

	@Test
	void aChangedFileIsStillTheOwnersOnly() throws IOException {
		Path file = this.directory.resolve("kept.properties");
		KeptProperties kept = new KeptProperties(file, "test");

		kept.keep("a", "1");
		kept.keep("a", "2");

		assertThat(mode(file)).isEqualTo("rw-------");
		assertThat(new KeptProperties(file, "test").get("a")).isEqualTo("2");
	}

	@Test
	void whatWasForgottenIsGoneFromTheDisk() {
		Path file = this.directory.resolve("kept.properties");
		KeptProperties kept = new KeptProperties(file, "test");
		kept.keep("a", "1");

		kept.clear();

		assertThat(new KeptProperties(file, "test").get("a")).isNull();
	}

	@Test
	void aDirectoryThatIsHeldIsRefusedWithTheHoldersProcess() {
		try (DataDirectory held = DataDirectory.hold(this.directory)) {
			assertThatExceptionOfType(StartRefused.class).isThrownBy(() -> DataDirectory.hold(this.directory))
				.withMessageContaining(held.toString())
				.withMessageContaining("process " + ProcessHandle.current().pid());
		}
	}

	@Test
	void aDirectoryThatWasGivenBackCanBeHeldAgain() {
		DataDirectory.hold(this.directory).close();

		DataDirectory.hold(this.directory).close();
	}

	private static String mode(Path path) throws IOException {
		return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
	}

}
