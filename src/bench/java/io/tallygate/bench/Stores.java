package io.tallygate.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import redis.embedded.RedisExecProvider;

import org.springframework.util.FileSystemUtils;

/**
 * A PostgreSQL with a database for each gateway, and a Redis for each: durable, as they
 * are run.
 */
final class Stores implements AutoCloseable {

	private final EmbeddedPostgres postgres;

	private final long postgresProcess;

	private final Path directory;

	private final List<Child> redis = new ArrayList<>();

	private Stores(EmbeddedPostgres postgres, long postgresProcess, Path directory) {
		this.postgres = postgres;
		this.postgresProcess = postgresProcess;
		this.directory = directory;
	}

	static Stores start() {
		return start(Map.of());
	}

	/** With more settings of PostgreSQL. */
	static Stores start(Map<String, String> settings) {
		try {
			Path directory = Child.directory().resolve("stores").toAbsolutePath();
			FileSystemUtils.deleteRecursively(directory);
			Path data = Files.createDirectories(directory.resolve("postgres"));
			EmbeddedPostgres.Builder server = EmbeddedPostgres.builder()
				.setDataDirectory(data)
				.setServerConfig("fsync", "on")
				.setServerConfig("synchronous_commit", "on");
			settings.forEach(server::setServerConfig);
			EmbeddedPostgres postgres = server.start();
			long process = Long.parseLong(Files.readAllLines(data.resolve("postmaster.pid")).get(0).strip());
			return new Stores(postgres, process, directory);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	int postgresPort() {
		return this.postgres.getPort();
	}

	/** With all that PostgreSQL has started. */
	long postgresProcess() {
		return this.postgresProcess;
	}

	/** A database with nothing in it. */
	void createDatabase(String name) {
		try (Connection connection = this.postgres.getPostgresDatabase().getConnection();
				Statement statement = connection.createStatement()) {
			statement.execute("create database " + name);
		}
		catch (SQLException ex) {
			throw new IllegalStateException("No database " + name, ex);
		}
	}

	/** Away with one that nobody is connected to any more. */
	void dropDatabase(String name) {
		try (Sql sql = new Sql(connect("postgres"))) {
			sql.run("drop database " + name + " with (force)");
		}
	}

	/** A connection to one of them, past every right. */
	Connection connect(String database) {
		try {
			return this.postgres.getDatabase("postgres", database).getConnection();
		}
		catch (SQLException ex) {
			throw new IllegalStateException("No connection to " + database, ex);
		}
	}

	/** A Redis with nothing in it, that writes to its file before it answers. */
	Child startRedis(String name) {
		try {
			Path data = Files.createDirectories(this.directory.resolve("redis-" + name));
			int port = Child.freePort();
			Child server = Child.start("redis-" + name, port, Child.Place.BESIDE, Map.of(),
					List.of(RedisExecProvider.defaultProvider().get().getAbsolutePath(), "--bind", "127.0.0.1",
							"--port", Integer.toString(port), "--dir", data.toString(), "--save", "", "--appendonly",
							"yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"));
			this.redis.add(server);
			return server;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** Changes settings of a Redis that runs. */
	static void configure(int redisPort, Map<String, String> settings) {
		RedisClient client = RedisClient.create("redis://127.0.0.1:" + redisPort);
		try (StatefulRedisConnection<String, String> connection = client.connect()) {
			connection.sync().configSet(settings);
		}
		finally {
			client.shutdown();
		}
	}

	/** Versions, for the record. */
	Map<String, String> versions() {
		try (Connection connection = this.postgres.getPostgresDatabase().getConnection()) {
			return Map.of("PostgreSQL", connection.getMetaData().getDatabaseProductVersion(), "Redis",
					Child.run(List.of(RedisExecProvider.defaultProvider().get().getAbsolutePath(), "--version"))
						.replaceAll(".*v=(\\S+).*", "$1")
						.strip());
		}
		catch (SQLException ex) {
			throw new IllegalStateException(ex);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Override
	public void close() {
		this.redis.forEach(Child::close);
		try {
			this.postgres.close();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
