package io.tallygate.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

import io.tallygate.core.StartRefused;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import org.springframework.util.FileSystemUtils;

/** The real PostgreSQL, unpacked from a Maven artifact, on data that stays. */
final class PostgresServer implements AutoCloseable {

	private final EmbeddedPostgres postgres;

	private PostgresServer(EmbeddedPostgres postgres) {
		this.postgres = postgres;
	}

	/**
	 * Starts it on {@code port}, 0 for any, after stopping one that a killed run left.
	 */
	static PostgresServer start(DataDirectory directory, int port) {
		Platform.current().require();
		Path data = directory.directory("postgres");
		// INT is PostgreSQL's fast shutdown and QUIT its immediate one; neither loses a
		// commit.
		ServerProcess.of("PostgreSQL", data.resolve("postmaster.pid"), data)
			.ifPresent((process) -> process.stopLeftOver("INT", "QUIT"));
		try {
			Path started = data.resolve("tallygate.started");
			if (!Files.exists(started)) {
				// A first start that was killed while it made its files: nothing was in
				// it.
				FileSystemUtils.deleteRecursively(data);
				directory.directory("postgres");
			}
			// Not stopped by a hook of its own: it would be gone before the gateway has
			// drained. fsync and synchronous_commit are off by default there.
			EmbeddedPostgres postgres = EmbeddedPostgres.builder()
				.setDataDirectory(data)
				.setCleanDataDirectory(false)
				.setOverrideWorkingDirectory(directory.directory("postgres-bin").toFile())
				.setRegisterShutdownHook(false)
				.setServerConfig("fsync", "on")
				.setServerConfig("synchronous_commit", "on")
				.setPort(port)
				.start();
			Files.write(started, new byte[0]);
			return new PostgresServer(postgres);
		}
		catch (IOException | IllegalStateException ex) {
			throw new StartRefused("The embedded PostgreSQL does not start in " + data + ": " + ex.getMessage(),
					Platform.USE_YOUR_OWN);
		}
	}

	int port() {
		return this.postgres.getPort();
	}

	@Override
	public void close() {
		try {
			this.postgres.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
