package io.tallygate.sandbox;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** The embedded servers under a JVM of their own, which a test may kill. */
final class ServersOfAnotherProcess implements AutoCloseable {

	private static final String UP = "UP ";

	private final Process process;

	private final int postgresPort;

	private final int redisPort;

	private ServersOfAnotherProcess(Process process, int postgresPort, int redisPort) {
		this.process = process;
		this.postgresPort = postgresPort;
		this.redisPort = redisPort;
	}

	/** Runs in the other JVM. */
	public static void main(String[] args) throws InterruptedException {
		DataDirectory directory = DataDirectory.hold(Path.of(args[0]));
		PostgresServer postgres = PostgresServer.start(directory, 0);
		RedisServer redis = RedisServer.start(directory, 0);
		System.out.println(UP + postgres.port() + " " + redis.port());
		new CountDownLatch(1).await();
	}

	static ServersOfAnotherProcess start(Path directory) throws IOException {
		Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-cp",
				System.getProperty("java.class.path"), ServersOfAnotherProcess.class.getName(), directory.toString())
			.redirectErrorStream(true)
			.start();
		BufferedReader out = new BufferedReader(
				new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
		StringBuilder said = new StringBuilder();
		for (String line = out.readLine(); line != null; line = out.readLine()) {
			said.append(line).append('\n');
			if (line.startsWith(UP)) {
				String[] ports = line.substring(UP.length()).split(" ");
				return new ServersOfAnotherProcess(process, Integer.parseInt(ports[0]), Integer.parseInt(ports[1]));
			}
		}
		throw new IllegalStateException("The servers did not start:\n" + said);
	}

	long pid() {
		return this.process.pid();
	}

	int postgresPort() {
		return this.postgresPort;
	}

	int redisPort() {
		return this.redisPort;
	}

	/** kill -9: no hook runs, and the servers live on. */
	void kill() throws InterruptedException {
		this.process.destroyForcibly().waitFor();
	}

	@Override
	public void close() {
		this.process.destroyForcibly();
	}

}
