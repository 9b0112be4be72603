package io.tallygate;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.tallygate.support.Markdown;
import io.tallygate.support.ServedCalls;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** What the README tells a stranger to do is there to be done. */
class ReadmeTests {

	private static final Pattern MAVEN = Pattern.compile("\\./mvnw (-DskipTests )?(verify|package|spring-boot:run)");

	private static final Pattern EXPORT = Pattern.compile("export( [A-Z0-9_]+=\\S*| [A-Z0-9_]+=\\$\\(.*\\))+");

	private final Markdown readme = Markdown.read("README.md");

	@Test
	void itOpensWithTheTwoCommandsAlone() {
		assertThat(this.readme.blocks("sh").subList(0, 2)).containsExactly("./mvnw spring-boot:run\n",
				"./mvnw verify\n");
	}

	@Test
	void bothCommandsAreRunByContinuousIntegration() {
		String script = read(Path.of(".ci/run"));

		assertThat(script).contains("./mvnw -B -ntp verify").contains("./mvnw -B -ntp spring-boot:run");
		assertThat(Path.of(".ci/run")).isExecutable();
	}

	@Test
	void everyCommandIsOneThatIsKnownHere() {
		String jar = "java -jar target/" + artifact() + ".jar";

		assertThat(this.readme.commands()).isNotEmpty()
			.allMatch((command) -> MAVEN.matcher(command).matches() || EXPORT.matcher(command).matches()
					|| command.equals(jar) || command.equals("docker compose up") || command.startsWith("curl -s "));
		assertThat(Path.of("docker-compose.yml")).exists();
	}

	@Test
	void everyCurlAsksForWhatIsServed() {
		List<String> calls = this.readme.commands()
			.stream()
			.map(ServedCalls::ofCommand)
			.filter((call) -> call != null)
			.toList();

		assertThat(calls).hasSizeGreaterThanOrEqualTo(2).allMatch(ServedCalls::isServed);
	}

	@Test
	void everySettingInItsTableIsOneThatAStartTakes() {
		Set<String> settings = DocumentedSettings.environmentNames(this.readme);

		assertThat(settings).contains("TALLYGATE_PLATFORM_TOKEN", "SPRING_R2DBC_URL");
		DocumentedSettings.assertKnown(settings);
	}

	@Test
	void whereAUnitIsCutIsFoundInTheWalk() {
		assertThat(this.readme.section("What happens to a request").code()).contains("outbox/Cut");
	}

	private static String artifact() {
		Matcher version = Pattern.compile("<artifactId>tallygate</artifactId>\\s*<version>([^<]+)</version>")
			.matcher(read(Path.of("pom.xml")));
		assertThat(version.find()).isTrue();
		return "tallygate-" + version.group(1);
	}

	private static String read(Path file) {
		try {
			return Files.readString(file);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
