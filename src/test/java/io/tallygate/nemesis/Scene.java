package io.tallygate.nemesis;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.tallygate.core.Secret;
import io.tallygate.nemesis.Customer.Wanted;
import io.tallygate.sandbox.provider.FakeProvider;
import io.tallygate.sandbox.provider.FakeProviderOptions;
import io.tallygate.sandbox.provider.Transcript;
import io.tallygate.sandbox.stripe.FakeStripe;
import io.tallygate.sandbox.stripe.FakeStripeOptions;
import io.tallygate.sandbox.stripe.SandboxKey;
import io.tallygate.sandbox.stripe.Seed;
import io.tallygate.support.GatewayClient;
import io.tallygate.support.Together;
import io.tallygate.support.Wait;
import tools.jackson.databind.JsonNode;

import org.springframework.util.FileSystemUtils;

/**
 * Everybody: a real PostgreSQL, a real Redis or Redis Cluster, two gateways in real mode,
 * the ways between them, and the two whom nobody touches, a provider and a Stripe that
 * write down on a disk what they are told. Two agencies resell to clients of all kinds.
 */
final class Scene implements AutoCloseable {

	static final int GATEWAYS = 2;

	private static final String PROVIDER_KEY = "sk-provider-of-the-nemesis";

	private static final List<SandboxKey> STRIPE_KEYS = List.of(
			SandboxKey.secret("sk_test_sandbox_nemesis_alpaca", "acct_alpaca", "Alpaca Agency"),
			SandboxKey.secret("sk_test_sandbox_nemesis_llama", "acct_llama", "Llama Labs"));

	/** Two calls for one customer and meter that overlapped would be seen in it. */
	private static final Duration STRIPE_LATENCY = Duration.ofMillis(250);

	/** Summaries are always late. */
	private static final Duration STRIPE_LAG = Duration.ofSeconds(20);

	private static final List<Wanted> WANTED = List.of(
			new Wanted("Acme", 0, "cus_acme", "price_units",
					Map.of("charge_by", "tokens", "billing_unit", 1000, "report", "units")),
			new Wanted("Bolt", 0, "cus_bolt", "price_package",
					Map.of("charge_by", "tokens", "billing_unit", 1000, "report", "usage")),
			new Wanted("Chatty", 0, "cus_chatty", "price_units",
					Map.of("charge_by", "messages", "billing_unit", 1, "report", "units")),
			new Wanted("Delta", 0, "cus_delta", "price_units",
					Map.of("charge_by", "tokens", "billing_unit", 100, "report", "units")),
			new Wanted("Echo", 0, "cus_echo", "price_units",
					Map.of("charge_by", "tokens", "billing_unit", 500, "report", "units", "token_weights",
							Map.of("input", 0.5, "output", 1.125))),
			new Wanted("Foxtrot", 0, "cus_foxtrot", "price_units",
					Map.of("charge_by", "messages", "billing_unit", 10, "report", "units")),
			new Wanted("Gulf", 0, "", "", Map.of()),
			new Wanted("Hotel", 1, "cus_hotel", "price_units",
					Map.of("charge_by", "tokens", "billing_unit", 1000, "report", "units")),
			new Wanted("India", 1, "cus_india", "price_units",
					Map.of("charge_by", "messages", "billing_unit", 1, "report", "units")));

	private final Path directory;

	private final Ports ports = new Ports();

