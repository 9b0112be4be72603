package io.tallygate.journey;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.stream.Collectors;

import io.tallygate.TallygateApplication;
import io.tallygate.support.TestServers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.context.TypeExcludeFilter;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.type.classreading.MetadataReader;
import org.springframework.core.type.classreading.MetadataReaderFactory;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * The journey of docs/guides/real-keys.md, for whoever has keys: each half is skipped,
 * and reported as skipped, where its key is not in the environment. The sandbox's own
 * keys make it a rehearsal without a network.
 */
class RealKeysTests {

	private static final String OPENAI_KEY = "OPENAI_API_KEY";

	private static final String STRIPE_KEY = "STRIPE_TEST_KEY";

	private static final String REHEARSAL_AT_OPENAI = "sk-sandbox-models";

	private static final String REHEARSAL_AT_STRIPE = "sk_test_sandbox_";

	private static final Duration DELIVERY_MAX = Duration.ofMinutes(1);

	private final HttpClient http = HttpClient.newHttpClient();

	private final int providerPort = TestServers.freePort();

	private final int stripePort = TestServers.freePort();

	@TempDir
	private Path directory;

	private ConfigurableApplicationContext gateway;

	private String base;

	private String token;

	@BeforeEach
	void anAgencyInASandboxOfItsOwn() throws Exception {
		SpringApplication application = new SpringApplication(TallygateApplication.class);
		application.addInitializers(
				(context) -> context.getBeanFactory().registerSingleton("withoutTests", new WithoutTests()));
		this.gateway = application.run("--tallygate.sandbox=true", "--tallygate.sandbox-demo=false",
				"--tallygate.data-dir=" + this.directory.resolve("sandbox"), "--server.port=0",
				"--management.server.port=0", "--tallygate.sandbox.provider-port=" + this.providerPort,
				"--tallygate.sandbox.stripe-port=" + this.stripePort);
		this.base = "http://127.0.0.1:" + this.gateway.getEnvironment().getProperty("local.server.port");
		this.token = this.gateway.getEnvironment().getProperty("tallygate.platform-token");
		this.token = post("/admin/v1/agencies", Map.of("name", "Real keys")).path("admin_token").asString();
	}

	@AfterEach
	void stop() {
		this.gateway.close();
	}

	@Test
	@EnabledIfEnvironmentVariable(named = OPENAI_KEY, matches = ".+")
	void whatOpenAiReportsStandsInTheLedger() throws Exception {
		boolean rehearses = System.getenv(OPENAI_KEY).equals(REHEARSAL_AT_OPENAI);
		String model = rehearses ? "fake-small" : "gpt-4o-mini";
		String url = rehearses ? "http://127.0.0.1:" + this.providerPort + "/v1" : "https://api.openai.com/v1";
		addProvider(url, System.getenv(OPENAI_KEY), model);
		String key = channelKey(post("/admin/v1/clients", Map.of("nickname", "Acme Dental")));

		JsonNode usage = chat(key, model).path("usage");

		JsonNode entry = awaitEntry();
		assertThat(usage.path("total_tokens").asLong()).isPositive();
		assertThat(entry.path("status").asString()).isEqualTo("billed");
		assertThat(entry.path("usage").path("input_tokens")).isEqualTo(usage.path("prompt_tokens"));
		assertThat(entry.path("usage").path("output_tokens")).isEqualTo(usage.path("completion_tokens"));
		assertThat(entry.path("usage").path("total_tokens")).isEqualTo(usage.path("total_tokens"));
	}

	@Test
	@EnabledIfEnvironmentVariable(named = STRIPE_KEY, matches = "[sr]k_test_.+")
	void everyUnitReachesStripe() throws Exception {
		String meter = stripe("/v1/billing/meters", Map.of("display_name", "AI units", "event_name",
				"ai_units_" + Instant.now().toEpochMilli(), "default_aggregation[formula]", "sum"));
		String price = stripe("/v1/prices", Map.of("currency", "usd", "unit_amount", "10", "recurring[interval]",
				"month", "recurring[usage_type]", "metered", "recurring[meter]", meter, "product_data[name]", "AI"));
		String customer = stripe("/v1/customers", Map.of("name", "Acme Dental", "email", "billing@acme.example"));
		stripe("/v1/subscriptions",
				Map.of("customer", customer, "items[0][price]", price, "payment_behavior", "default_incomplete"));
		call("PUT", "/admin/v1/stripe_connection", this.token, Map.of("secret_key", System.getenv(STRIPE_KEY)));
		addProvider("http://127.0.0.1:" + this.providerPort + "/v1", REHEARSAL_AT_OPENAI, "fake:*");
		String key = channelKey(post("/admin/v1/clients", Map.of("nickname", "Acme Dental", "stripe_customer_id",
				customer, "stripe_price_id", price, "charge_by", "tokens", "billing_unit", 10, "report", "units")));

		chat(key, "fake:t=55,d=0");

		long units = awaitEntry().path("units").asLong();
		assertThat(units).isGreaterThanOrEqualTo(5);
		assertThat(awaitDelivered()).isEqualTo(units);
	}

