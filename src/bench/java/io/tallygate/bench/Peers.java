package io.tallygate.bench;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.netty.channel.Channel;
import reactor.netty.http.server.HttpServer;

import org.springframework.boot.SpringApplication;
import org.springframework.cloud.gateway.route.Route;

/** What Tallygate is measured beside. */
final class Peers {

	private static final List<Path> NGINX = List.of(Path.of("/usr/sbin/nginx"), Path.of("/usr/local/bin/nginx"),
			Path.of("/opt/homebrew/bin/nginx"));

	/** What stands on this class path and would set itself up in a plain gateway. */
	private static final Pattern NOT_ITS_OWN = Pattern
		.compile(".*[/\\\\](classes|spring-boot-(actuator|micrometer|health"
				+ "|flyway|r2dbc|jdbc|data|sql|restclient|starter-(actuator|flyway|data)).*|spring-(data|jdbc|r2dbc|tx).*"
				+ "|lettuce.*|r2dbc.*|flyway.*|micrometer-registry.*|postgresql.*|stripe.*|wiremock.*)$");

	private static final Pattern DEPENDENCY = Pattern.compile(".*\\.jar|.*[/\\\\]test-classes");

	private Peers() {
	}

	/** The command of nginx, where it is installed. */
	static Optional<Path> nginx() {
		return NGINX.stream().filter(Files::isExecutable).findFirst();
	}

	/** nginx with one worker, connections to the provider kept alive and nothing held. */
	static Child startNginx(Path command, int provider) {
		int port = Child.freePort();
		Path directory = Child.directory().toAbsolutePath();
		Path configuration = directory.resolve("nginx.conf");
		try {
			Files.writeString(configuration, """
					daemon off;
					worker_processes 1;
					worker_rlimit_nofile 20000;
					pid %1$s/nginx.pid;
					error_log %1$s/nginx-error.log;
					events { worker_connections 16384; }
					http {
						access_log off;
						client_body_temp_path %1$s/nginx-body;
						proxy_temp_path %1$s/nginx-proxy;
						fastcgi_temp_path %1$s/nginx-fastcgi;
						uwsgi_temp_path %1$s/nginx-uwsgi;
						scgi_temp_path %1$s/nginx-scgi;
						keepalive_requests 100000000;
						upstream provider {
							server 127.0.0.1:%3$d;
							keepalive 512;
							keepalive_requests 100000000;
						}
						server {
							listen 127.0.0.1:%2$d backlog=8192;
							location / {
								proxy_pass http://provider;
								proxy_http_version 1.1;
								proxy_set_header Connection "";
								proxy_buffering off;
								proxy_read_timeout 600s;
							}
						}
					}
					""".formatted(directory, port, provider));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return Child.start("nginx", port, Child.Place.GATEWAY, Map.of(),
				List.of(command.toString(), "-c", configuration.toString(), "-e", directory + "/nginx-error.log"));
	}

	/** Plain Spring Cloud Gateway in the versions of this build. */
	static Child startPlain(Options options, int provider) {
		int port = Child.freePort();
		String classes = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
			.filter((entry) -> DEPENDENCY.matcher(entry).matches() && !NOT_ITS_OWN.matcher(entry).matches())
			.collect(Collectors.joining(File.pathSeparator));
		return Child.start("plain-gateway", port, Child.Place.GATEWAY,
				Map.of("SERVER_PORT", Integer.toString(port), "PROVIDER", "http://127.0.0.1:" + provider),
				Child.java("-Xms" + options.heap(), "-Xmx" + options.heap(), "-cp", classes,
						PlainGateway.class.getName()));
	}

	/** The mock provider. */
	static Child startProvider() {
		int port = Child.freePort();
		return Child.start("provider", port, Child.Place.BESIDE, Map.of(),
				Child.java("-Xmx512m", "-cp", classPath(), MockProvider.class.getName(), Integer.toString(port)));
	}

	/** The sandbox's Stripe. */
	static Child startStripe() {
		try {
			return startStripe(Child.freePort(),
					Files.createTempDirectory(Child.directory().toAbsolutePath(), "stripe"), List.of());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** The same at this port, with what is in its directory, and many customers. */
	static Child startLargeStripe(int port, Path directory) {
		return startStripe(port, directory, List.of("many"));
	}

	private static Child startStripe(int port, Path directory, List<String> more) {
		List<String> command = new ArrayList<>(Child.java("-Xmx256m", "-cp", classPath(),
				FakeStripeProcess.class.getName(), Integer.toString(port), directory.toString()));
		command.addAll(more);
		return Child.start("stripe", port, Child.Place.BESIDE, Map.of(), command);
	}

	private static String classPath() {
		return System.getProperty("java.class.path");
	}

	/** Versions of what is measured, for the record. */
	static Map<String, String> versions() {
		Stream<Class<?>> libraries = Stream.of(SpringApplication.class, Route.class, HttpServer.class, Channel.class);
		Map<String, String> versions = new TreeMap<>(
				libraries.collect(Collectors.toMap((type) -> String.valueOf(type.getPackage().getImplementationTitle()),
						(type) -> String.valueOf(type.getPackage().getImplementationVersion()))));
		nginx().ifPresent((command) -> versions.put("nginx",
				Child.run(List.of(command.toString(), "-v")).replaceAll(".*/", "").strip()));
		return versions;
	}

}
