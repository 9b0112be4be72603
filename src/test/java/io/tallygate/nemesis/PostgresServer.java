package io.tallygate.nemesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;

import io.tallygate.support.GatewayServer;
import io.tallygate.support.Wait;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import org.postgresql.ds.PGSimpleDataSource;

import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * A real PostgreSQL that is killed and started again on its data, with a user for the
 * gateways as docs/operating.md wants it.
 */
final class PostgresServer implements AutoCloseable {

	static final String DATABASE = "tallygate";

	static final String USER = "tallygate";

	private static final Map<String, String> SETTINGS = Map.of("fsync", "on", "synchronous_commit", "on",
			"max_connections", "100", "max_wal_size", "256MB", "wal_recycle", "off", "min_wal_size", "32MB",
			"logging_collector", "on", "log_directory", "log", "log_filename", "postgresql.log");

	private final Disk disk;

	private final int port;

	private final GatewayServer process;

	private final Path log;

	private final Path keptLog;

	/**
	 * Starts it.
	 * @param logs where its log is kept in the end
	 */
	PostgresServer(Path directory, Path logs, int port) {
		this.port = port;
		this.keptLog = logs.resolve("postgresql.txt");
		this.log = directory.resolve("postgres").resolve("data").resolve("log").resolve("postgresql.log");
		try {
			Path room = Files.createDirectories(directory.resolve("postgres"));
			// Hours of load fill some of it; what is not full takes no memory.
			this.disk = new Disk(room, "12g");
			Path data = Files.createDirectories(room.resolve("data"));
			this.process = new GatewayServer(data.resolve("postmaster.pid"));
			EmbeddedPostgres.Builder server = EmbeddedPostgres.builder()
				.setDataDirectory(data)
				.setCleanDataDirectory(false)
				.setOverrideWorkingDirectory(Files.createDirectories(directory.resolve("postgres-bin")).toFile())
				.setRegisterShutdownHook(false)
				.setPort(port);
			SETTINGS.forEach(server::setServerConfig);
			server.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		execute("postgres", "create user " + USER + " password '" + USER + "'");
		for (String role : new String[] { "tallygate_tenant", "tallygate_system" }) {
			execute("postgres", "create role " + role + " nologin");
			execute("postgres", "grant " + role + " to " + USER);
		}
		execute("postgres", "create database " + DATABASE + " owner " + USER);
	}

	int port() {
		return this.port;
	}

	Disk disk() {
		return this.disk;
	}

	/** The gateways' database, past every right and every way. */
	JdbcClient sql() {
		return JdbcClient.create(source(DATABASE));
	}

	/** kill -9 of all its processes. */
	void kill() {
		this.process.kill();
	}

	/** Starts it on what was left, if it ended, and waits until it takes statements. */
	void restart() {
		Wait.until("PostgreSQL", 60, () -> {
			if (this.process.pid().isEmpty()) {
				this.process.restart();
				Wait.until("process of PostgreSQL", 10, () -> this.process.pid().isPresent());
			}
			return isUp();
		});
	}

	/** Whether it takes statements. */
	boolean isUp() {
		try (Connection connection = source(DATABASE).getConnection();
				Statement statement = connection.createStatement()) {
			return statement.execute("select 1");
		}
		catch (SQLException ex) {
			return false;
		}
	}

	/** kill -9 of one of its processes, after which it sends all others home itself. */
	void killOneOfItsProcesses() {
		this.process.children()
			.max(Comparator.comparingLong(ProcessHandle::pid))
			.ifPresent(ProcessHandle::destroyForcibly);
	}

	void freeze() {
		this.process.freeze();
	}

	void thaw() {
		this.process.thaw();
	}

	/** Refuses every change, as one that is to be replaced does. */
	void readOnly(boolean isReadOnly) {
		execute(DATABASE, isReadOnly ? "alter system set default_transaction_read_only = on"
				: "alter system reset default_transaction_read_only");
		execute(DATABASE, "select pg_reload_conf()");
	}

	private void execute(String database, String sql) {
		try (Connection connection = source(database).getConnection();
				Statement statement = connection.createStatement()) {
			statement.execute(sql);
		}
		catch (SQLException ex) {
			throw new IllegalStateException(sql, ex);
		}
	}

	private PGSimpleDataSource source(String database) {
		PGSimpleDataSource source = new PGSimpleDataSource();
		source.setPortNumbers(new int[] { this.port });
		source.setServerNames(new String[] { "127.0.0.1" });
		source.setDatabaseName(database);
		source.setUser("postgres");
		source.setConnectTimeout(5);
		source.setSocketTimeout(30);
		return source;
	}

	/** Its process id while it lives. */
	Optional<Long> pid() {
		return this.process.pid();
	}

	/** Keeps what it logged, for one who wonders. */
	@Override
	public void close() {
		this.process.thaw();
		this.process.kill();
		try {
			if (Files.exists(this.log)) {
				Files.copy(this.log, this.keptLog, StandardCopyOption.REPLACE_EXISTING);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		finally {
			this.disk.close();
		}
	}

}