	private void addProvider(String url, String key, String model) throws Exception {
		String id = post("/admin/v1/providers", Map.of("name", "Models", "kind", "openai_compatible", "base_url", url,
				"api_key", key, "models", new String[] { model }))
			.path("id")
			.asString();
		assertThat(post("/admin/v1/providers/" + id + "/test", Map.of()).path("ok").asBoolean()).isTrue();
	}

	private JsonNode chat(String key, String model) throws Exception {
		Map<String, Object> message = Map.of("role", "user", "content", "Say hello in five languages.");
		return call("POST", "/v1/chat/completions", key,
				Map.of("model", model, "max_tokens", 100, "messages", new Object[] { message }));
	}

	private JsonNode awaitEntry() throws Exception {
		Instant latest = Instant.now().plus(DELIVERY_MAX);
		JsonNode entries = get("/admin/v1/ledger");
		while (entries.path("data").isEmpty() && Instant.now().isBefore(latest)) {
			Thread.sleep(100);
			entries = get("/admin/v1/ledger");
		}
		return entries.path("data").path(0);
	}

	private long awaitDelivered() throws Exception {
		Instant latest = Instant.now().plus(DELIVERY_MAX);
		JsonNode events = get("/admin/v1/meter_events?state=delivered");
		while (events.path("data").isEmpty() && Instant.now().isBefore(latest)) {
			Thread.sleep(100);
			events = get("/admin/v1/meter_events?state=delivered");
		}
		return events.path("data").valueStream().mapToLong((event) -> event.path("value").asLong()).sum();
	}

	private static String channelKey(JsonNode client) {
		return client.path("channels").path(0).path("keys").path(0).path("secret").asString();
	}

	private JsonNode get(String path) throws Exception {
		return send(HttpRequest.newBuilder(URI.create(this.base + path))
			.header("Authorization", "Bearer " + this.token)
			.GET());
	}

	private JsonNode post(String path, Map<String, ?> body) throws Exception {
		return call("POST", path, this.token, body);
	}

	private JsonNode call(String method, String path, String bearer, Map<String, ?> body) throws Exception {
		return send(HttpRequest.newBuilder(URI.create(this.base + path))
			.header("Authorization", "Bearer " + bearer)
			.header("Content-Type", "application/json")
			.method(method, HttpRequest.BodyPublishers.ofString(JsonMapper.shared().writeValueAsString(body))));
	}

	/** Makes an object at Stripe, as a person would in its dashboard; answers its id. */
	private String stripe(String path, Map<String, String> form) throws Exception {
		String key = System.getenv(STRIPE_KEY);
		String at = key.startsWith(REHEARSAL_AT_STRIPE) ? "http://127.0.0.1:" + this.stripePort
				: "https://api.stripe.com";
		String body = form.entrySet()
			.stream()
			.map((field) -> encoded(field.getKey()) + "=" + encoded(field.getValue()))
			.collect(Collectors.joining("&"));
		String credentials = Base64.getEncoder().encodeToString((key + ":").getBytes(StandardCharsets.UTF_8));
		return send(HttpRequest.newBuilder(URI.create(at + path))
			.header("Authorization", "Basic " + credentials)
			.header("Content-Type", "application/x-www-form-urlencoded")
			.POST(HttpRequest.BodyPublishers.ofString(body))).path("id").asString();
	}

	private JsonNode send(HttpRequest.Builder request) throws IOException, InterruptedException {
		HttpResponse<String> answer = this.http.send(
				request.version(HttpClient.Version.HTTP_1_1).timeout(Duration.ofMinutes(1)).build(),
				HttpResponse.BodyHandlers.ofString());
		assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 299);
		return JsonMapper.shared().readTree(answer.body());
	}

	private static String encoded(String text) {
		return URLEncoder.encode(text, StandardCharsets.UTF_8);
	}

	/** The application finds its own configurations and not those of other tests. */
	private static final class WithoutTests extends TypeExcludeFilter {

		@Override
		public boolean match(MetadataReader type, MetadataReaderFactory factory) throws IOException {
			return type.getResource().getURL().getPath().contains("/test-classes/");
		}

	}

}
