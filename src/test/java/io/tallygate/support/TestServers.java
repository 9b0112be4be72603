package io.tallygate.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicInteger;

import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.tallygate.Databases;
import io.tallygate.core.Database;
import io.tallygate.core.NewConnections;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import org.flywaydb.core.Flyway;
import redis.embedded.RedisServer;

/**
 * The real PostgreSQL and Redis, started once a test run from Maven artifacts. Every test
 * that wants one gets a database of its own, copied from a migrated template.
 */
public final class TestServers {

	private static final AtomicInteger COPIES = new AtomicInteger();

	private static EmbeddedPostgres postgres;

	private static RedisServer redis;

	private static int redisPort;

	private TestServers() {
	}

	/**
	 * A migrated database of its own.
	 *
	 * @param options for R2DBC, as the server's superuser
	 * @param system as the accounting sees it
	 * @param tenant as one agency's request sees it
	 * @param name for JDBC
	 */
	public record TestDatabase(ConnectionFactoryOptions options, Database.OfSystem system, Database.OfTenant tenant,
			String name) {

		/** Runs one statement as the superuser, past every right. */
		public void execute(String sql) {
			try (Connection connection = postgres().getDatabase("postgres", this.name).getConnection();
					Statement statement = connection.createStatement()) {
				statement.execute(sql);
			}
			catch (SQLException ex) {
				throw new IllegalStateException(sql, ex);
			}
		}

		/** The one number that this query yields, past every right. */
		public long number(String sql) {
			try (Connection connection = postgres().getDatabase("postgres", this.name).getConnection();
					Statement statement = connection.createStatement();
					java.sql.ResultSet rows = statement.executeQuery(sql)) {
				rows.next();
				return rows.getLong(1);
			}
			catch (SQLException ex) {
				throw new IllegalStateException(sql, ex);
			}
		}

	}

	/** A fresh database with the schema and nothing in it. */
	public static synchronized TestDatabase database() {
		EmbeddedPostgres server = postgres();
		String name = "t" + COPIES.incrementAndGet();
		try (Connection connection = server.getPostgresDatabase().getConnection();
				Statement statement = connection.createStatement()) {
			statement.execute("create database " + name + " template migrated");
		}
		catch (SQLException ex) {
			throw new IllegalStateException("The template could not be copied", ex);
		}
		ConnectionFactoryOptions options = options(name);
		ConnectionPool system = Databases.pool(options, "tallygate_system", 6, new NewConnections());
		ConnectionPool tenant = Databases.pool(options, "tallygate_tenant", 4, new NewConnections());
		return new TestDatabase(options, Databases.system(system), Databases.tenant(tenant), name);
	}

	/** Runs one statement beside all tests' databases: to shut one, for instance. */
	public static void administer(String sql) {
		try (Connection connection = postgres().getPostgresDatabase().getConnection();
				Statement statement = connection.createStatement()) {
			statement.execute(sql);
		}
		catch (SQLException ex) {
			throw new IllegalStateException(sql, ex);
		}
	}

	/** The port of a PostgreSQL that is up. */
	public static synchronized EmbeddedPostgres postgres() {
		if (postgres == null) {
			try {
				postgres = EmbeddedPostgres.builder()
					.setServerConfig("max_connections", "300")
					.setServerConfig("fsync", "off")
					.start();
				try (Connection connection = postgres.getPostgresDatabase().getConnection();
						Statement statement = connection.createStatement()) {
					statement.execute("create database migrated");
				}
				Flyway.configure()
					.dataSource(postgres.getDatabase("postgres", "migrated"))
					.locations("classpath:db/migration")
					.load()
					.migrate();
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
			catch (SQLException ex) {
				throw new IllegalStateException(ex);
			}
		}
		return postgres;
	}

	/**
	 * The port of a Redis that is up. Tests share it: they use keys of their own, or
	 * flush it and say so.
	 */
	public static synchronized int redisPort() {
		if (redis == null) {
			try {
				redisPort = freePort();
				Path directory = Files.createTempDirectory("tallygate-redis");
				redis = RedisServer.builder()
					.bind("127.0.0.1")
					.port(redisPort)
					.setting("dir " + directory)
					.setting("appendonly no")
					.setting("save \"\"")
					.build();
				redis.start();
				Runtime.getRuntime().addShutdownHook(new Thread(TestServers::stopRedis));
			}
			catch (IOException ex) {
				throw new UncheckedIOException(ex);
			}
		}
		return redisPort;
	}

	/** A port that nobody listens on at this moment. */
	public static int freePort() {
		try (ServerSocket socket = new ServerSocket(0)) {
			return socket.getLocalPort();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static ConnectionFactoryOptions options(String database) {
		return ConnectionFactoryOptions.parse("r2dbc:postgresql://127.0.0.1:" + postgres.getPort() + "/" + database)
			.mutate()
			.option(ConnectionFactoryOptions.USER, "postgres")
			.option(ConnectionFactoryOptions.PASSWORD, "postgres")
			.build();
	}

	private static void stopRedis() {
		redis.stop();
	}

}
