package io.tallygate;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URL;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * All settings of ours, as the metadata for the IDE lists them, and the nearest one to a
 * name that is none.
 *
 * @param all what may be set
 */
record KnownSettings(List<Known> all) {

	/** Generated from the records, and written by hand. */
	private static final List<String> METADATA = List.of("META-INF/spring-configuration-metadata.json",
			"META-INF/additional-spring-configuration-metadata.json");

	private static final Pattern INDEX = Pattern.compile("\\[[^\\]]*\\]");

	/** What Kubernetes injects for services whose names begin with ours. */
	private static final Pattern INJECTED = Pattern.compile("TALLYGATE_SERVICE_.*|TALLYGATE_PORT.*"
			+ "|TALLYGATE_.+_SERVICE_(HOST|PORT)(_.*)?|TALLYGATE_.+_PORT_\\d+_(TCP|UDP)(_.*)?");

	/**
	 * One setting.
	 *
	 * @param name as a property or, where it has no property of that name, in the
	 * environment
	 * @param open whether anything may follow the name: it is a map or a list
	 */
	record Known(String name, boolean open) {

		private boolean covers(String key, char separator) {
			return key.equals(this.name) || (this.open && key.startsWith(this.name + separator));
		}

	}

	KnownSettings {
		all = List.copyOf(all);
	}

	/**
	 * Those of our own metadata. It is asked for by name, because a jar that was
	 * extracted has no directories to search, and it is nearly always the first of its
	 * name; the libraries' are large and list nothing of ours.
	 */
	static KnownSettings fromClassPath() {
		List<Known> known = new ArrayList<>();
		try {
			for (String name : METADATA) {
				readFirstOfOurs(name, known);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException("The list of settings cannot be read", ex);
		}
		if (known.isEmpty()) {
			throw new IllegalStateException("No file " + METADATA.get(0) + " lists settings of ours");
		}
		return new KnownSettings(known);
	}

	private static void readFirstOfOurs(String name, List<Known> known) throws IOException {
		int before = known.size();
		Enumeration<URL> files = KnownSettings.class.getClassLoader().getResources(name);
		while (known.size() == before && files.hasMoreElements()) {
			try (InputStream in = files.nextElement().openStream()) {
				read(JsonMapper.shared().readTree(in), known);
			}
		}
	}

	private static void read(JsonNode metadata, List<Known> known) {
		for (JsonNode property : metadata.path("properties")) {
			String name = property.path("name").asString("");
			String type = property.path("type").asString("");
			if (name.startsWith("tallygate.")) {
				known.add(new Known(name, type.startsWith("java.util.")));
			}
		}
	}

	/** Whether {@code key} is ours to know and we do not. */
	boolean isUnknown(String key) {
		if (key.startsWith("TALLYGATE_")) {
			return !INJECTED.matcher(key).matches()
					&& this.all.stream().noneMatch((known) -> inEnvironment(known, key));
		}
		String property = uniform(key);
		return property.startsWith("tallygate.") && this.all.stream()
			.noneMatch((known) -> new Known(uniform(known.name()), known.open()).covers(property, '.'));
	}

	/** The setting that was probably meant, written as {@code key} is. */
	Optional<String> nearest(String key) {
		boolean environment = key.startsWith("TALLYGATE_");
		return this.all.stream()
			.map((known) -> environment ? Settings.environmentName(known.name()) : known.name())
			.filter((name) -> environment || name.startsWith("tallygate."))
			.min(Comparator.comparingInt((name) -> distance(name, key)))
			.filter((name) -> distance(name, key) <= Math.max(3, key.length() / 3));
	}

	private static boolean inEnvironment(Known known, String key) {
		String name = Settings.environmentName(known.name());
		String withoutDashes = Settings.environmentName(known.name().replace("-", ""));
		String plain = known.open() ? key : key.replaceAll("_\\d+$", "");
		return new Known(name, known.open()).covers(plain, '_')
				|| new Known(withoutDashes, known.open()).covers(plain, '_');
	}

	private static String uniform(String key) {
		return INDEX.matcher(key).replaceAll("").replace("-", "").replace("_", "").toLowerCase(Locale.ROOT);
	}

	/** Levenshtein's: the fewest letters to insert, remove or change. */
	static int distance(String from, String to) {
		int[] row = new int[to.length() + 1];
		for (int j = 0; j <= to.length(); j++) {
			row[j] = j;
		}
		for (int i = 1; i <= from.length(); i++) {
			int diagonal = row[0];
			row[0] = i;
			for (int j = 1; j <= to.length(); j++) {
				int changed = diagonal + ((from.charAt(i - 1) == to.charAt(j - 1)) ? 0 : 1);
				diagonal = row[j];
				row[j] = Math.min(changed, Math.min(row[j], row[j - 1]) + 1);
			}
		}
		return row[to.length()];
	}

}
