package io.tallygate.support;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import io.tallygate.TallygateApplication;
import io.tallygate.core.Secret;
import io.tallygate.sandbox.provider.FakeProvider;
import io.tallygate.sandbox.provider.FakeProviderOptions;
import io.tallygate.sandbox.stripe.DemoCatalogue;
import io.tallygate.sandbox.stripe.FakeStripe;
import io.tallygate.sandbox.stripe.FakeStripeOptions;
import io.tallygate.sandbox.stripe.SandboxKey;
import io.tallygate.sandbox.stripe.Seed;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/**
 * The whole application in this process, as production runs it: a real PostgreSQL and a
 * real Redis of its own, and for the world outside a fake provider that answers without
 * delay and a fake Stripe, both told nothing but over HTTP.
 */
public final class RunningGateway implements AutoCloseable {

	/** Longest wait for anything that has to happen by itself. */
	public static final Duration PATIENCE = Duration.ofSeconds(60);

	private static final JsonMapper JSON = new JsonMapper();

	private static final String PLATFORM_TOKEN = "platform-token-of-a-test";

	private static final String PROVIDER_KEY = "sk-provider-of-a-test";

	private final TestServers.TestDatabase database = TestServers.database();

	private final OwnRedis redis = new OwnRedis();

	private final FakeProvider provider = FakeProvider
		.start(FakeProviderOptions.of(Secret.of(PROVIDER_KEY)).withChunkDelay(Duration.ZERO));

	private final FakeStripe stripe;

	private final Map<String, String> arguments = new LinkedHashMap<>();

	private final ConfigurableApplicationContext context;

	private final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

	/**
	 * One line of the ledger.
	 *
	 * @param requestId ours
	 * @param clientId who is billed
	 * @param epoch of the client
	 * @param status billed, free or estimated
	 * @param inputTokens reported
	 * @param cachedInputTokens reported
	 * @param cacheWriteTokens reported
	 * @param outputTokens reported
	 * @param reasoningTokens reported
	 * @param totalTokens charged
	 * @param quantity in thousandths
	 * @param clientDisconnected whether the client hung up
	 * @param providerRequestId the provider's
	 */
	public record Line(String requestId, String clientId, int epoch, String status, @Nullable Long inputTokens,
			@Nullable Long cachedInputTokens, @Nullable Long cacheWriteTokens, @Nullable Long outputTokens,
			@Nullable Long reasoningTokens, @Nullable Long totalTokens, long quantity, boolean clientDisconnected,
			@Nullable String providerRequestId) {
	}

	/**
	 * A client of the agency.
	 *
	 * @param id of it
	 * @param key of its channel
	 */
	public record Client(String id, String key) {
	}

	/**
	 * An agency, connected to the fake Stripe and to one provider for every model.
	 *
	 * @param gateway that it uses
	 * @param token of its admin
	 */
	public record Agency(RunningGateway gateway, String token) {

