package io.tallygate.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import redis.embedded.RedisServer;

/**
 * A Redis of a test's own, so that it can be stopped, killed, frozen and started again on
 * the same data.
 */
public final class OwnRedis implements AutoCloseable {

	private final int port = TestServers.freePort();

	private final Path directory;

	private final RedisClient client;

	private StatefulRedisConnection<String, String> connection;

	private RedisServer server;

	private ProcessHandle process;

	public OwnRedis() {
		try {
			this.directory = Files.createTempDirectory("tallygate-own-redis");
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		this.client = RedisClient.create(url());
		start();
	}

	public int port() {
		return this.port;
	}

	public String url() {
		return "redis://127.0.0.1:" + this.port;
	}

	/** Starts it on the data that it had. */
	public void start() {
		Set<Long> before = children();
		this.server = RedisServer.builder()
			.bind("127.0.0.1")
			.port(this.port)
			.setting("dir " + this.directory)
			.setting("appendonly yes")
			.setting("appendfsync always")
			.setting("save \"\"")
			.build();
		this.server.start();
		long pid = children().stream().filter((child) -> !before.contains(child)).findFirst().orElseThrow();
		this.process = ProcessHandle.of(pid).orElseThrow();
	}

	/** A client's connection of the test's own. */
	public synchronized StatefulRedisConnection<String, String> commands() {
		if (this.connection == null) {
			this.connection = this.client.connect();
		}
		return this.connection;
	}

	/** kill -9. */
	public void kill() {
		this.process.destroyForcibly();
		this.process.onExit().join();
	}

	/** Stops answering, with its connections open. */
	public void freeze() {
		signal("STOP");
	}

	/** Answers again. */
	public void thaw() {
		signal("CONT");
	}

	@Override
	public void close() {
		this.client.shutdown(0, 1, TimeUnit.SECONDS);
		if (this.process.isAlive()) {
			thaw();
			this.process.destroyForcibly();
		}
	}

	private void signal(String name) {
		try {
			new ProcessBuilder("kill", "-" + name, Long.toString(this.process.pid())).start()
				.waitFor(5, TimeUnit.SECONDS);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	private static Set<Long> children() {
		return ProcessHandle.current().children().map(ProcessHandle::pid).collect(Collectors.toSet());
	}

}
