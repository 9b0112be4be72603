package io.tallygate.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

import io.tallygate.sandbox.stripe.DemoCatalogue;
import io.tallygate.support.Wait;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tallygate as it is run for money: out of its jar, on a database and a Redis of its own,
 * with an agency that is connected to Stripe, a provider and two clients that were made
 * over its admin API.
 */
final class Installation implements AutoCloseable {

	private static final String PLATFORM_TOKEN = "platform-token-of-the-bench";

	private static final int LEDGER_SECONDS_MAX = 60;

	private final HttpClient http = HttpClient.newHttpClient();

	private final Command command;

	private final Child process;

	private final Child redis;

	private final Target target;

	private final String base;

	private final List<Child> replicas = new ArrayList<>();

	private String token = PLATFORM_TOKEN;

	private String client = "";

	/** Answers that were asked for with the client's key outside of loads. */
	private long asked;

	/**
	 * How its processes are started.
	 *
	 * @param id of its database and files
	 * @param environment without ports
	 * @param java the command
	 */
	private record Command(String id, Map<String, String> environment, List<String> java) {

		Child start(String file) {
			int port = Child.freePort();
			Map<String, String> all = new LinkedHashMap<>(this.environment);
			all.put("SERVER_PORT", Integer.toString(port));
			all.put("MANAGEMENT_SERVER_PORT", Integer.toString(Child.freePort()));
			return Child.start(file, port, Child.Place.GATEWAY, all, this.java);
		}

	}

	private Installation(String name, Command command, Child redis, long postgres) {
		this.command = command;
		this.process = command.start(command.id());
		this.redis = redis;
		this.base = "http://127.0.0.1:" + this.process.port();
		this.target = Target.ofJvm(name, this.process, List.of(redis.pid()), List.of(postgres));
	}

	/**
	 * Starts one.
	 * @param provider its port
	 * @param with more of its environment
	 * @param beside what else its class path has, if anything
	 */
	static Installation start(String name, Options options, Stores stores, int provider, Child stripe,
			Map<String, String> with, @Nullable Path beside) {
		String id = name.toLowerCase(Locale.ROOT).replaceAll("\\W+", "_");
		stores.createDatabase(id);
		Child redis = stores.startRedis(id);
		Map<String, String> environment = new LinkedHashMap<>(with);
		environment.put("SPRING_R2DBC_URL", "r2dbc:postgresql://127.0.0.1:" + stores.postgresPort() + "/" + id);
		environment.put("SPRING_R2DBC_USERNAME", "postgres");
		environment.put("SPRING_R2DBC_PASSWORD", "postgres");
		environment.put("SPRING_DATA_REDIS_URL", "redis://127.0.0.1:" + redis.port());
		environment.put("TALLYGATE_SANDBOX", "false");
		environment.put("TALLYGATE_PLATFORM_TOKEN", PLATFORM_TOKEN);
		environment.put("TALLYGATE_ENCRYPTION_KEY", Base64.getEncoder().encodeToString(new byte[32]));
		environment.put("TALLYGATE_PROVIDER_HOSTS_ALLOWED", "127.0.0.1:" + provider);
		environment.put("TALLYGATE_STRIPE_API_BASE", "http://127.0.0.1:" + stripe.port());
		String classes = application(options.jar()) + ((beside != null) ? ":" + beside : "");
		Command command = new Command(id, environment, Child.java("-Xms" + options.heap(), "-Xmx" + options.heap(),
				"-cp", classes, "io.tallygate.TallygateApplication"));
		Installation made = new Installation(name, command, redis, stores.postgresProcess());
		made.connect(provider);
		return made;
	}

