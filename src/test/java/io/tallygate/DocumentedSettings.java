package io.tallygate;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.tallygate.support.Markdown;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.env.YamlPropertySourceLoader;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.MutablePropertySources;
import org.springframework.core.env.PropertySource;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.io.ClassPathResource;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

/** Settings that a page or a manifest names, held against those that a start takes. */
public final class DocumentedSettings {

	private static final Pattern ENVIRONMENT = Pattern
		.compile("\\b(TALLYGATE|SPRING|SERVER|MANAGEMENT)_[A-Z0-9]+(_[A-Z0-9]+)*\\b");

	private DocumentedSettings() {
	}

	/** Bundles have names of one's own, so that metadata ends here. */
	private static final String BUNDLES = "SPRING_SSL_BUNDLE_PEM_";

	/** The names of environment variables on a page, in its prose and its commands. */
	static Set<String> environmentNames(Markdown page) {
		return environmentNames(
				Stream.concat(page.code().stream(), page.commands().stream()).collect(Collectors.joining("\n")));
	}

	/** The names of environment variables in a text. */
	public static Set<String> environmentNames(String text) {
		return ENVIRONMENT.matcher(text)
			.results()
			.map((match) -> match.group())
			.collect(Collectors.toCollection(TreeSet::new));
	}

	/** Ours are taken by the check that a start makes, Spring's stand in its metadata. */
	public static void assertKnown(Set<String> names) {
		Map<String, Object> ours = new HashMap<>();
		names.stream().filter((name) -> name.startsWith("TALLYGATE_")).forEach((name) -> ours.put(name, "x"));
		assertThatCode(() -> SettingsPostProcessor.refuseUnknown(environment(ours), KnownSettings.fromClassPath()))
			.doesNotThrowAnyException();

		Set<String> springs = metadata("").keySet().stream().map(Settings::environmentName).collect(Collectors.toSet());
		assertThat(names.stream().filter((name) -> !name.startsWith("TALLYGATE_")))
			.allMatch((name) -> springs.contains(name) || name.startsWith(BUNDLES));
	}

	/**
	 * The default of every property that begins with {@code prefix}; empty without one.
	 */
	public static Map<String, String> metadata(String prefix) {
		try {
			Map<String, String> defaults = new TreeMap<>();
			for (Resource file : new PathMatchingResourcePatternResolver()
				.getResources("classpath*:META-INF/*spring-configuration-metadata.json")) {
				try (InputStream in = file.getInputStream()) {
					for (JsonNode property : JsonMapper.shared().readTree(in).path("properties")) {
						String name = property.path("name").asString("");
						if (name.startsWith(prefix)) {
							defaults.merge(name, property.path("defaultValue").asString(""),
									(one, other) -> one.isEmpty() ? other : one);
						}
					}
				}
			}
			return defaults;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static StandardEnvironment environment(Map<String, Object> variables) throws IOException {
		StandardEnvironment environment = new StandardEnvironment();
		MutablePropertySources sources = environment.getPropertySources();
		sources.stream().map(PropertySource::getName).toList().forEach(sources::remove);
		sources.addLast(new MapPropertySource("documented", variables));
		new YamlPropertySourceLoader().load("application", new ClassPathResource("application.yaml"))
			.forEach(sources::addLast);
		return environment;
	}

}
