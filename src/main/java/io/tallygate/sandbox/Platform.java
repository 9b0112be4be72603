package io.tallygate.sandbox;

import java.util.Locale;

import io.tallygate.core.StartRefused;

/**
 * The machine, as far as the embedded servers care.
 *
 * @param system {@code os.name}
 * @param architecture {@code os.arch}
 */
record Platform(String system, String architecture) {

	/** What to do where an embedded server cannot run. */
	static final String USE_YOUR_OWN = "Give servers of your own with SPRING_R2DBC_URL and SPRING_DATA_REDIS_URL"
			+ " and TALLYGATE_SANDBOX=true";

	static Platform current() {
		return new Platform(System.getProperty("os.name"), System.getProperty("os.arch"));
	}

	/**
	 * Refuses the start where there are no servers for this machine.
	 * @throws StartRefused if this is neither Linux nor macOS on a usual processor
	 */
	void require() {
		if (!isSupported()) {
			throw new StartRefused(
					"There are no embedded PostgreSQL and Redis for " + this.system + " on " + this.architecture + ".",
					USE_YOUR_OWN);
		}
	}

	boolean isSupported() {
		String name = this.system.toLowerCase(Locale.ROOT);
		return (name.startsWith("linux") || name.startsWith("mac")) && switch (this.architecture) {
			case "amd64", "x86_64", "aarch64", "arm64" -> true;
			default -> false;
		};
	}

}
