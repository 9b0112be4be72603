package io.tallygate.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/**
 * What makes the gateways of a Maven run start in two seconds instead of three: they take
 * the application from its jar and its classes from an archive that one of them has left,
 * as a JVM can share them. Elsewhere, as in an IDE, where classes change with each run,
 * they do without.
 */
final class SharedClasses {

	/** The system property by which Maven names the jar, before it was repackaged. */
	private static final String JAR = "gateway.jar";

	private SharedClasses() {
	}

	/** The application in a jar, where Maven has made one. */
	static Optional<Path> jar() {
		return Optional.ofNullable(System.getProperty(JAR)).map(Path::of).filter(Files::exists);
	}

	/** JVM options of a gateway that may share. */
	static List<String> options() {
		return jar().flatMap(SharedClasses::archive)
			.map((archive) -> List.of("-XX:SharedArchiveFile=" + archive, "-Xshare:auto", "-Xlog:cds=off"))
			.orElse(List.of());
	}

	/**
	 * The archive, made now where there is none of this jar. While another test JVM makes
	 * it, this one does without.
	 */
	private static synchronized Optional<Path> archive(Path jar) {
		try {
			Path archive = jar.resolveSibling(
					"gateway-" + Files.getLastModifiedTime(jar).toMillis() + "-" + Files.size(jar) + ".jsa");
			if (Files.exists(archive)) {
				return Optional.of(archive);
			}
			try (FileChannel channel = FileChannel.open(jar.resolveSibling("gateway.jsa.lock"),
					StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
				return (channel.tryLock() != null) ? Optional.of(made(archive)) : Optional.empty();
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static Path made(Path archive) throws IOException {
		if (!Files.exists(archive)) {
			Path beside = archive.resolveSibling(archive.getFileName() + ".new");
			Files.deleteIfExists(beside);
			try (GatewayProcess gateway = GatewayProcess.fresh().leaving(beside)) {
				gateway.start().sigterm();
			}
			Files.move(beside, archive, StandardCopyOption.ATOMIC_MOVE);
		}
		return archive;
	}

}
