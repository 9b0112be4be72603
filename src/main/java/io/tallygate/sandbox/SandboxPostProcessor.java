package io.tallygate.sandbox;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.MapPropertySource;

/**
 * In the sandbox, gives the settings that nobody had to give: secrets, made once and kept
 * in the data directory, the addresses of the fakes, and a quiet log. Whatever is set
 * elsewhere wins.
 */
class SandboxPostProcessor implements EnvironmentPostProcessor, Ordered {

	private static final int DECIDED_BEFORE = ConfigDataEnvironmentPostProcessor.ORDER + 20;

	@Override
	public int getOrder() {
		return DECIDED_BEFORE;
	}

	@Override
	public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
		if (environment.getPropertySources().contains("tallygateDecided")
				&& environment.getProperty("tallygate.sandbox", Boolean.class, false)) {
			Path directory = Path.of(environment.getProperty("tallygate.data-dir", SandboxProperties.DATA_DIR));
			int providerPort = environment.getProperty("tallygate.sandbox.provider-port", Integer.class,
					SandboxProperties.PROVIDER_PORT);
			int stripePort = environment.getProperty("tallygate.sandbox.stripe-port", Integer.class,
					SandboxProperties.STRIPE_PORT);
			Map<String, String> secrets = secrets(directory);
			giveForBlank(secrets, environment);
			Map<String, Object> settings = new HashMap<>(secrets);
			settings.put("tallygate.sandbox.provider-port", providerPort);
			settings.put("tallygate.sandbox.stripe-port", stripePort);
			settings.put("tallygate.provider-hosts-allowed",
					"127.0.0.1:" + providerPort + ",localhost:" + providerPort);
			settings.put("tallygate.stripe.sandbox-api-base", "http://127.0.0.1:" + stripePort);
			settings.put("logging.level.root", "WARN");
			settings.put("logging.level.io.tallygate", "INFO");
			settings.put("logging.level.org.hibernate.validator", "ERROR");
			settings.put("spring.main.log-startup-info", "false");
			environment.getPropertySources().addLast(new MapPropertySource("tallygateSandbox", settings));
		}
	}

	/** Compose passes an unset variable on as an empty one, which would win. */
	private static void giveForBlank(Map<String, String> secrets, ConfigurableEnvironment environment) {
		Map<String, Object> blank = new HashMap<>(secrets);
		blank.keySet().removeIf((name) -> {
			String given = environment.getProperty(name);
			return given == null || !given.isBlank();
		});
		environment.getPropertySources().addFirst(new MapPropertySource("tallygateSandboxSecrets", blank));
	}

	/**
	 * The kept secrets. The directory is held while they are made, and given back for the
	 * beans to hold.
	 */
	static Map<String, String> secrets(Path directory) {
		try (DataDirectory held = DataDirectory.hold(directory)) {
			KeptProperties kept = new KeptProperties(held.resolve("secrets.properties"),
					"Secrets of this sandbox. Without the encryption key its stored keys cannot be opened.");
			return Map.of("tallygate.encryption-key",
					kept.getOrKeep("encryption-key", () -> Base64.getEncoder().encodeToString(random(32))),
					"tallygate.platform-token", kept.getOrKeep("platform-token",
							() -> "tgp_" + Base64.getUrlEncoder().withoutPadding().encodeToString(random(24))));
		}
	}

	private static byte[] random(int bytes) {
		byte[] random = new byte[bytes];
		new SecureRandom().nextBytes(random);
		return random;
	}

}
