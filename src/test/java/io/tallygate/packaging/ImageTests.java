package io.tallygate.packaging;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.tallygate.fault.Matrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The image runs as nobody, from files that it cannot change, under flags that its JVM
 * knows.
 */
class ImageTests {

	private static final Path OPTIONS = Path.of("docker", "java.options");

	private final String dockerfile = read(Path.of("Dockerfile"));

	@Test
	void itRunsAsAUserWithoutRights() {
		List<String> users = found("(?m)^USER (.+)$");

		assertThat(users).isNotEmpty().allMatch("10001:10001"::equals);
		assertThat(finalStage()).contains("USER 10001:10001");
	}

	@Test
	void whatItMayWriteAreTwoVolumes() {
		assertThat(finalStage()).contains("VOLUME [\"/data\", \"/tmp\"]").contains("ENV TALLYGATE_DATA_DIR=/data");
		assertThat(this.dockerfile).doesNotContain("chown=10001").doesNotContain("chmod 777");
	}

	@Test
	void theJvmGetsTheSignalItself() {
		assertThat(finalStage()).contains("STOPSIGNAL SIGTERM")
			.contains("ENTRYPOINT [\"java\", \"@/app/java.options\"");
	}

	@Test
	void theCacheIsMadeByTheJvmThatUsesIt() {
		List<String> versions = found("(?m)^ARG \\w+=eclipse-temurin:(\\S+?)-(?:jdk|jre)-\\w+$");

		assertThat(versions).hasSize(2).containsOnly(versions.get(0)).allMatch((version) -> version.startsWith("25."));
		assertThat(this.dockerfile).contains("FROM application AS training")
			.contains("-XX:AOTCache=/app/tallygate.aot");
		assertThat(read(Path.of("docker", "train"))).contains("@$application/java.options")
			.contains("-XX:AOTCacheOutput=");
	}

	@Test
	void whatIsCopiedIsLetIn() {
		Set<String> letIn = read(Path.of(".dockerignore")).lines()
			.filter((line) -> line.startsWith("!"))
			.map((line) -> line.substring(1))
			.collect(Collectors.toSet());

		assertThat(letIn).contains(".mvn", "mvnw", "pom.xml", "src/main")
			.allMatch((path) -> Path.of(path).toFile().exists());
		assertThat(found("(?m)^COPY (docker/\\S+(?: docker/\\S+)*) ").stream()
			.flatMap((files) -> Stream.of(files.split(" ")))).isNotEmpty()
			.allMatch((file) -> Path.of(file).toFile().exists() && letIn.contains("docker"));
	}

	@ParameterizedTest
	@ValueSource(strings = { "ready", "train" })
	void itsScriptsAreShellThatCanBeRun(String script) {
		Path file = Path.of("docker", script);

		assertThat(file).isExecutable();
		new Tool("bash").orLeaveOut(file + " is not read by it", "--version").prints("-n", file.toString());
	}

	@Test
	@Matrix(18)
	void theJvmKnowsItsFlags() throws IOException {
		Tool java = new Tool(java25()).orLeaveOut(OPTIONS + " is not tried", "-version");

		assertThat(java.prints("@" + OPTIONS, "-XX:+PrintFlagsFinal", "-version"))
			.containsPattern("UseCompactObjectHeaders\\s+= true")
			.containsPattern("ExitOnOutOfMemoryError\\s+= true")
			.containsPattern("UseG1GC\\s+= true");
	}

	/** The tests' own where it is new enough, else one beside it. */
	private static String java25() throws IOException {
		Path own = Path.of(System.getProperty("java.home"));
		if (Runtime.version().feature() >= 25) {
			return own.resolve("bin/java").toString();
		}
		try (Stream<Path> others = Files.list(own.resolveSibling("."))) {
			return others.filter((home) -> home.getFileName().toString().matches(".*\\b25\\b.*"))
				.map((home) -> home.resolve("bin/java"))
				.filter(Files::isExecutable)
				.map(Path::toString)
				.findFirst()
				.orElse("java of version 25");
		}
	}

	private String finalStage() {
		return this.dockerfile.substring(this.dockerfile.lastIndexOf("\nFROM "));
	}

	private List<String> found(String pattern) {
		return Pattern.compile(pattern)
			.matcher(this.dockerfile)
			.results()
			.map((MatchResult match) -> match.group(1))
			.toList();
	}

	private static String read(Path file) {
		try {
			return Files.readString(file);
		}
		catch (IOException ex) {
			throw new java.io.UncheckedIOException(ex);
		}
	}

}
