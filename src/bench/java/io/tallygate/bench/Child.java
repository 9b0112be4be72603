package io.tallygate.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

import io.tallygate.support.Wait;

/**
 * A process of the bench, on a core of its own where there are several: the gateways on
 * the last, everything else on the others. Its output is in a file.
 *
 * @param name of its file
 * @param process running
 * @param port where it listens
 */
record Child(String name, Process process, int port) implements AutoCloseable {

	private static final int START_SECONDS_MAX = 120;

	private static final int STOP_SECONDS_MAX = 30;

	private static final Path DIRECTORY = Path.of("target", "bench");

	private static final int CORES = Runtime.getRuntime().availableProcessors();

	private static final boolean PINS = CORES > 1 && Files.isExecutable(Path.of("/usr/bin/taskset"));

	/** Where gateways run, and where all else does. */
	enum Place {

		GATEWAY, BESIDE

	}

	/** Starts it and waits until its port is open. */
	static Child start(String name, int port, Place place, Map<String, String> environment, List<String> command) {
		try {
			ProcessBuilder builder = new ProcessBuilder(pinned(place, command)).redirectErrorStream(true)
				.redirectOutput(directory().resolve(name + ".log").toFile());
			builder.environment()
				.keySet()
				.removeIf((variable) -> variable.startsWith("TALLYGATE_") || variable.startsWith("SPRING_")
						|| variable.endsWith("SERVER_PORT") || variable.startsWith("JAVA_TOOL"));
			builder.environment().putAll(environment);
			Process process = builder.start();
			Runtime.getRuntime().addShutdownHook(new Thread(process::destroy));
			Wait.until(name, START_SECONDS_MAX, () -> isOpen(name, process, port),
					() -> "See target/bench/" + name + ".log");
			return new Child(name, process, port);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** The command that starts a JVM like this one. */
	static List<String> java(String... arguments) {
		List<String> command = new ArrayList<>();
		command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
		command.addAll(List.of(arguments));
		return command;
	}

	/** Where files of the bench are. */
	static Path directory() {
		try {
			return Files.createDirectories(DIRECTORY);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** This process, and all that it starts from now on, away from the gateways. */
	static void stepAside() {
		if (PINS) {
			run(List.of("taskset", "-a", "-p", "-c", others(), Long.toString(ProcessHandle.current().pid())));
		}
	}

	/**
	 * Lets a gateway use every core, so that its compiler is done sooner, or none but its
	 * own again. What it made of the number of cores at its start stays.
	 */
	static void spread(long gateway, boolean everywhere) {
		if (PINS) {
			run(List.of("taskset", "-a", "-p", "-c", everywhere ? "0-" + (CORES - 1) : own(), Long.toString(gateway)));
		}
	}

	/** How many the bench may use, before it steps aside. */
	static int coresOfBench() {
		return CORES;
	}

	/** What runs where, for people. */
	static String places() {
		return PINS ? "gateways on core " + (CORES - 1) + ", all else on " + others() : "not pinned";
	}

	/** Runs a command to its end and gives what it said. */
	static String run(List<String> command) {
		try {
			Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
			String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
			if (process.waitFor() != 0) {
				throw new IllegalStateException(String.join(" ", command) + " failed: " + said);
			}
			return said;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	/** A port that nobody listens on now. */
	static int freePort() {
		try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
			return socket.getLocalPort();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	long pid() {
		return this.process.pid();
	}

	private static List<String> pinned(Place place, List<String> command) {
		if (!PINS) {
			return command;
		}
		List<String> pinned = new ArrayList<>(List.of("taskset", "-c", (place == Place.GATEWAY) ? own() : others()));
		pinned.addAll(command);
		return pinned;
	}

	private static String own() {
		return Integer.toString(CORES - 1);
	}

	private static String others() {
		return (CORES == 2) ? "0" : "0-" + (CORES - 2);
	}

	private static boolean isOpen(String name, Process process, int port) {
		if (!process.isAlive()) {
			throw new IllegalStateException(
					name + " ended with " + process.exitValue() + ": see target/bench/" + name + ".log");
		}
		try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
			return socket.isConnected();
		}
		catch (IOException ex) {
			return false;
		}
	}

	@Override
	public void close() {
		this.process.destroy();
		try {
			if (!this.process.waitFor(STOP_SECONDS_MAX, TimeUnit.SECONDS)) {
				this.process.destroyForcibly();
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
