package io.tallygate.nemesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A clock of a process's own that can be set, by libfaketime: a file says how far it is
 * off, and is looked at every second. Only the time of day is wrong, not the counter that
 * nobody sets.
 */
final class WrongClock {

	private static final List<Path> LIBRARIES = List.of(Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
			Path.of("/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"),
			Path.of("/usr/lib64/faketime/libfaketime.so.1"), Path.of("/usr/lib/faketime/libfaketime.so.1"));

	private final Path library;

	private final Path file;

	private WrongClock(Path library, Path file) {
		this.library = library;
		this.file = file;
		ahead(Duration.ZERO);
	}

	/** One, where libfaketime is installed. */
	static Optional<WrongClock> in(Path directory) {
		return LIBRARIES.stream()
			.filter(Files::exists)
			.findFirst()
			.map((library) -> new WrongClock(library, directory.resolve("clock")));
	}

	/** What the process is started with. */
	Map<String, String> settings() {
		return Map.of("LD_PRELOAD", this.library.toString(), "FAKETIME_TIMESTAMP_FILE", this.file.toString(),
				"FAKETIME_CACHE_DURATION", "1", "FAKETIME_DONT_FAKE_MONOTONIC", "1",
				// A mend for other C libraries, with which all timed waits spin here.
				"FAKETIME_FORCE_MONOTONIC_FIX", "0");
	}

	/** Sets it. */
	void ahead(Duration by) {
		try {
			Files.writeString(this.file, (by.isNegative() ? "-" : "+") + by.abs().toSeconds() + "\n");
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