	/** The jar taken apart, as the image has it. */
	private static Path application(Path jar) {
		Path to = Child.directory().resolve("application-" + Integer.toHexString(jar.toAbsolutePath().hashCode()));
		Path application = to.resolve(jar.getFileName());
		try {
			if (!Files.exists(application)
					|| Files.getLastModifiedTime(application).compareTo(Files.getLastModifiedTime(jar)) < 0) {
				Child.run(Child.java("-Djarmode=tools", "-jar", jar.toString(), "extract", "--force", "--destination",
						to.toString()));
				Files.setLastModifiedTime(application, FileTime.from(Instant.now()));
			}
			return application;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	/** A directory that holds this class of the bench, and no other. */
	static Path alone(Class<?> type) {
		try {
			Path root = Child.directory().resolve("beside").toAbsolutePath();
			Path folder = Files.createDirectories(root.resolve(type.getPackageName().replace('.', '/')));
			Path classes = Path.of(type.getProtectionDomain().getCodeSource().getLocation().getPath())
				.resolve(type.getPackageName().replace('.', '/'));
			try (Stream<Path> files = Files.list(classes)) {
				for (Path file : files.filter((each) -> each.getFileName().toString().startsWith(type.getSimpleName()))
					.toList()) {
					Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
				}
			}
			return root;
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private void connect(int providerPort) {
		this.token = text(agency("Bench"), "admin_token");
		call("POST", "/admin/v1/providers", Map.of("name", "Mock", "kind", "openai_compatible", "base_url",
				"http://127.0.0.1:" + providerPort + "/v1", "api_key", "sk-bench", "models", List.of("*")));
	}

	/** One more agency, connected to Stripe; its answer holds its id and its token. */
	JsonNode agency(String name) {
		JsonNode made = call(PLATFORM_TOKEN, "POST", "/admin/v1/agencies", Map.of("name", name));
		call(text(made, "admin_token"), "PUT", "/admin/v1/stripe_connection",
				Map.of("secret_key", DemoCatalogue.KEY.secret().reveal()));
		return made;
	}

	/** A target with this name for one more process on the same stores. */
	Target replica(String name) {
		Child replica = this.command.start(this.command.id() + "-" + (this.replicas.size() + 2));
		this.replicas.add(replica);
		return Target.ofJvm(name, replica, this.target.redis(), this.target.postgres());
	}

	/** Leaves the first process alone. */
	void stopReplicas() {
		this.replicas.forEach(Child::close);
		this.replicas.clear();
	}

	/** The name of its database. */
	String database() {
		return this.command.id();
	}

	/** The client of {@link #target()}. */
	String client() {
		return this.client;
	}

	/** The target with the key of a new client, billed by tokens. */
	Target target() {
		DemoCatalogue stripe = DemoCatalogue.get();
		JsonNode made = call("POST", "/admin/v1/clients",
				Map.of("nickname", "Measured", "stripe_customer_id", stripe.customers().get(0).id(), "stripe_price_id",
						stripe.units().priceId(), "charge_by", "tokens", "billing_unit", 1000, "report", "units"));
		this.client = text(made, "id");
		return this.target.with(this.target.name(), usable(made));
	}

	/**
	 * The target with the key of a client whose provider is hung up on when it leaves.
	 */
	Target aborting() {
		return this.target.with(this.target.name() + ", on_disconnect abort",
				usable(call("POST", "/admin/v1/clients", Map.of("nickname", "Impatient", "on_disconnect", "abort"))));
	}

	private String usable(JsonNode client) {
		String key = text(client.path("channels").path(0).path("keys").path(0), "secret");
		Wait.until("a key that is known", 20, () -> {
			int status = send("POST", "/v1/chat/completions", key, Wanted.request("bench", false, 1)).statusCode();
			this.asked++;
			return status == 200;
		});
		return key;
	}

	/** Changes how its Redis writes. */
	void configureRedis(Map<String, String> settings) {
		Stores.configure(this.redis.port(), settings);
	}

	/**
	 * Waits until the ledger has a line for each of so many requests, and fails if it has
	 * more or fewer.
	 */
	void expectLines(long loaded) {
		long wanted = loaded + 1;
		Wait.until("ledger lines", LEDGER_SECONDS_MAX, () -> lines() >= wanted, () -> lines() + " of " + wanted);
		if (lines() != wanted) {
			throw new AssertionError("The ledger has " + lines() + " lines for " + wanted + " requests");
		}
	}

	private long lines() {
		return call("GET", "/admin/v1/clients/" + this.client + "/usage", null).path("total").path("requests").asLong();
	}

	/** Asks the admin API in the agency's name. */
	JsonNode call(String method, String path, @Nullable Map<String, ?> body) {
		return call(this.token, method, path, body);
	}

	private JsonNode call(String bearer, String method, String path, @Nullable Map<String, ?> body) {
		HttpResponse<String> answer = send(method, path, bearer,
				(body != null) ? JsonMapper.shared().writeValueAsBytes(body) : new byte[0]);
		if (answer.statusCode() / 100 != 2) {
			throw new IllegalStateException(
					method + " " + path + " was answered " + answer.statusCode() + ": " + answer.body());
		}
		return JsonMapper.shared().readTree(answer.body());
	}

	private HttpResponse<String> send(String method, String path, String bearer, byte[] body) {
		HttpRequest request = HttpRequest.newBuilder(URI.create(this.base + path))
			.header("Authorization", "Bearer " + bearer)
			.header("Content-Type", "application/json")
			.method(method, HttpRequest.BodyPublishers.ofByteArray(body))
			.build();
		try {
			return this.http.send(request, HttpResponse.BodyHandlers.ofString());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw new IllegalStateException(ex);
		}
	}

	private static String text(JsonNode node, String field) {
		return node.path(field).asString("");
	}

	@Override
	public void close() {
		stopReplicas();
		this.process.close();
	}

}