		/** A call of the admin API, whatever comes of it; headers in pairs. */
		public HttpResponse<byte[]> ask(String method, String path, Map<String, ?> body, String... headers) {
			HttpRequest.Builder request = this.gateway.request("/admin/v1" + path, this.token)
				.method(method, (body != null) ? HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body))
						: HttpRequest.BodyPublishers.noBody());
			if (headers.length > 0) {
				request.headers(headers);
			}
			return this.gateway.send(request);
		}

		/** What a GET of the admin API gives. */
		public JsonNode read(String path) {
			HttpResponse<byte[]> answer = ask("GET", path, null);
			assertThat(answer.statusCode()).as(() -> path + ": " + new String(answer.body())).isEqualTo(200);
			return JSON.readTree(answer.body());
		}

		/** A call of the admin API that must succeed. */
		public JsonNode call(String method, String path, Map<String, ?> body) {
			return this.gateway.admin(method, path, this.token, body);
		}

		/** Adds the fake provider, for every model. */
		public void addModels() {
			addModels(this.gateway.provider.baseUrl().toString());
		}

		private void addModels(String providerUrl) {
			call("POST", "/providers", Map.of("name", "Models", "kind", "openai_compatible", "base_url", providerUrl,
					"api_key", PROVIDER_KEY, "models", List.of("*"), "default", true));
		}

		/**
		 * A client with these fields besides the ones it must have, whose key is known
		 * already.
		 */
		public Client client(String nickname, Map<String, ?> fields) {
			Map<String, Object> body = new java.util.HashMap<>(fields);
			body.put("nickname", nickname);
			body.put("platform", "api");
			body.put("channel_name", "Tests");
			JsonNode made = call("POST", "/clients", body);
			String key = made.at("/channels/0/keys/0/secret").stringValue();
			await().atMost(PATIENCE)
				.until(() -> this.gateway.get("/v1/models", key).statusCode(), (status) -> status != 401);
			return new Client(made.path("id").stringValue(), key);
		}

	}

	private RunningGateway(List<Seed> seeds, boolean isRedisThere, String... properties) {
		if (!isRedisThere) {
			this.redis.kill();
		}
		this.stripe = FakeStripe.start(FakeStripeOptions.in(directory()).withDemo().withSeeds(seeds));
		add(this.arguments, "server.port=0", "management.server.port=0",
				"spring.r2dbc.url=r2dbc:postgresql://127.0.0.1:" + TestServers.postgres().getPort() + "/"
						+ this.database.name(),
				"spring.r2dbc.username=postgres", "spring.r2dbc.password=postgres",
				"spring.data.redis.url=" + this.redis.url(), "tallygate.platform-token=" + PLATFORM_TOKEN,
				"tallygate.encryption-key=" + "A".repeat(43) + "=", "tallygate.provider-hosts-private=true",
				"tallygate.stripe.api-base=" + this.stripe.baseUrl(), "tallygate.data-dir=" + directory());
		add(this.arguments, properties);
		this.context = run(this.arguments);
	}

	private static void add(Map<String, String> arguments, String... properties) {
		Arrays.stream(properties)
			.map((property) -> property.split("=", 2))
			.forEach((property) -> arguments.put(property[0], property[1]));
	}

	private static ConfigurableApplicationContext run(Map<String, String> arguments) {
		return new SpringApplicationBuilder(TallygateApplication.class).run(arguments.entrySet()
			.stream()
			.map((argument) -> "--" + argument.getKey() + "=" + argument.getValue())
			.toArray(String[]::new));
	}

	/**
	 * Another replica of it, with these settings in place of its own
	 * ({@code name=value}).
	 */
	public ConfigurableApplicationContext replica(String... properties) {
		Map<String, String> others = new LinkedHashMap<>(this.arguments);
		add(others, properties);
		return run(others);
	}

	/** Starts one, with these settings besides its own ({@code name=value}). */
	public static RunningGateway start(String... properties) {
		return new RunningGateway(List.of(), true, properties);
	}

	/** Starts one on whose Stripe these objects are there besides the demo's. */
	public static RunningGateway startWith(List<Seed> seeds, String... properties) {
		return new RunningGateway(seeds, true, properties);
	}

	/** Starts one whose Redis has to be started by the test. */
	public static RunningGateway startWithoutRedis(String... properties) {
		return new RunningGateway(List.of(), false, properties);
	}

	/** The port of the data plane and the admin API. */
	public int port() {
		return Integer.parseInt(this.context.getEnvironment().getRequiredProperty("local.server.port"));
	}

	/** The provider that {@link #agency()} calls. */
	public FakeProvider provider() {
		return this.provider;
	}

	/** The Stripe that agencies are connected to. */
	public FakeStripe stripe() {
		return this.stripe;
	}

	/** Its Redis. */
	public OwnRedis redis() {
		return this.redis;
	}

	/** Something done at the fake Stripe itself, as in its Dashboard. */
	public JsonNode atStripe(SandboxKey key, String method, String path, String form) {
		HttpResponse<byte[]> answer = send(
				HttpRequest.newBuilder(this.stripe.baseUrl().resolve(path.replace("[", "%5B").replace("]", "%5D")))
					.timeout(PATIENCE)
					.header("Authorization", "Bearer " + key.secret().reveal())
					.header("Content-Type", "application/x-www-form-urlencoded")
					.method(method, HttpRequest.BodyPublishers.ofString(form)));
		assertThat(answer.statusCode()).as(() -> method + " " + path + ": " + new String(answer.body())).isEqualTo(200);
		return JSON.readTree(answer.body());
	}

	/** A person presses a button on one of the fake Stripe's pages; where it leads. */
	public String press(String page, String card) {
		HttpResponse<byte[]> answer = send(HttpRequest.newBuilder(URI.create(page))
			.timeout(PATIENCE)
			.header("Content-Type", "application/x-www-form-urlencoded")
			.POST(HttpRequest.BodyPublishers.ofString("card=" + card)));
		assertThat(answer.statusCode()).as(() -> page + ": " + new String(answer.body())).isEqualTo(303);
		return answer.headers().firstValue("Location").orElseThrow();
	}

	/** The period of a subscription ends at the fake Stripe. */
	public void endPeriod(String subscription) {
		HttpResponse<byte[]> answer = send(HttpRequest.newBuilder(this.stripe.baseUrl().resolve("/__periods"))
			.timeout(PATIENCE)
			.POST(HttpRequest.BodyPublishers
				.ofByteArray(JSON.writeValueAsBytes(Map.of("subscription", subscription)))));
		assertThat(answer.statusCode()).as(() -> new String(answer.body())).isEqualTo(200);
	}

	/** A bean of the application. */
	public <T> T bean(Class<T> type) {
		return this.context.getBean(type);
	}

	/** Its database, past every right. */
	public JdbcClient sql() {
		return JdbcClient.create(TestServers.postgres().getDatabase("postgres", this.database.name()));
	}

	/** An agency whose Stripe this key opens. */
	public Agency agencyWith(String stripeKey) {
		JsonNode made = admin("POST", "/agencies", PLATFORM_TOKEN, Map.of("name", "Acme"));
		Agency agency = new Agency(this, made.path("admin_token").stringValue());
		agency.call("PUT", "/stripe_connection", Map.of("secret_key", stripeKey));
		return agency;
	}

	/** An agency that calls the fake provider. */
	public Agency agency() {
		return agency(this.provider.baseUrl().toString());
	}

	/** An agency that calls the provider at this URL. */
	public Agency agency(String providerUrl) {
		JsonNode made = admin("POST", "/agencies", PLATFORM_TOKEN, Map.of("name", "Acme"));
		Agency agency = new Agency(this, made.path("admin_token").stringValue());
		agency.call("PUT", "/stripe_connection", Map.of("secret_key", DemoCatalogue.KEY.secret().reveal()));
		agency.addModels(providerUrl);
		return agency;
	}

	/** What an app of a client gets for this chat completion. */
	public HttpResponse<byte[]> chat(Client client, Map<String, ?> body) {
		return send(request("/v1/chat/completions", client.key())
			.POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body))));
	}

	/**
	 * The ledger's lines of exchanges of a client, waited for until there are so many.
	 */
	public List<Line> lines(Client client, int count) {
		return await().atMost(PATIENCE).until(() -> lines(client), (lines) -> lines.size() >= count);
	}

	/** The ledger's lines of exchanges of a client. */
	public List<Line> lines(Client client) {
		return sql().sql("""
				select request_id, client_id, epoch, status, input_tokens, cached_input_tokens, cache_write_tokens,
				  output_tokens, reasoning_tokens, total_tokens, quantity, client_disconnected, provider_request_id
				from ledger where client_id = :client and kind = 'exchange'
				""").param("client", client.id()).query(Line.class).list();
	}

	/**
	 * Waits until nothing is open any more, and finds that so in Redis and PostgreSQL
	 * too.
	 */
	public void assertNothingIsOpen() {
		await().atMost(PATIENCE).untilAsserted(() -> {
			assertThat(sql().sql("select count(*) from open_exchange").query(Long.class).single()).isZero();
			for (String kind : List.of("open", "pending")) {
				assertThat(this.redis.commands().sync().keys("tg:*:" + kind)).isEmpty();
			}
		});
	}

	private JsonNode admin(String method, String path, String token, Map<String, ?> body) {
		HttpResponse<byte[]> answer = send(request("/admin/v1" + path, token).method(method,
				HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(body))));
		assertThat(answer.statusCode()).as(() -> method + " " + path + ": " + new String(answer.body()))
			.isBetween(200, 299);
		return JSON.readTree(answer.body());
	}

	private HttpResponse<byte[]> get(String path, String key) {
		return send(request(path, key).GET());
	}

	private HttpRequest.Builder request(String path, String token) {
		return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + path))
			.timeout(PATIENCE)
			.header("Authorization", "Bearer " + token)
			.header("Content-Type", "application/json");
	}

	private HttpResponse<byte[]> send(HttpRequest.Builder request) {
		try {
			return this.http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		catch (InterruptedException ex) {
			throw new AssertionError(ex);
		}
	}

	private static Path directory() {
		try {
			return Files.createTempDirectory("tallygate-running");
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	@Override
	public void close() {
		this.context.close();
		this.provider.close();
		this.stripe.close();
		this.redis.close();
	}

}
