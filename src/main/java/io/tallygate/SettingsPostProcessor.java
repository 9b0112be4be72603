package io.tallygate;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import io.tallygate.core.StartRefused;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.EnvironmentPostProcessor;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.config.ConfigDataEnvironmentPostProcessor;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.Ordered;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.util.ClassUtils;

/**
 * Judges the settings before anything starts:
 * <ol>
 * <li>a setting of ours that does not exist is refused, with the one that was probably
 * meant;</li>
 * <li>it is decided whether this is the sandbox;</li>
 * <li>what is missing or wrong is said all at once.</li>
 * </ol>
 */
class SettingsPostProcessor implements EnvironmentPostProcessor, Ordered {

	/** Right after the configuration files are read. */
	static final int ORDER = ConfigDataEnvironmentPostProcessor.ORDER + 10;

	private static final Pattern ASKED_FOR = Pattern.compile("\\$\\{(TALLYGATE_[A-Z_]+)");

	private static final List<String> REDIS = List.of("spring.data.redis.url", "spring.data.redis.host",
			"spring.data.redis.cluster.nodes", "spring.data.redis.sentinel.nodes");

	private static final List<String> EMBEDDED = List.of("io.zonky.test.db.postgres.embedded.EmbeddedPostgres",
			"redis.embedded.RedisExecProvider");

	@Override
	public int getOrder() {
		return ORDER;
	}

	@Override
	public void postProcessEnvironment(ConfigurableEnvironment environment, SpringApplication application) {
		// A slice of the application (a test's) brings what it needs.
		if (!application.getAllSources().contains(TallygateApplication.class)) {
			return;
		}
		refuseUnknown(environment, KnownSettings.fromClassPath());
		Settings settings = settings(environment);
		settings.refusal().ifPresent((refusal) -> {
			throw refusal;
		});
		Map<String, Object> decided = new HashMap<>();
		decided.put("tallygate.sandbox", settings.sandbox());
		decided.put("tallygate.sandbox.embedded-postgres", settings.sandbox() && !settings.postgres());
		decided.put("tallygate.sandbox.embedded-redis", settings.sandbox() && !settings.redis());
		environment.getPropertySources().addLast(new MapPropertySource("tallygateDecided", decided));
	}

	/**
	 * Refuses settings that nothing reads. A name in the environment that a configuration
	 * file asks for ({@code ${TALLYGATE_...}}) is read.
	 */
	static void refuseUnknown(ConfigurableEnvironment environment, KnownSettings listed) {
		List<KnownSettings.Known> all = new ArrayList<>(listed.all());
		for (PropertySource<?> source : environment.getPropertySources()) {
			for (String key : keys(source)) {
				Matcher asked = ASKED_FOR.matcher(String.valueOf(source.getProperty(key)));
				while (asked.find()) {
					all.add(new KnownSettings.Known(asked.group(1), false));
				}
			}
		}
		KnownSettings known = new KnownSettings(all);
		List<String> unknown = new ArrayList<>();
		for (PropertySource<?> source : environment.getPropertySources()) {
			for (String key : keys(source)) {
				if (known.isUnknown(key) && !isInjectedPort(source, key)) {
					unknown.add(key + " (" + where(source) + ")"
							+ known.nearest(key).map((name) -> ": did you mean " + name + "?").orElse(""));
				}
			}
		}
		if (!unknown.isEmpty()) {
			throw new StartRefused("These settings do not exist:\n    " + String.join("\n    ", unknown),
					"Correct or remove them: a setting that is ignored would be trusted all the same.");
		}
	}

	/** Kubernetes' {@code TALLYGATE_DB_PORT=tcp://10.0.0.7:5432}. */
	private static boolean isInjectedPort(PropertySource<?> source, String key) {
		return key.startsWith("TALLYGATE_") && key.endsWith("_PORT")
				&& String.valueOf(source.getProperty(key)).matches("(tcp|udp)://.*");
	}

	private static String[] keys(PropertySource<?> source) {
		return (source instanceof EnumerablePropertySource<?> listed) ? listed.getPropertyNames() : new String[0];
	}

	private static String where(PropertySource<?> source) {
		return switch (source.getName()) {
			case StandardEnvironment.SYSTEM_ENVIRONMENT_PROPERTY_SOURCE_NAME -> "environment";
			case StandardEnvironment.SYSTEM_PROPERTIES_PROPERTY_SOURCE_NAME -> "system property";
			case "commandLineArgs" -> "command line";
			default -> source.getName();
		};
	}

	private static Settings settings(ConfigurableEnvironment environment) {
		ClassLoader classes = SettingsPostProcessor.class.getClassLoader();
		return new Settings(isGiven(environment, "spring.r2dbc.url"),
				REDIS.stream().anyMatch((name) -> isGiven(environment, name)),
				EMBEDDED.stream().allMatch((name) -> ClassUtils.isPresent(name, classes)),
				(text(environment, "tallygate.sandbox") == null) ? null
						: environment.getProperty("tallygate.sandbox", Boolean.class),
				text(environment, "tallygate.platform-token"), text(environment, "tallygate.encryption-key"));
	}

	private static boolean isGiven(ConfigurableEnvironment environment, String name) {
		return Binder.get(environment)
			.bind(name, Bindable.listOf(String.class))
			.map((values) -> !values.isEmpty() && !values.get(0).isBlank())
			.orElse(false);
	}

	/** Compose passes an unset variable on as an empty one. */
	private static @Nullable String text(ConfigurableEnvironment environment, String name) {
		String value = environment.getProperty(name);
		return (value == null || value.isBlank()) ? null : value;
	}

}
