package io.tallygate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;

import io.tallygate.core.StartRefused;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

/** What starts for which settings, and what is said when nothing can. */
class SettingsTests {

	private static final String KEY = Base64.getEncoder().encodeToString(new byte[32]);

	@ParameterizedTest
	@CsvSource(nullValues = "-", textBlock = """
			# postgres, redis, embeddable, asked, sandbox
			false,      false, true,       -,     true
			true,       false, true,       -,     false
			false,      true,  true,       -,     false
			true,       true,  true,       -,     false
			false,      false, false,      -,     false
			true,       true,  false,      true,  true
			false,      false, true,       false, false
			""")
	void theSandboxStartsWhereNothingIsGivenOrItIsAskedFor(boolean postgres, boolean redis, boolean embeddable,
			Boolean asked, boolean sandbox) {
		assertThat(new Settings(postgres, redis, embeddable, asked, null, null).sandbox()).isEqualTo(sandbox);
	}

	@ParameterizedTest
	@CsvSource(nullValues = "-",
			textBlock = """
					# postgres, redis, embeddable, asked, missing
					false,      false, true,       -,     -
					true,       false, true,       true,  -
					true,       false, true,       -,     SPRING_DATA_REDIS_URL TALLYGATE_PLATFORM_TOKEN TALLYGATE_ENCRYPTION_KEY
					true,       true,  false,      -,     TALLYGATE_PLATFORM_TOKEN TALLYGATE_ENCRYPTION_KEY
					false,      false, false,      -,     SPRING_R2DBC_URL SPRING_DATA_REDIS_URL TALLYGATE_PLATFORM_TOKEN TALLYGATE_ENCRYPTION_KEY
					false,      false, false,      true,  SPRING_R2DBC_URL SPRING_DATA_REDIS_URL
					true,       true,  false,      true,  -
					""")
	void everythingThatIsMissingIsNamedAtOnce(boolean postgres, boolean redis, boolean embeddable, Boolean asked,
			String missing) {
		Settings settings = new Settings(postgres, redis, embeddable, asked, null, null);

		String refused = settings.refusal().map(StartRefused::getMessage).orElse("");

		for (String name : new String[] { "SPRING_R2DBC_URL", "SPRING_DATA_REDIS_URL", "TALLYGATE_PLATFORM_TOKEN",
				"TALLYGATE_ENCRYPTION_KEY" }) {
			assertThat(refused.contains(name)).as(name).isEqualTo(missing != null && missing.contains(name));
		}
		assertThat(settings.refusal().isPresent()).isEqualTo(missing != null);
	}

	@Test
	void aSecretMayStandInAFileNamedLikeItsSetting(@TempDir Path directory) throws IOException {
		Files.writeString(directory.resolve("tallygate.platform-token"), "tgp_file\n");
		Files.writeString(directory.resolve("spring.r2dbc.password"), "from a file");
		Files.writeString(directory.resolve("tallygate.encryption-key"), "from a file");
		StandardEnvironment environment = environment(Map.of("TALLYGATE_SECRETS_DIR", directory.toString(),
				"TALLYGATE_ENCRYPTION_KEY", "from the environment"));

		ConfigDataEnvironmentPostProcessor.applyTo(environment);

		assertThat(environment.getProperty("tallygate.platform-token")).isEqualTo("tgp_file");
		assertThat(environment.getProperty("spring.r2dbc.password")).isEqualTo("from a file");
		assertThat(environment.getProperty("tallygate.encryption-key")).isEqualTo("from the environment");
	}

	@Test
	void noDirectoryOfSecretsIsNoFault() {
		StandardEnvironment environment = environment(Map.of("TALLYGATE_SECRETS_DIR", "/nowhere/at/all"));

		assertThatNoException().isThrownBy(() -> ConfigDataEnvironmentPostProcessor.applyTo(environment));
	}

	@Test
	void whoeverMissesSettingsLearnsHowToStartTheSandbox() {
		StartRefused refused = new Settings(false, false, false, null, null, null).refusal().orElseThrow();

		assertThat(refused.action()).contains("./mvnw spring-boot:run", "docker compose up");
	}

	@ParameterizedTest
	@CsvSource({ "not base64!,TALLYGATE_ENCRYPTION_KEY is not base64",
			"c2hvcnQ=,TALLYGATE_ENCRYPTION_KEY has 5 bytes" })
	void anEncryptionKeyThatCannotSealIsNamedAndNotShown(String key, String message) {
		StartRefused refused = new Settings(true, true, false, null, "tgp_x", key).refusal().orElseThrow();

		assertThat(refused).hasMessageStartingWith(message);
		assertThat(refused.getMessage()).doesNotContain(key);
	}

