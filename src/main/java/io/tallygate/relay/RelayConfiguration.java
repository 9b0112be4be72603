package io.tallygate.relay;

import java.time.Clock;
import java.time.Duration;
import java.util.Set;

import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.resolver.AddressResolverGroup;
import io.netty.resolver.dns.DnsAddressResolverGroup;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.tallygate.client.KeyDirectory;
import io.tallygate.core.Ids;
import io.tallygate.metering.Meter;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.ReactorNetty;
import reactor.netty.resources.LoopResources;

import java.net.InetSocketAddress;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory;
import org.springframework.boot.web.server.WebServerFactoryCustomizer;
import org.springframework.cloud.gateway.config.GlobalCorsProperties;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.handler.FilteringWebHandler;
import org.springframework.cloud.gateway.handler.RoutePredicateHandlerMapping;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.AbstractApplicationContext;
import org.springframework.context.support.DefaultLifecycleProcessor;
import org.springframework.core.env.Environment;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.util.unit.DataSize;

/**
 * Puts the data plane together, on Spring Cloud Gateway. Of the gateway it takes what
 * finds a route and runs its filters; the rest of its beans would serve routes that come
 * from settings, and there are none.
 */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RelayProperties.class)
class RelayConfiguration {

	private static final int WORK_WAITING_MAX = 10_000;

	private static final int BEFORE_OTHER_MAPPINGS = -2;

	/** One event loop a core, for clients and providers alike; Netty would take four. */
	@Bean
	ReactorResourceFactory eventLoops() {
		int loops = Integer.getInteger(ReactorNetty.IO_WORKER_COUNT, Runtime.getRuntime().availableProcessors());
		ReactorResourceFactory resources = new ReactorResourceFactory();
		resources.setUseGlobalResources(false);
		resources.setLoopResourcesSupplier(() -> LoopResources.create("tallygate", loops, true));
		return resources;
	}

	@Bean
	WebServerFactoryCustomizer<NettyReactiveWebServerFactory> requestTimeouts(RelayProperties properties) {
		return (factory) -> factory.addServerCustomizers((server) -> server.readTimeout(properties.bodyPauseMax())
			.idleTimeout(properties.clientIdleMax())
			.doOnChannelInit((observer, channel, address) -> {
				HeadDeadline.watch(channel, properties.headTimeMax());
				StalledClient.watch(channel, properties.clientStallMax());
			}));
	}

	@Bean(destroyMethod = "dispose", defaultCandidate = false)
	Scheduler relayWorkers(RelayProperties properties) {
		return Schedulers.newBoundedElastic(properties.workersMax(), WORK_WAITING_MAX, "relay-worker", 60, true);
	}

	@Bean
	Upstreams upstreams(RelayProperties properties, ReactorResourceFactory eventLoops,
			@Value("${tallygate.provider-hosts-private:false}") boolean hostsPrivate,
			@Value("${tallygate.provider-hosts-allowed:}") Set<String> hostsAllowed) {
		LoopResources loops = eventLoops.getLoopResources();
		AddressResolverGroup<InetSocketAddress> names = names(loops);
		return new Upstreams(properties, loops, hostsPrivate ? names : new PublicAddresses(names, hostsAllowed));
	}

	@Bean(initMethod = "load")
	Estimates estimates(@Qualifier("relayWorkers") Scheduler workers) {
		return new Estimates(workers);
	}

	@Bean
	BufferedBytes bufferedBytes(RelayProperties properties) {
		return new BufferedBytes(properties.bufferedBytesMax().toBytes());
	}

	@Bean
	Exchanges exchanges(RelayProperties properties, @Value("${tallygate.shutdown-grace:60s}") Duration grace) {
		return new Exchanges(properties.drainsMax(), grace);
	}

	/** Nothing that stops is waited for longer than the exchanges are. */
	@Bean(AbstractApplicationContext.LIFECYCLE_PROCESSOR_BEAN_NAME)
	static DefaultLifecycleProcessor shutdown(@Value("${tallygate.shutdown-grace:60s}") Duration grace) {
		DefaultLifecycleProcessor phases = new DefaultLifecycleProcessor();
		phases.setTimeoutPerShutdownPhase(grace.plus(Exchanges.ENDING).toMillis());
		return phases;
	}

	@Bean
	RelayMetrics relayMetrics(MeterRegistry registry, Exchanges exchanges, BufferedBytes buffered,
			@Value("${tallygate.telemetry.gen-ai:none}") GenAiMetrics.Conventions conventions) {
		return new RelayMetrics(registry, exchanges, buffered, new GenAiMetrics(registry, conventions));
	}

	@Bean
	Relay relay(RelayProperties properties, Clock clock, Meter meter, Upstreams upstreams, Estimates estimates,
			BufferedBytes buffered, Exchanges exchanges, RelayMetrics metrics, ObjectProvider<GenAiTraces> traces) {
		return new Relay(properties, clock, meter, upstreams, estimates, buffered, exchanges, metrics,
				traces.getIfAvailable(() -> GenAiTraces.NONE));
	}

	@Bean
	RouteLocator relayRoutes(Relay relay, KeyDirectory keys, Clock clock, Ids ids,
			@Qualifier("relayWorkers") Scheduler workers,
			@Value("${tallygate.body-bytes-max:32MB}") DataSize bodyBytesMax,
			@Value("${tallygate.public-url:http://localhost:${server.port:8080}}") String publicUrl) {
		ApiFilter.Answers answers = new ApiFilter.Answers(ids, relay.metrics());
		Callers callers = new Callers(keys, clock);
		return new RelayRoutes(new RelayFilter(answers, callers, bodyBytesMax.toBytes(), workers, relay),
				new ModelsFilter(answers, callers, relay.properties(), relay.upstreams()),
				new UnknownPathFilter(answers, publicUrl));
	}

	/** Filters of everybody's come before those of a route. */
	@Bean
	FilteringWebHandler gatewayFilters(ObjectProvider<GlobalFilter> filters) {
		return new FilteringWebHandler(filters.orderedStream().toList(), true);
	}

	/** Goes first: the data plane does not pass Spring's other mappings. */
	@Bean
	RoutePredicateHandlerMapping gatewayRoutes(FilteringWebHandler filters, RouteLocator routes,
			Environment environment) {
		RoutePredicateHandlerMapping mapping = new RoutePredicateHandlerMapping(filters, routes,
				new GlobalCorsProperties(), environment);
		mapping.setOrder(BEFORE_OTHER_MAPPINGS);
		return mapping;
	}

	/** Asks the name servers from the event loops; the JDK's way would block them. */
	private static AddressResolverGroup<InetSocketAddress> names(LoopResources loops) {
		EventLoopGroup group = loops.onClient(LoopResources.DEFAULT_NATIVE);
		return new DnsAddressResolverGroup(
				new DnsNameResolverBuilder().datagramChannelFactory(() -> loops.onChannel(DatagramChannel.class, group))
					.socketChannelFactory(() -> loops.onChannel(SocketChannel.class, group), true));
	}

}
