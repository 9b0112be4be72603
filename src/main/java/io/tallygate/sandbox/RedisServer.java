package io.tallygate.sandbox;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

import io.tallygate.core.StartRefused;
import redis.embedded.RedisExecProvider;

/**
 * The real Redis, unpacked from a Maven artifact, that writes every command to its file
 * before it answers.
 * <p>
 * The artifact's own launcher would stop it in a shutdown hook, before the gateway has
 * drained, and Ctrl-C in the terminal would reach it too: so it is started here, as a
 * daemon.
 */
final class RedisServer implements AutoCloseable {

	private static final Duration START_MAX = Duration.ofSeconds(30);

	private static final String PING = "PING\r\n";

	private final Path directory;

	private final int port;

	private RedisServer(Path directory, int port) {
		this.directory = directory;
		this.port = port;
	}

	/**
	 * Starts it on {@code port}, 0 for any, after stopping one that a killed run left.
	 */
	static RedisServer start(DataDirectory directory, int port) {
		Platform.current().require();
		RedisServer server = new RedisServer(directory.directory("redis"), (port != 0) ? port : freePort());
		server.process().ifPresent((process) -> process.stopLeftOver("TERM", "KILL"));
		try {
			server.launch();
			server.awaitReady();
			return server;
		}
		catch (IOException ex) {
			throw new StartRefused("The embedded Redis does not start in " + server.directory + ": " + ex.getMessage()
					+ "\nIts log: " + server.directory.resolve("redis.log"), Platform.USE_YOUR_OWN);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException("Interrupted while Redis started", ex);
		}
	}

	int port() {
		return this.port;
	}

	private Optional<ServerProcess> process() {
		return ServerProcess.of("Redis", processFile(), this.directory);
	}

	private Path processFile() {
		return this.directory.resolve("redis.pid");
	}

	private void launch() throws IOException, InterruptedException {
		Path configuration = this.directory.resolve("redis.conf");
		Files.writeString(configuration, """
				bind 127.0.0.1
				port %d
				dir "%s"
				daemonize yes
				pidfile "%s"
				logfile "%s"
				save ""
				appendonly yes
				appendfsync always
				maxmemory-policy noeviction
				""".formatted(this.port, this.directory, processFile(), this.directory.resolve("redis.log")));
		Process launcher = new ProcessBuilder(binary().toString(), configuration.toString()).redirectErrorStream(true)
			.redirectOutput(ProcessBuilder.Redirect.DISCARD)
			.start();
		if (!launcher.waitFor(START_MAX.toMillis(), TimeUnit.MILLISECONDS) || launcher.exitValue() != 0) {
			launcher.destroyForcibly();
			throw new IOException("it was not launched");
		}
	}

	/** Copied to our directory, so that the command line of the process names it. */
	private Path binary() throws IOException {
		Path binary = this.directory.resolve("redis-server");
		if (!Files.isExecutable(binary)) {
			File unpacked = RedisExecProvider.defaultProvider().get();
			Path beside = this.directory.resolve("redis-server.new");
			Files.copy(unpacked.toPath(), beside, StandardCopyOption.REPLACE_EXISTING);
			if (!beside.toFile().setExecutable(true)) {
				throw new IOException(beside + " cannot be made executable");
			}
			Files.move(beside, binary, StandardCopyOption.ATOMIC_MOVE);
		}
		return binary;
	}

	private void awaitReady() throws IOException, InterruptedException {
		long deadline = System.nanoTime() + START_MAX.toNanos();
		while (!answers()) {
			if (System.nanoTime() > deadline) {
				throw new IOException("no answer on port " + this.port + " within " + START_MAX.toSeconds() + " s");
			}
			TimeUnit.MILLISECONDS.sleep(20);
		}
	}

	private boolean answers() {
		try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), this.port)) {
			socket.setSoTimeout(1000);
			socket.getOutputStream().write(PING.getBytes(StandardCharsets.US_ASCII));
			return new String(socket.getInputStream().readNBytes(5), StandardCharsets.US_ASCII).equals("+PONG");
		}
		catch (IOException ex) {
			return false;
		}
	}

	private static int freePort() {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			return socket.getLocalPort();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Override
	public void close() {
		process().ifPresent((process) -> process.stop("TERM", "KILL"));
	}

}
