package io.tallygate.relay;

import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.channel.ChannelOption;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.FastThreadLocal;
import io.tallygate.provider.Provider;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.SslProvider;

/**
 * The ways to the providers. Every event loop has its own connections and its own
 * configured client, so that a request stays on the loop that it came in on and
 * configures nothing.
 */
final class Upstreams implements AutoCloseable {

	private static final int HEADER_BYTES_MAX = 64 * 1024;

	private final RelayProperties properties;

	private final LoopResources loops;

	private final AddressResolverGroup<?> addresses;

	private final Queue<ConnectionProvider> pools = new ConcurrentLinkedQueue<>();

	private final AtomicInteger names = new AtomicInteger();

	private final FastThreadLocal<HttpClient> ofLoop = new FastThreadLocal<>() {
		@Override
		protected HttpClient initialValue() {
			return client();
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
	 * This event loop's client: no redirects, no second try, no decompression. How long a
	 * provider may be silent is up to who listens to it.
	 */
	HttpClient ofThisLoop() {
		return this.ofLoop.get();
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
			.doOnChannelInit((observer, channel, address) -> InterimAnswers.passOver(channel))
			.httpResponseDecoder((decoder) -> decoder.maxHeaderSize(HEADER_BYTES_MAX));
	}

}
