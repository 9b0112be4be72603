package io.tallygate.nemesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A version of the gateway.
 *
 * @param name as people call it
 * @param classPath where its classes are; {@code null} for those that run here
 */
record Version(String name, @Nullable String classPath) {

	/** The one that these tests belong to. */
	static final Version THIS = new Version("this version", null);

	/** Builds the version of a commit of this repository, once. */
	static Version of(String commit) {
		try {
			Path checkout = Path.of("target", "versions", commit).toAbsolutePath();
			Path classPath = checkout.resolve("target").resolve("classpath.txt");
			if (!Files.exists(classPath)) {
				Files.createDirectories(checkout);
				run(Path.of(""), "git archive " + commit + " | tar -xf - -C '" + checkout + "'");
				run(checkout, "./mvnw -q -B -ntp -Dmaven.test.skip=true compile dependency:build-classpath"
						+ " -Dmdep.outputFile=target/classpath.txt");
			}
			return new Version(commit,
					checkout.resolve("target").resolve("classes") + ":" + Files.readString(classPath).strip());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static void run(Path directory, String command) throws IOException {
		Process process = new ProcessBuilder(List.of("bash", "-c", "set -o pipefail; " + command))
			.directory(directory.toAbsolutePath().toFile())
			.inheritIO()
			.start();
		try {
			if (process.waitFor() != 0) {
				throw new IllegalStateException("'" + command + "' ended with " + process.exitValue()
						+ ": is the commit in this clone? A shallow one has none");
			}
		}
		catch (InterruptedException ex) {
			process.destroy();
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

}
