package io.tallygate.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import tools.jackson.databind.json.JsonMapper;

/**
 * Portkey's gateway, a Node.js server, out of its own package: the system property
 * {@code portkey} names the folder of {@code @portkey-ai/gateway}. It takes the provider
 * from each request, asks for no key of its own and counts nothing.
 */
final class Portkey {

	private static final String NODE = "node";

	private Portkey() {
	}

	/** Where it is installed, if that was said. A folder without it is a mistake. */
	static Optional<Path> folder() {
		Optional<Path> folder = Optional.of(System.getProperty("portkey", ""))
			.filter((path) -> !path.isEmpty())
			.map(Path::of);
		folder.map(Portkey::program).filter((file) -> !Files.exists(file)).ifPresent((file) -> {
			throw new IllegalStateException("-Dportkey: there is no " + file);
		});
		return folder;
	}

	private static Path program(Path folder) {
		return folder.resolve("build/start-server.js");
	}

	static Child start(Path folder) {
		int port = Child.freePort();
		return Child.start("portkey", port, Child.Place.GATEWAY, Map.of("NODE_ENV", "production"),
				List.of(NODE, program(folder).toString(), "--port=" + port, "--headless"));
	}

	static Target target(Child child, int provider) {
		return Target.of(Target.PORTKEY, child.port(), child.pid())
			.withHeaders(
					"x-portkey-provider: openai\r\nx-portkey-custom-host: http://127.0.0.1:" + provider + "/v1\r\n");
	}

	/** The versions of what makes it up. */
	static Map<String, String> versions(Path folder) {
		return Map.of("Portkey gateway", version(folder), "@hono/node-server",
				version(folder.resolve("../../@hono/node-server")), "Node.js",
				Child.run(List.of(NODE, "--version")).strip());
	}

	private static String version(Path folder) {
		try {
			return JsonMapper.shared()
				.readTree(Files.readString(folder.resolve("package.json")))
				.path("version")
				.asString();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

}
