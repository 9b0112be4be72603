package io.tallygate.nemesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

import io.tallygate.support.Markdown;
import io.tallygate.support.RawClient;
import io.tallygate.support.Wait;

/**
 * A real nginx in front of gateways, with the settings that docs/operating.md gives under
 * "Behind nginx": only addresses are other ones, and each answer says by whom it is.
 */
final class Nginx implements AutoCloseable {

	private static final List<Path> PLACES = List.of(Path.of("/usr/sbin/nginx"), Path.of("/usr/local/bin/nginx"),
			Path.of("/opt/homebrew/bin/nginx"));

	private static final String AROUND = """
			%1$s
			daemon off;
			worker_processes 2;
			worker_rlimit_nofile 16384;
			pid %2$s/nginx.pid;
			events { worker_connections 8192; }
			http {
				access_log off;
				client_body_temp_path %2$s/body;
				proxy_temp_path %2$s/proxy;
				fastcgi_temp_path %2$s/fastcgi;
				uwsgi_temp_path %2$s/uwsgi;
				scgi_temp_path %2$s/scgi;
				add_header x-upstream $upstream_addr always;
			%3$s
			}
			""";

	private final Path directory;

	private final Path log;

	private final int port;

	private final Process process;

	/**
	 * Starts it.
	 * @param directory of its own, not there yet
	 * @param logs where it says what is wrong
	 * @param gateways their ports
	 */
	Nginx(Path directory, Path logs, int port, List<Integer> gateways) {
		this.port = port;
		this.log = logs.toAbsolutePath().resolve("nginx.txt");
		try {
			this.directory = Files.createDirectories(directory.toAbsolutePath());
			configure(gateways);
			this.process = new ProcessBuilder(command()).redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.appendTo(this.log.toFile()))
				.start();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		awaitAll(gateways);
	}

	/** Where it is installed; without it there is nothing to be seen here. */
	static Path installed() {
		return PLACES.stream()
			.filter(Files::isExecutable)
			.findFirst()
			.orElseThrow(() -> new AssertionError("nginx is not installed (looked for " + PLACES
					+ "), and this campaign has one in front of the gateways: install it and run this again"));
	}

	int port() {
		return this.port;
	}

	/** Leads to these gateways from now on; what runs is left to its end. */
	void leadTo(List<Integer> gateways) {
		configure(gateways);
		try {
			Process reload = new ProcessBuilder(command("-s", "reload")).redirectErrorStream(true)
				.redirectOutput(ProcessBuilder.Redirect.appendTo(this.log.toFile()))
				.start();
			if (!reload.waitFor(10, TimeUnit.SECONDS) || reload.exitValue() != 0) {
				throw new AssertionError("nginx did not take other settings: see " + this.log);
			}
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
		awaitAll(gateways);
	}

	private void configure(List<Integer> gateways) {
		String documented = Markdown.read("docs/operating.md").section("Behind nginx").blocks("nginx").get(0);
		String servers = gateways.stream()
			.map((gateway) -> "server 127.0.0.1:" + gateway)
			.collect(Collectors.joining("$1\n", "", "$1"));
		// One line of the upstream stands for all.
		String own = documented.replaceFirst("server 10\\.0\\.0\\.1:8080(.*)", servers)
			.replaceAll("(?m)^\\s*server 10\\..*\\R", "")
			.replaceFirst("listen 80;", "listen 127.0.0.1:" + this.port + " backlog=4096;");
		try {
			Files.writeString(settings(), AROUND
				.formatted(System.getProperty("user.name").equals("root") ? "user root;" : "", this.directory, own));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private Path settings() {
		return this.directory.resolve("nginx.conf");
	}

	private List<String> command(String... more) {
		List<String> command = new java.util.ArrayList<>(
				List.of(installed().toString(), "-c", settings().toString(), "-e", this.log.toString()));
		command.addAll(List.of(more));
		return command;
	}

	/** Until each of them has answered something. */
	private void awaitAll(List<Integer> gateways) {
		Set<Integer> seen = new HashSet<>();
		Wait.until("answer of every gateway through nginx", 30, () -> {
			String by = answeredBy();
			gateways.stream().filter((gateway) -> by.endsWith(":" + gateway)).forEach(seen::add);
			return seen.containsAll(gateways);
		});
	}

	private String answeredBy() {
		try (RawClient client = new RawClient(this.port)) {
			return client.send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n").answer().header("x-upstream");
		}
		catch (UncheckedIOException ex) {
			return "";
		}
	}

	@Override
	public void close() {
		this.process.destroy();
		try {
			if (!this.process.waitFor(10, TimeUnit.SECONDS)) {
				this.process.descendants().forEach(ProcessHandle::destroyForcibly);
				this.process.destroyForcibly();
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
