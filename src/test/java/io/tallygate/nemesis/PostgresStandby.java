package io.tallygate.nemesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

import io.tallygate.support.GatewayServer;

/**
 * A second PostgreSQL that follows another. What comes with the tests has no
 * {@code pg_basebackup}, so it begins with a copy of what the other left when it stopped
 * in order.
 *
 * @param process of it, started by {@link #start()}
 * @param port that it listens on
 */
record PostgresStandby(GatewayServer process, int port) {

	/** As {@code synchronous_standby_names} knows it. */
	static final String NAME = "standby";

	/**
	 * Prepares one.
	 * @param primary that has stopped
	 * @param data of the primary
	 * @param primaryPort where the primary will listen
	 * @param port of the standby
	 */
	static PostgresStandby of(GatewayServer primary, Path data, int primaryPort, int port) {
		Path copy = primary.copy();
		try {
			Files.createFile(copy.resolve("standby.signal"));
			Files.writeString(
					copy.resolve("postgresql.auto.conf"), "primary_conninfo = 'host=127.0.0.1 port=" + primaryPort
							+ " user=postgres application_name=" + NAME + "'\n",
					StandardOpenOption.CREATE, StandardOpenOption.APPEND);
			Path options = copy.resolve("postmaster.opts");
			Files.writeString(options,
					Files.readString(options)
						.replace("\"" + data + "\"", "\"" + copy + "\"")
						.replace("\"" + primaryPort + "\"", "\"" + port + "\""));
			return new PostgresStandby(new GatewayServer(copy.resolve("postmaster.pid")), port);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	void start() {
		this.process.restart();
	}

}
