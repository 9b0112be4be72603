package io.tallygate.packaging;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.tallygate.DocumentedSettings;
import io.tallygate.fault.Matrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

import org.springframework.boot.convert.DurationStyle;

import static org.assertj.core.api.Assertions.assertThat;

/** {@code docker compose up} starts the sandbox, and .env.example leaves it. */
class ComposeTests {

	private static final Path FILE = Path.of("docker-compose.yml");

	private static final Path EXAMPLE = Path.of(".env.example");

	private final Map<String, Object> compose = read();

	@Test
	void theSandboxIsWhatStartsByDefault() {
		assertThat(environment("gateway")).containsEntry("TALLYGATE_SANDBOX", "${TALLYGATE_SANDBOX:-true}");
	}

	@Test
	void everySettingExists() throws IOException {
		DocumentedSettings.assertKnown(environment("gateway").keySet());
		DocumentedSettings.assertKnown(DocumentedSettings.environmentNames(Files.readString(FILE)));
		DocumentedSettings.assertKnown(DocumentedSettings.environmentNames(Files.readString(EXAMPLE)));
	}

	@Test
	void whatTheExampleSetsIsPassedOn() throws IOException {
		Set<String> example = DocumentedSettings.environmentNames(Files.readString(EXAMPLE));

		assertThat(example).contains("TALLYGATE_SANDBOX", "TALLYGATE_PLATFORM_TOKEN", "TALLYGATE_ENCRYPTION_KEY");
		assertThat(environment("gateway").keySet()).containsAll(example);
	}

	@Test
	void noSecretStandsInIt() {
		assertThat(environment("gateway")).containsEntry("TALLYGATE_ENCRYPTION_KEY", null)
			.containsEntry("TALLYGATE_PLATFORM_TOKEN", null)
			.containsEntry("SPRING_R2DBC_PASSWORD", null);
		assertThat(environment("postgres")).containsEntry("POSTGRES_PASSWORD_FILE", "/keys/spring.r2dbc.password")
			.doesNotContainKey("POSTGRES_PASSWORD");
		assertThat(list("gateway", "volumes"))
			.contains("keys:" + DocumentedSettings.metadata("tallygate.").get("tallygate.secrets-dir") + ":ro");
	}

	@Test
	@Matrix(7)
	void redisForgetsNothing() {
		assertThat(String.join(" ", list("redis", "command"))).contains("--appendonly yes")
			.contains("--appendfsync always")
			.contains("--maxmemory-policy noeviction");
	}

	@Test
	void theStoresKeepWhatTheyHaveAndAreReachedByTheGatewayAlone() {
		assertThat(list("postgres", "volumes")).contains("postgres:/var/lib/postgresql");
		assertThat(list("redis", "volumes")).contains("redis:/data");
		for (String store : List.of("postgres", "redis")) {
			assertThat(list(store, "networks")).containsExactly("stores");
			assertThat(service(store)).doesNotContainKey("ports").containsKey("healthcheck");
		}
		assertThat(map(map(this.compose, "networks"), "stores")).containsEntry("internal", true);
	}

	@Test
	void theGatewayMayDoLittle() {
		assertThat(service("gateway")).containsEntry("read_only", true)
			.containsEntry("tmpfs", "/tmp")
			.containsEntry("cap_drop", List.of("ALL"))
			.containsEntry("security_opt", List.of("no-new-privileges:true"))
			.doesNotContainKey("privileged");
		assertThat(list("gateway", "ports")).allMatch((port) -> port.startsWith("127.0.0.1:"));
	}

	@Test
	void aStopHasTheTimeThatADrainTakes() {
		Map<String, String> defaults = DocumentedSettings.metadata("tallygate.");
		Duration grace = DurationStyle.detectAndParse(defaults.get("tallygate.shutdown-grace"));
		Duration drain = DurationStyle.detectAndParse(defaults.get("tallygate.metering.drain-max"));

		assertThat(environment("gateway").get("TALLYGATE_SHUTDOWN_GRACE"))
			.isEqualTo("${TALLYGATE_SHUTDOWN_GRACE:-" + defaults.get("tallygate.shutdown-grace") + "}");
		assertThat(DurationStyle.detectAndParse(service("gateway").get("stop_grace_period").toString()))
			.isGreaterThan(grace.plus(drain));
	}

	@Test
	void itHasNoNameOfItsOwnWhichOlderComposeRefuses() {
		assertThat(this.compose.keySet()).containsExactlyInAnyOrder("services", "networks", "volumes");
	}

	@ParameterizedTest
	@ValueSource(strings = { "", ".env.example" })
	void composeTakesIt(String environmentFile) {
		Tool compose = new Tool("docker-compose").orLeaveOut("docker-compose.yml is not read by it", "version");

		String taken = environmentFile.isEmpty() ? compose.prints("config")
				: compose.prints("--env-file", environmentFile, "config");

		assertThat(taken).contains("TALLYGATE_SANDBOX: \"" + environmentFile.isEmpty() + "\"");
	}

	@SuppressWarnings("unchecked")
	private static Map<String, Object> read() {
		LoaderOptions strict = new LoaderOptions();
		strict.setAllowDuplicateKeys(false);
		try {
			return (Map<String, Object>) new Yaml(new SafeConstructor(strict)).load(Files.readString(FILE));
		}
		catch (IOException ex) {
			throw new java.io.UncheckedIOException(ex);
		}
	}

	private Map<String, Object> service(String name) {
		return map(map(this.compose, "services"), name);
	}

	private Map<String, Object> environment(String service) {
		return map(service(service), "environment");
	}

	@SuppressWarnings("unchecked")
	private List<String> list(String service, String name) {
		return (List<String>) service(service).get(name);
	}

	@SuppressWarnings("unchecked")
	private static Map<String, Object> map(Map<String, Object> in, String name) {
		return (Map<String, Object>) in.get(name);
	}

}
