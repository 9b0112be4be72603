package io.tallygate;

import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

import io.tallygate.core.StartRefused;
import org.jspecify.annotations.Nullable;

/**
 * What was configured, as far as it decides whether and as what Tallygate starts.
 *
 * @param postgres whether a PostgreSQL is given
 * @param redis whether a Redis is given
 * @param embeddable whether this build holds the embedded servers; the production jar
 * does not
 * @param asked what {@code TALLYGATE_SANDBOX} says, if it is set
 * @param platformToken the token that may create agencies, if it is set
 * @param encryptionKey the keys that seal secrets at rest, if any is set
 */
record Settings(boolean postgres, boolean redis, boolean embeddable, @Nullable Boolean asked,
		@Nullable String platformToken, @Nullable String encryptionKey) {

	private static final String HOW_TO_START = """
			Set them (README.md, "Settings"), or start the sandbox, which needs no setting and no key:
			    ./mvnw spring-boot:run      (in a checkout, with embedded servers)
			    docker compose up           (in a checkout, with containers)""";

	/** The name under which a property is set in the environment. */
	static String environmentName(String property) {
		return property.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
	}

	/**
	 * Whether the fakes and the demo start: as asked; not asked, where no server is given
	 * and the build brings its own.
	 */
	boolean sandbox() {
		return (this.asked != null) ? this.asked : !this.postgres && !this.redis && this.embeddable;
	}

	/** Why this cannot start, if it cannot: everything that is missing at once. */
	Optional<StartRefused> refusal() {
		List<String> missing = missing();
		if (!missing.isEmpty()) {
			return Optional
				.of(new StartRefused("Settings are missing:\n    " + String.join("\n    ", missing), HOW_TO_START));
		}
		return Optional.ofNullable(this.encryptionKey).flatMap(Settings::wrong);
	}

	private List<String> missing() {
		boolean serversComeAlong = sandbox() && this.embeddable;
		List<String> missing = new ArrayList<>();
		if (!this.postgres && !serversComeAlong) {
			missing.add("SPRING_R2DBC_URL            PostgreSQL (r2dbc:postgresql://host:5432/tallygate)");
		}
		if (!this.redis && !serversComeAlong) {
			missing.add("SPRING_DATA_REDIS_URL       Redis (redis://host:6379), or SPRING_DATA_REDIS_CLUSTER_NODES");
		}
		if (this.platformToken == null && !sandbox()) {
			missing.add("TALLYGATE_PLATFORM_TOKEN    bearer token that may create agencies");
		}
		if (this.encryptionKey == null && !sandbox()) {
			missing.add("TALLYGATE_ENCRYPTION_KEY    seals keys at rest: openssl rand -base64 32");
		}
		return missing;
	}

	private static Optional<StartRefused> wrong(String encryptionKeys) {
		String[] keys = encryptionKeys.split(",", -1);
		for (int i = 0; i < keys.length; i++) {
			String fault = fault(keys[i].strip());
			if (fault != null) {
				String which = (keys.length > 1) ? "Key " + (i + 1) + " of " + keys.length + " in " : "";
				return Optional.of(new StartRefused(
						which + "TALLYGATE_ENCRYPTION_KEY " + fault + "; it must be base64 of 32 bytes.",
						"Give the key that sealed the stored secrets, or for a new installation make one:\n"
								+ "    openssl rand -base64 32"));
			}
		}
		return Optional.empty();
	}

	private static @Nullable String fault(String key) {
		try {
			int length = Base64.getDecoder().decode(key).length;
			return (length == 32) ? null : "has " + length + " bytes";
		}
		catch (IllegalArgumentException ex) {
			return "is not base64";
		}
	}

}
