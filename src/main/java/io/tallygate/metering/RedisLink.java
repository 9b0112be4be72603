package io.tallygate.metering;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;

import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.reactive.RedisHashReactiveCommands;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

/**
 * The connection to Redis, or to a cluster: made the first time that somebody reaches for
 * it and Redis is there, and kept up by the driver from then on.
 */
class RedisLink implements AutoCloseable {

	private final AbstractRedisClient client;

	private @Nullable CompletableFuture<Optional<RuntimeException>> making;

	private volatile @Nullable Made made;

	private boolean closed;

	RedisLink(AbstractRedisClient client) {
		this.client = client;
	}

	/** Who connects. */
	AbstractRedisClient client() {
		return this.client;
	}

	/**
	 * Connects, unless that has succeeded before or is under way. The driver waits in
	 * some of its steps, so that this is not for an event loop.
	 * @return completes, without the reason when there is a connection; a value, because
	 * whoever has given up waiting need not hear of an error
	 */
	synchronized CompletableFuture<Optional<RuntimeException>> reach() {
		if (this.making == null || (this.making.isDone() && this.made == null)) {
			this.making = CompletableFuture.supplyAsync(this::connect, Schedulers.boundedElastic()::schedule);
		}
		return this.making;
	}

	private Optional<RuntimeException> connect() {
		try {
			keep(make());
			return Optional.empty();
		}
		catch (RuntimeException ex) {
			return Optional.of(ex);
		}
	}

	private Made make() {
		return (this.client instanceof RedisClusterClient cluster) ? Made.of(cluster.connect(TextCodec.INSTANCE))
				: Made.of(((RedisClient) this.client).connect(TextCodec.INSTANCE));
	}

	private synchronized void keep(Made now) {
		if (this.closed) {
			now.connection().close();
			throw new IllegalStateException("The connection is not wanted any more");
		}
		this.made = now;
	}

	/** Commands; fails where Redis has not been reached yet. */
	RedisClusterAsyncCommands<String, String> commands() {
		return made().commands();
	}

	/** The commands by which hashes are read bit by bit. */
	RedisHashReactiveCommands<String, String> hashes() {
		return made().hashes();
	}

	private Made made() {
		Made made = this.made;
		if (made == null) {
			throw new RedisConnectionException("Redis has not been reached yet");
		}
		return made;
	}

	@Override
	public synchronized void close() {
		this.closed = true;
		Made made = this.made;
		if (made != null) {
			made.connection().close();
		}
	}

	private record Made(StatefulConnection<String, String> connection,
			RedisClusterAsyncCommands<String, String> commands, RedisHashReactiveCommands<String, String> hashes) {

		static Made of(StatefulRedisConnection<String, String> one) {
			return new Made(one, one.async(), one.reactive());
		}

		static Made of(StatefulRedisClusterConnection<String, String> cluster) {
			return new Made(cluster, cluster.async(), cluster.reactive());
		}

	}

}