	private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());

	private final PostgresServer postgres;

	private final Redis redis;

	private final FakeProvider provider;

	private final TranscriptFile transcript;

	private final Path logs;

	private final FakeStripe stripe;

	private final Way toProvider;

	private final List<Gateway> gateways = new ArrayList<>();

	private final List<String> agencyTokens = new ArrayList<>();

	private final List<Customer> customers = new ArrayList<>();

	private final List<String> secrets = new ArrayList<>();

	/** What was opened, the latest first. */
	private final Deque<AutoCloseable> opened = new ConcurrentLinkedDeque<>();

	private final Thread atExit = new Thread(this::closeAll);

	/**
	 * Starts everybody.
	 * @param logs where gateways write what they print, emptied before
	 * @param cluster whether Redis is one
	 * @param version of the gateways, to begin with
	 * @param told hears what the provider told its callers
	 */
	Scene(Path logs, boolean cluster, long seed, Version version, Consumer<Transcript.Answer> told) {
		this(logs, cluster, seed, version, false, told);
	}

	/**
	 * The same.
	 * @param isWatched whether gateways say what leaks in them and what blocks
	 */
	Scene(Path logs, boolean cluster, long seed, Version version, boolean isWatched, Consumer<Transcript.Answer> told) {
		Random random = new Random(seed);
		this.logs = logs;
		try {
			this.directory = Files.createTempDirectory("tallygate-nemesis");
			FileSystemUtils.deleteRecursively(logs);
			Files.createDirectories(logs);
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		Runtime.getRuntime().addShutdownHook(this.atExit);
		this.opened.push(() -> FileSystemUtils.deleteRecursively(this.directory));
		this.opened.push(
				() -> this.loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS));
		try {
			this.transcript = opened(new TranscriptFile(transcript(), told));
			this.provider = opened(FakeProvider.start(FakeProviderOptions.of(Secret.of(PROVIDER_KEY))
				.withChunkDelay(Duration.ZERO)
				.withWitness(this.transcript)));
			this.stripe = opened(FakeStripe.start(stripeOptions()));
			this.postgres = opened(new PostgresServer(this.directory, this.logs, this.ports.next()));
			this.redis = opened(cluster ? new RedisCluster(this.directory, this.logs, this.ports, this.loops)
					: new RedisPair(this.directory, this.logs, this.ports, GATEWAYS, this.loops));
			this.toProvider = opened(way("the provider", this.provider.port()));
			Map<String, String> settings = Map.of("TALLYGATE_PLATFORM_TOKEN",
					secret("tgp_" + random.nextLong(1L << 60)), "TALLYGATE_ENCRYPTION_KEY", secret(key(random)));
			for (int i = 0; i < GATEWAYS; i++) {
				Gateway gateway = gateway(i, settings).as(version);
				this.gateways.add(isWatched ? gateway.watched() : gateway);
			}
			Together.run(GATEWAYS, this.gateways.stream().<Callable<Gateway>>map((gateway) -> () -> {
				gateway.start();
				return gateway;
			}).toList());
			setUp(settings.get("TALLYGATE_PLATFORM_TOKEN"));
		}
		catch (AssertionError | RuntimeException ex) {
			close();
			throw ex;
		}
	}

	private <T extends AutoCloseable> T opened(T one) {
		this.opened.push(one);
		return one;
	}

	private FakeStripeOptions stripeOptions() {
		FakeStripeOptions options = FakeStripeOptions.in(this.directory.resolve("stripe"))
			.withLatency(STRIPE_LATENCY)
			.withAggregationLag(STRIPE_LAG)
			.withSeeds(seeds());
		for (SandboxKey key : STRIPE_KEYS) {
			options = options.withKey(key);
		}
		return options;
	}

	private Way way(String to, int port) {
		return new Way(to, this.loops, this.ports.next(), port);
	}

	private Gateway gateway(int number, Map<String, String> settings) {
		Map<String, String> own = new HashMap<>(settings);
		own.putAll(this.redis.settings(number));
		String of = " of gateway " + (number + 1);
		Way toPostgres = opened(way("PostgreSQL" + of, this.postgres.port()));
		Way toStripe = opened(way("Stripe" + of, this.stripe.port()));
		// One gateway's clock is right.
		Optional<WrongClock> clock = (number == 1) ? WrongClock.in(this.directory) : Optional.empty();
		Gateway gateway = Gateway.of(number, this.logs, toPostgres, toStripe, clock, own);
		opened(gateway.process());
		return gateway;
	}

	private String secret(String value) {
		this.secrets.add(value);
		return value;
	}

	private static String key(Random random) {
		byte[] key = new byte[32];
		random.nextBytes(key);
		return Base64.getEncoder().encodeToString(key);
	}

	/** What each agency has at Stripe. */
	private static List<Seed> seeds() {
		List<Seed> seeds = new ArrayList<>();
		for (int i = 0; i < STRIPE_KEYS.size(); i++) {
			SandboxKey key = STRIPE_KEYS.get(i);
			seeds.add(new Seed(key, "/v1/products", "prod_ai", Map.of("name", "AI")));
			for (String meter : List.of("units", "package")) {
				seeds.add(new Seed(key, "/v1/billing/meters", "mtr_" + meter, Map.of("display_name", meter,
						"event_name", "ai_" + meter, "default_aggregation[formula]", "sum")));
				Map<String, String> price = new HashMap<>(
						Map.of("product", "prod_ai", "currency", "usd", "unit_amount", "5", "recurring[interval]",
								"month", "recurring[usage_type]", "metered", "recurring[meter]", "mtr_" + meter));
				if (meter.equals("package")) {
					price.putAll(Map.of("transform_quantity[divide_by]", "1000", "transform_quantity[round]", "up"));
				}
				seeds.add(new Seed(key, "/v1/prices", "price_" + meter, price));
			}
			for (Wanted wanted : WANTED) {
				if (wanted.agency() == i && !wanted.stripe().isEmpty()) {
					seeds.add(new Seed(key, "/v1/customers", wanted.stripe(), Map.of("name", wanted.name())));
					seeds.add(new Seed(key, "/v1/subscriptions", wanted.stripe().replace("cus_", "sub_"),
							Map.of("customer", wanted.stripe(), "items[0][price]", wanted.price(), "payment_behavior",
									"default_incomplete")));
				}
			}
		}
		return seeds;
	}

	/** As an agency does it, over the admin API. */
	private void setUp(String platformToken) {
		GatewayClient api = this.gateways.get(0).process().client();
		for (SandboxKey key : STRIPE_KEYS) {
			String token = api.call("POST", "/admin/v1/agencies", platformToken, Map.of("name", key.accountName()))
				.path("admin_token")
				.asString();
			this.agencyTokens.add(secret(token));
			secret(key.secret().reveal());
			enter(api, key, token);
			api.call("POST", "/admin/v1/providers", token,
					Map.of("name", "Models", "kind", "openai_compatible", "base_url",
							"http://127.0.0.1:" + this.toProvider.port() + "/v1", "api_key", PROVIDER_KEY, "models",
							List.of("fake:*"), "default", true, "timeout_ms", 8000));
		}
		for (Wanted wanted : WANTED) {
			this.customers.add(customer(api, wanted));
		}
		for (Gateway gateway : this.gateways) {
			for (Customer customer : this.customers) {
				Wait.until("knowledge of " + customer.name(), 20,
						() -> gateway.process().client().get("/v1/models", customer.key()).path("data").isArray());
			}
		}
	}

	private Customer customer(GatewayClient api, Wanted wanted) {
		Map<String, Object> body = new HashMap<>(wanted.terms());
		body.putAll(Map.of("nickname", wanted.name(), "platform", "api", "channel_name", "Apps"));
		if (!wanted.stripe().isEmpty()) {
			body.putAll(Map.of("stripe_customer_id", wanted.stripe(), "stripe_price_id", wanted.price()));
		}
		JsonNode made = patiently("client " + wanted.name(),
				() -> api.call("POST", "/admin/v1/clients", this.agencyTokens.get(wanted.agency()), body));
		boolean isUsage = "usage".equals(wanted.terms().get("report"));
		int unit = (int) wanted.terms().getOrDefault("billing_unit", 1000);
		boolean isByMessages = "messages".equals(wanted.terms().get("charge_by"));
		long[] weights = wanted.terms().containsKey("token_weights") ? new long[] { 500, 1125 }
				: new long[] { 1000, 1000 };
		return new Customer(wanted.name(), made.path("id").asString(),
				secret(made.at("/channels/0/keys/0/secret").asString()), isUsage ? 1000 : 1000L * unit,
				!wanted.stripe().isEmpty(), isByMessages ? null : weights);
	}

	/** Enters the agencies' keys again, as their owners do after Stripe refused them. */
	void enterStripeKeysAgain() {
		GatewayClient api = this.gateways.get(0).process().client();
		for (int i = 0; i < STRIPE_KEYS.size(); i++) {
			enter(api, STRIPE_KEYS.get(i), this.agencyTokens.get(i));
		}
	}

	private static void enter(GatewayClient api, SandboxKey key, String token) {
		patiently("acceptance of a key", () -> api.call("PUT", "/admin/v1/stripe_connection", token,
				Map.of("secret_key", key.secret().reveal())));
	}

	/** Tries again what changed nothing: a busy machine runs into timeouts. */
	private static JsonNode patiently(String what, Supplier<JsonNode> call) {
		AtomicReference<JsonNode> answer = new AtomicReference<>();
		Wait.until(what, 60, () -> {
			try {
				answer.set(call.get());
				return true;
			}
			catch (AssertionError ex) {
				return false;
			}
		});
		return answer.get();
	}

	PostgresServer postgres() {
		return this.postgres;
	}

	Redis redis() {
		return this.redis;
	}

	FakeProvider provider() {
		return this.provider;
	}

	FakeStripe stripe() {
		return this.stripe;
	}

	/** What the provider wrote down. */
	Path transcript() {
		return this.directory.resolve("provider.jsonl");
	}

	/** What the gateways print. */
	List<Path> logs() {
		try (Stream<Path> files = Files.list(this.logs)) {
			return files.filter((file) -> file.toString().endsWith(".log")).sorted().toList();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	Way toProvider() {
		return this.toProvider;
	}

	List<Gateway> gateways() {
		return List.copyOf(this.gateways);
	}

	List<Customer> customers() {
		return List.copyOf(this.customers);
	}

	EventLoopGroup loops() {
		return this.loops;
	}

	/** The account that an agency has at Stripe. */
	static String stripeAccount(int agency) {
		return STRIPE_KEYS.get(agency).account();
	}

	/** What must stand in no log. */
	List<String> secrets() {
		return Stream.concat(this.secrets.stream(), Stream.of(PROVIDER_KEY, "Are you still there")).toList();
	}

	@Override
	public void close() {
		Runtime.getRuntime().removeShutdownHook(this.atExit);
		closeAll();
	}

	/** One that cannot be closed keeps nobody else open. */
	private void closeAll() {
		while (!this.opened.isEmpty()) {
			try {
				this.opened.pop().close();
			}
			catch (Exception ex) {
				ex.printStackTrace();
			}
		}
	}

}
