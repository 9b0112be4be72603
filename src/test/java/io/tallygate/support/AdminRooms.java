package io.tallygate.support;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

import com.jayway.jsonpath.JsonPath;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.ClientAlarm;
import io.tallygate.client.NewSubscription;
import io.tallygate.client.StripeGuard;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Problem;
import io.tallygate.core.SecretBox;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.test.web.reactive.server.WebTestClient;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.ExchangeFunction;

/**
 * The admin API's own rooms, on a real PostgreSQL, Redis and socket, with a guard that
 * stands for Stripe.
 */
@EnableAutoConfiguration
@ComponentScan({ "io.tallygate.core", "io.tallygate.agency", "io.tallygate.client" })
public class AdminRooms {

	/** The platform's token in tests. */
	public static final String PLATFORM = "platform-token-of-a-test";

	private static final ThreadLocal<TestServers.TestDatabase> DATABASE = new ThreadLocal<>();

	/** Answers for Stripe: says yes, unless told otherwise. */
	public static class Guard implements StripeGuard {

		public volatile boolean live;

		/** Customers that were made or subscribed. */
		public final List<String> made = new CopyOnWriteArrayList<>();

		@Override
		public Mono<StripeTerms> check(AgencyId agency, StripeChoice choice, ChargePolicy policy) {
			if (choice.price().equals("price_unfit")) {
				return Mono.error(new Problem(422, "price_mode_mismatch", "The price does not fit"));
			}
			List<ClientAlarm> warnings = choice.price().equals("price_odd")
					? List.of(new ClientAlarm("package_differs", "The package differs")) : List.of();
			return Mono.just(new StripeTerms("acct_1", this.live, choice.customer(), choice.price(), "mtr_1",
					"tokens_used", warnings));
		}

		@Override
		public Mono<SetUp> setUp(AgencyId agency, Wanted wanted, ChargePolicy policy, AdminRequest request) {
			String customer = (wanted.customerId() != null) ? wanted.customerId() : "cus_" + request.id();
			StripeChoice choice = new StripeChoice(customer, wanted.product(), wanted.price());
			this.made.add(customer);
			return check(agency, choice, policy)
				.map((terms) -> new SetUp(choice, terms, new NewSubscription("sub_1", "active", null, null,
						new NewSubscription.SetupIntent("seti_1", "requires_payment_method", "seti_1_secret"))));
		}

		@Override
		public Mono<Boolean> livemode(AgencyId agency) {
			return Mono.just(this.live);
		}

	}

	/**
	 * A running admin API.
	 *
	 * @param context its beans
	 * @param database its own
	 * @param http bound to its socket
	 */
	public record Running(ConfigurableApplicationContext context, TestServers.TestDatabase database,
			WebTestClient http) implements AutoCloseable {

		public Running {
			context.registerShutdownHook();
		}

		/** One call; a {@code null} body is none. */
		public WebTestClient.ResponseSpec call(String method, String path, String token, String json) {
			WebTestClient.RequestBodySpec request = this.http.method(HttpMethod.valueOf(method))
				.uri("/admin/v1" + path)
				.headers((headers) -> headers.setBearerAuth(token));
			return (json != null) ? request.contentType(MediaType.APPLICATION_JSON).bodyValue(json).exchange()
					: request.exchange();
		}

		/** The answer to a call that must succeed. */
		public Map<String, Object> done(String method, String path, String token, String json) {
			byte[] body = call(method, path, token, json).expectStatus()
				.is2xxSuccessful()
				.expectBody()
				.returnResult()
				.getResponseBody();
			return (body != null) ? JsonPath.parse(new String(body, java.nio.charset.StandardCharsets.UTF_8)).json()
					: Map.of();
		}

		/** A new agency: its id and its admin token. */
		public Map<String, Object> agency() {
			return done("POST", "/agencies", PLATFORM, "{\"name\":\"Acme\"}");
		}

		/** How many rows this query counts. */
		public long count(String sql) {
			return this.database.number(sql);
		}

		@Override
		public void close() {
			this.context.close();
		}

	}

	/** Starts them on a database of their own. */
	public static Running start(String... properties) {
		return start(List.of(), properties);
	}

	/** The same, with these beans besides. */
	public static Running start(List<Class<?>> more, String... properties) {
		TestServers.TestDatabase database = TestServers.database();
		DATABASE.set(database);
		// Arguments, because they win over application.yaml.
		String[] arguments = Stream.concat(
				Stream.of("server.port=0", "management.server.port=-1", "spring.flyway.enabled=false",
						"spring.r2dbc.url=r2dbc:postgresql://127.0.0.1:" + TestServers.postgres().getPort() + "/"
								+ database.name(),
						"spring.r2dbc.username=postgres", "spring.r2dbc.password=postgres",
						"spring.data.redis.port=" + TestServers.redisPort(), "tallygate.platform-token=" + PLATFORM),
				Stream.of(properties))
			.map((property) -> "--" + property)
			.toArray(String[]::new);
		ConfigurableApplicationContext context = new SpringApplicationBuilder(AdminRooms.class)
			.sources(more.toArray(Class<?>[]::new))
			.run(arguments);
		String port = context.getEnvironment().getProperty("local.server.port");
		WebTestClient http = WebTestClient.bindToServer()
			.baseUrl("http://127.0.0.1:" + port)
			.responseTimeout(Duration.ofSeconds(20))
			.filter(AdminRooms::whole)
			.build();
		return new Running(context, database, http);
	}

	/**
	 * Reads each answer to its end: many a test looks at no more than the status, and the
	 * buffers of an answer that nobody reads are never released.
	 */
	private static Mono<ClientResponse> whole(ClientRequest request, ExchangeFunction next) {
		return next.exchange(request)
			.flatMap((answer) -> answer.bodyToMono(byte[].class)
				.map((body) -> Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(body)))
				.defaultIfEmpty(Flux.empty())
				.map((body) -> answer.mutate().body((read) -> body.cast(DataBuffer.class)).build()));
	}

	@Bean
	Clock clock() {
		return Clock.systemUTC();
	}

	@Bean
	Ids ids(Clock clock) {
		return new Ids(clock, new SecureRandom());
	}

	@Bean
	SecretBox secretBox() {
		return new SecretBox(List.of(new byte[32]));
	}

	@Bean
	Database.OfSystem systemDatabase() {
		return DATABASE.get().system();
	}

	@Bean
	Database.OfTenant tenantDatabase() {
		return DATABASE.get().tenant();
	}

	@Bean
	Guard guard() {
		return new Guard();
	}

}
