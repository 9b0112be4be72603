package io.tallygate.relay;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.channel.ChannelOption;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.FastThreadLocal;
import io.tallygate.core.ProviderId;
import io.tallygate.provider.Provider;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.SslProvider;

/**
 * The ways to the providers. Every event loop has its own connections and its own
 * configured client for each provider, so that a request stays on the loop that it came
 * in on and configures nothing.
 */
final class Upstreams implements AutoCloseable {

	/** Providers for which one loop keeps a configured client. */
	private static final int CLIENTS_MAX = 1000;

	private static final int HEADER_BYTES_MAX = 64 * 1024;

	private final RelayProperties properties;

	private final LoopResources loops;

	private final AddressResolverGroup<?> addresses;

	private final Queue<ConnectionProvider> pools = new ConcurrentLinkedQueue<>();

	private final AtomicInteger names = new AtomicInteger();

	private final FastThreadLocal<OfLoop> ofLoop = new FastThreadLocal<>() {
		@Override
		protected OfLoop initialValue() {
			return new OfLoop(client());
		}
	};

	/**
	 * Made here, where whoever starts us waits: the certificates that are trusted are
	 * read from a disk, which no event loop may do.
	 */
	private final SslProvider tls = Objects.requireNonNull(HttpClient.create().secure().configuration().sslProvider());

	Upstreams(RelayProperties properties, LoopResources loops, AddressResolverGroup<?> addresses) {
		this.properties = properties;
		this.loops = loops;
		this.addresses = addresses;
	}

	/**
	 * This event loop's client for {@code provider}: no redirects, no second try, no
	 * decompression, and no longer pause than the provider's timeout.
	 */
	HttpClient to(Provider provider) {
		return this.ofLoop.get().to(provider);
	}

	/** Where {@code provider} has the resource {@code path} ("/chat/completions"). */
	static String uri(Provider provider, String path) {
		return provider.baseUrl() + path;
	}

	@Override
	public void close() {
		this.pools.forEach(ConnectionProvider::dispose);
		this.addresses.close();
	}

	private HttpClient client() {
		ConnectionProvider pool = ConnectionProvider.builder("providers-" + this.names.incrementAndGet())
			.maxConnections(this.properties.connectionsMax())
			.pendingAcquireMaxCount(this.properties.connectionsMax())
			.pendingAcquireTimeout(this.properties.connectTimeout())
			.maxIdleTime(this.properties.connectionIdleMax())
			.evictInBackground(this.properties.connectionIdleMax())
			.lifo()
			.build();
		this.pools.add(pool);
		return HttpClient.create(pool)
			.runOn(this.loops)
			.secure(this.tls)
			.resolver(this.addresses)
			.option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) this.properties.connectTimeout().toMillis())
			.option(ChannelOption.TCP_NODELAY, true)
			.followRedirect(false)
			.disableRetry(true)
			.httpResponseDecoder((decoder) -> decoder.maxHeaderSize(HEADER_BYTES_MAX));
	}

	/** What one event loop keeps. */
	private static final class OfLoop extends LinkedHashMap<ProviderId, Configured> {

		private static final long serialVersionUID = 1L;

		private final transient HttpClient client;

		OfLoop(HttpClient client) {
			super(16, 0.75f, true);
			this.client = client;
		}

		HttpClient to(Provider provider) {
			Configured known = get(provider.id());
			if (known == null || !known.timeout().equals(provider.timeout())) {
				known = new Configured(provider.timeout(), this.client.responseTimeout(provider.timeout()));
				put(provider.id(), known);
			}
			return known.client();
		}

		@Override
		protected boolean removeEldestEntry(Map.Entry<ProviderId, Configured> eldest) {
			return size() > CLIENTS_MAX;
		}

	}

	/**
	 * A client as a provider wanted it when it was configured.
	 *
	 * @param timeout the provider's, which a person may change
	 * @param client with that timeout
	 */
	private record Configured(Duration timeout, HttpClient client) {
	}

}
