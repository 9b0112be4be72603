package io.tallygate.nemesis;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.tallygate.support.GatewayServer;
import io.tallygate.support.Wait;
import redis.embedded.RedisExecProvider;

/**
 * A real Redis that is killed and started again on its data, and commanded past every
 * way.
 */
final class RedisNode implements AutoCloseable {

	private static final String CONFIGURATION = """
			bind 127.0.0.1
			port %d
			dir "%s"
			daemonize yes
			pidfile "%s"
			logfile "%s"
			save ""
			appendonly yes
			appendfsync always
			auto-aof-rewrite-min-size 32mb
			maxmemory-policy noeviction
			repl-diskless-sync yes
			repl-diskless-sync-delay 0
			repl-timeout 10
			""";

	private final int port;

	private final Path directory;

	private final Disk disk;

	private final GatewayServer process;

	private final RedisClient client;

	private StatefulRedisConnection<String, String> connection;

	/**
	 * Starts one.
	 * @param logs where its log goes, for which its disk may have no room
	 * @param settings more lines of its configuration
	 */
	RedisNode(Path directory, Path logs, int port, String... settings) {
		this.port = port;
		try {
			this.directory = Files.createDirectories(directory.resolve("redis-" + port));
			this.disk = new Disk(this.directory, "512m");
			this.process = new GatewayServer(this.directory.resolve("redis.pid"));
			Files.writeString(this.directory.resolve("redis.conf"),
					CONFIGURATION.formatted(port, this.directory, this.directory.resolve("redis.pid"),
							logs.toAbsolutePath().resolve("redis-" + port + ".txt")) + String.join("\n", settings)
							+ "\n");
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		this.client = RedisClient
			.create(RedisURI.builder().withHost("127.0.0.1").withPort(port).withTimeout(Duration.ofSeconds(5)).build());
		start();
	}

	int port() {
		return this.port;
	}

	Disk disk() {
		return this.disk;
	}

	/**
	 * Starts it on what it has, and waits until it answers. One that was about to end is
	 * started when it has.
	 */
	void start() {
		Wait.until("Redis " + this.port, 30, () -> {
			if (this.process.pid().isEmpty()) {
				launch();
			}
			return isUp();
		});
	}

	private void launch() {
		try {
			File server = RedisExecProvider.defaultProvider().get();
			Process launcher = new ProcessBuilder(
					List.of(server.toString(), this.directory.resolve("redis.conf").toString()))
				.redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.DISCARD)
				.start();
			launcher.waitFor(10, TimeUnit.SECONDS);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	boolean isUp() {
		try {
			return this.process.pid().isPresent() && commands().ping().equals("PONG");
		}
		catch (RedisException ex) {
			return false;
		}
	}

	void kill() {
		this.process.kill();
	}

	void freeze() {
		this.process.freeze();
	}

	void thaw() {
		this.process.thaw();
	}

	/** Commands over a connection of the nemesis's own. */
	synchronized RedisCommands<String, String> commands() {
		if (this.connection == null) {
			this.connection = this.client.connect();
		}
		return this.connection.sync();
	}

	/** What it says of its replication. */
	String replication(String field) {
		return commands().info("replication")
			.lines()
			.filter((line) -> line.startsWith(field + ":"))
			.map((line) -> line.substring(field.length() + 1).strip())
			.findFirst()
			.orElse("");
	}

	/** Has no more word from its primary until {@link #hears()}. */
	void hearsNothing(RedisNode primary) {
		// A password that nobody asked for is refused, and the link with it.
		commands().configSet("masterauth", "wrong");
		primary.commands().clientKill(KillArgs.Builder.typeSlave());
		Wait.until("lag of Redis " + this.port, 10, () -> !replication("master_link_status").equals("up"));
	}

	/** Hears again from whoever is its primary. */
	void hears() {
		commands().configSet("masterauth", "");
	}

	@Override
	public void close() {
		this.client.shutdown(0, 1, TimeUnit.SECONDS);
		this.process.thaw();
		this.process.kill();
		this.disk.close();
	}

}