	@Test
	void ofSeveralEncryptionKeysTheWrongOneIsNamed() {
		Settings settings = new Settings(true, true, false, null, "tgp_x", KEY + ", c2hvcnQ=");

		assertThat(settings.refusal().orElseThrow()).hasMessageStartingWith("Key 2 of 2 in TALLYGATE_ENCRYPTION_KEY");
	}

	@Test
	void goodSettingsStart() {
		assertThat(new Settings(true, true, false, null, "tgp_x", KEY + "," + KEY).refusal()).isEmpty();
	}

	@ParameterizedTest
	@ValueSource(strings = { "TALLYGATE_PUBLIC_URL", "TALLYGATE_SANDBOX_PROVIDERPORT",
			"TALLYGATE_SANDBOX_PROVIDER_PORT", "TALLYGATE_SERVICE_HOST", "TALLYGATE_PORT_8080_TCP_ADDR",
			"TALLYGATE_PORT", "TALLYGATE_PROVIDER_HOSTS_ALLOWED_0", "TALLYGATE_REDIS_SERVICE_PORT_TCP", "PATH" })
	void whatExistsOrKubernetesInjectsMayStandInTheEnvironment(String name) {
		assertThatNoException()
			.isThrownBy(() -> SettingsPostProcessor.refuseUnknown(environment(name), KnownSettings.fromClassPath()));
	}

	@ParameterizedTest
	@CsvSource({ "TALLYGATE_PUBLIC_ULR,TALLYGATE_PUBLIC_URL", "TALLYGATE_ENCRYPTON_KEY,TALLYGATE_ENCRYPTION_KEY",
			"TALLYGATE_SANDBOX_DEMOS,TALLYGATE_SANDBOX_DEMO", "TALLYGATE_DATADIRECTORY,TALLYGATE_DATA_DIR" })
	void aMisspeltNameInTheEnvironmentIsRefusedWithTheRightOne(String name, String meant) {
		assertThatExceptionOfType(StartRefused.class)
			.isThrownBy(() -> SettingsPostProcessor.refuseUnknown(environment(name), KnownSettings.fromClassPath()))
			.withMessageContaining(name + " (environment): did you mean " + meant + "?");
	}

	@ParameterizedTest
	@CsvSource({ "tallygate.public-ulr,tallygate.public-url",
			"tallygate.sandbox.providers-port,tallygate.sandbox.provider-port" })
	void aMisspeltPropertyIsRefusedWithTheRightOne(String name, String meant) {
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources().addFirst(new MapPropertySource("commandLineArgs", Map.of(name, "x")));

		assertThatExceptionOfType(StartRefused.class)
			.isThrownBy(() -> SettingsPostProcessor.refuseUnknown(environment, KnownSettings.fromClassPath()))
			.withMessageContaining(name + " (command line): did you mean " + meant + "?");
	}

	@ParameterizedTest
	@ValueSource(strings = { "tallygate.publicUrl", "tallygate.public-url", "tallygate.provider-hosts-allowed[0]",
			"tallygate.sandbox", "tallygate.sandbox.provider-port", "spring.anything" })
	void aPropertyMayBeWrittenInAnyWayThatSpringTakes(String name) {
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources().addFirst(new MapPropertySource("file", Map.of(name, "x")));

		assertThatNoException()
			.isThrownBy(() -> SettingsPostProcessor.refuseUnknown(environment, KnownSettings.fromClassPath()));
	}

	@Test
	void aNameThatAConfigurationFileAsksForExists() {
		StandardEnvironment environment = environment("TALLYGATE_MY_OWN");
		environment.getPropertySources()
			.addLast(new MapPropertySource("file", Map.of("some.key", "${TALLYGATE_MY_OWN:none}")));

		assertThatNoException()
			.isThrownBy(() -> SettingsPostProcessor.refuseUnknown(environment, KnownSettings.fromClassPath()));
	}

	@ParameterizedTest
	@CsvSource({ "kitten,sitting,3", "same,same,0", "'',abc,3", "flaw,lawn,2" })
	void distanceCountsTheLettersToChange(String from, String to, int distance) {
		assertThat(KnownSettings.distance(from, to)).isEqualTo(distance);
	}

	private static StandardEnvironment environment(String name) {
		return environment(Map.of(name, "x"));
	}

	private static StandardEnvironment environment(Map<String, Object> variables) {
		StandardEnvironment environment = new StandardEnvironment();
		environment.getPropertySources()
			.replace(StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, new SystemEnvironmentPropertySource(
					StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME, variables));
		return environment;
	}

}
