package io.tallygate.relay;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.tallygate.client.ChannelAccess;
import io.tallygate.client.ChargeBy;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.KeyDirectory;
import io.tallygate.client.Report;
import io.tallygate.client.Terms;
import io.tallygate.client.TokenWeights;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ChannelId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.KeyId;
import io.tallygate.core.ProviderId;
import io.tallygate.core.Secret;
import io.tallygate.provider.ModelPattern;
import io.tallygate.provider.Provider;
import io.tallygate.provider.ProviderKind;
import io.tallygate.provider.Providers;
import io.tallygate.support.RawClient;
import io.tallygate.support.ScriptedProvider;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisReactiveAutoConfiguration;
import org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.r2dbc.autoconfigure.R2dbcAutoConfiguration;
import org.springframework.boot.web.server.reactive.context.ReactiveWebServerApplicationContext;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.web.server.ServerWebExchange;

/**
 * The data plane by itself: Spring Cloud Gateway and the relay, a meter that records,
 * keys made up by the test, and one scripted provider.
 */
final class RelayFixture implements AutoCloseable {

	static final String KEY = "tg_test_key";

	static final String PROVIDER_SECRET = "sk-provider-secret";

	final ScriptedProvider provider = new ScriptedProvider();

	final RecordingMeter meter = new RecordingMeter();

	final Map<String, ChannelAccess> keys = new ConcurrentHashMap<>();

	final ReactiveWebServerApplicationContext context;

	private final ListAppender<ILoggingEvent> logged = new ListAppender<>();

	RelayFixture(String... properties) {
		Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
		this.logged.start();
		root.addAppender(this.logged);
		SpringApplication application = new SpringApplication(Slim.class);
		application.addInitializers((context) -> {
			context.getBeanFactory().registerSingleton("meter", this.meter);
			KeyDirectory directory = (key) -> Mono.justOrEmpty(this.keys.get(key));
			context.getBeanFactory().registerSingleton("keys", directory);
		});
		List<String> arguments = new ArrayList<>(
				List.of("--server.port=0", "--management.server.port=-1", "--tallygate.provider-hosts-private=true"));
		Arrays.stream(properties).map((property) -> "--" + property).forEach(arguments::add);
		this.context = (ReactiveWebServerApplicationContext) application.run(arguments.toArray(String[]::new));
		reset();
	}

	/** As if nothing had happened yet. */
	void reset() {
		this.provider.reset();
		this.meter.reset();
		this.keys.clear();
		this.context.getBean(Routes.class).taken().clear();
		this.keys.put(KEY, access(provider(this.provider.baseUrl())));
		this.logged.list.clear();
	}

	RawClient client() {
		return new RawClient(this.context.getWebServer().getPort());
	}

	/** A client for which the kernel holds no more than {@code receiveBytes}. */
	RawClient client(int receiveBytes) {
		return new RawClient(this.context.getWebServer().getPort(), receiveBytes);
	}

	/** A client that has sent a chat completions request. */
	RawClient chat(String body) {
		return client().post("/v1/chat/completions", body, "Authorization: Bearer " + KEY);
	}

	/** The routes that requests took, in order. */
	List<String> routes() {
		return this.context.getBean(Routes.class).taken();
	}

	Exchanges exchanges() {
		return this.context.getBean(Exchanges.class);
	}

	/** All that was logged at {@code level} or above. */
	List<String> logged(Level level) {
		return List.copyOf(this.logged.list)
			.stream()
			.filter((event) -> event.getLevel().isGreaterOrEqual(level))
			.map((event) -> event.getFormattedMessage()
					+ ((event.getThrowableProxy() != null) ? " " + event.getThrowableProxy().getMessage() : ""))
			.toList();
	}

	static Provider provider(String baseUrl) {
		return provider(baseUrl, Duration.ofSeconds(5), true);
	}

	static Provider provider(String baseUrl, Duration timeout, boolean supportsStreamUsage) {
		return new Provider(new ProviderId("prv_" + "0".repeat(Ids.BODY_LENGTH)), "scripted",
				ProviderKind.OPENAI_COMPATIBLE, URI.create(baseUrl), Secret.of(PROVIDER_SECRET),
				List.of(new ModelPattern("gpt-*")), false, timeout, supportsStreamUsage, Instant.EPOCH);
	}

	static ChannelAccess access(Provider... providers) {
		return access(null, List.of(), true, true, providers);
	}

	static ChannelAccess access(@Nullable String suspended, List<ModelPattern> allowed, boolean drains,
			boolean estimates, Provider... providers) {
		String body = "0".repeat(Ids.BODY_LENGTH);
		Terms terms = new Terms(new AgencyId("agy_" + body), new ClientId("cli_" + body), 1,
				new ChargePolicy(ChargeBy.TOKENS, 1000, Report.UNITS, TokenWeights.ONE));
		return new ChannelAccess(new KeyId("key_" + body), new ChannelId("chn_" + body), null, suspended, terms,
				allowed, drains, estimates, new Providers(List.of(providers)), "acme");
	}

	@Override
	public void close() {
		((Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME)).detachAppender(this.logged);
		this.context.close();
		this.provider.close();
	}

	/**
	 * Spring Cloud Gateway's own view of what passes it.
	 *
	 * @param taken ids of routes
	 */
	record Routes(List<String> taken) implements GlobalFilter {

		@Override
		public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
			Route route = exchange.getRequiredAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
			this.taken.add(route.getId());
			return chain.filter(exchange);
		}

	}

	/**
	 * Nothing but the relay. No {@code Configuration}, or the whole application would
	 * find it.
	 */
	@EnableAutoConfiguration(exclude = { FlywayAutoConfiguration.class, DataSourceAutoConfiguration.class,
			R2dbcAutoConfiguration.class, DataRedisAutoConfiguration.class, DataRedisReactiveAutoConfiguration.class })
	@Import({ RelayConfiguration.class, TracesConfiguration.class, BrowserConfiguration.class })
	static class Slim {

		@Bean
		Clock clock() {
			return Clock.systemUTC();
		}

		@Bean
		Routes routes() {
			return new Routes(new CopyOnWriteArrayList<>());
		}

		@Bean
		Ids ids(Clock clock) {
			return new Ids(clock, new Random());
		}

	}

}
