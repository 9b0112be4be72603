package io.tallygate.metering;

import java.util.Optional;
import java.util.concurrent.TimeUnit;

import io.lettuce.core.resource.EventLoopGroupProvider;
import io.lettuce.core.resource.Transports;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.EventExecutorGroup;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import reactor.netty.resources.LoopResources;

/**
 * Lets Redis's driver work on event loops that it does not own: on one that has an
 * exchange in its hands, an answer of Redis needs no other thread to be woken.
 *
 * @param loops of whoever serves the exchanges, and ends them
 * @param threadPoolSize how many those are
 */
record SharedEventLoops(EventLoopGroup loops, int threadPoolSize) implements EventLoopGroupProvider {

	/**
	 * Those of the relay, unless the driver would open channels of another kind on them:
	 * both look for a native transport by themselves, and may be told not to.
	 */
	static Optional<EventLoopGroupProvider> of(LoopResources relay) {
		boolean isNative = Transports.socketChannelClass() != NioSocketChannel.class;
		if (isNative != LoopResources.DEFAULT_NATIVE) {
			return Optional.empty();
		}
		return Optional.of(new SharedEventLoops(relay.onServer(LoopResources.DEFAULT_NATIVE),
				Runtime.getRuntime().availableProcessors()));
	}

	/** The driver names a class, and is content with the interface. */
	@Override
	@SuppressWarnings("unchecked")
	public <T extends EventLoopGroup> T allocate(Class<T> type) {
		return (T) this.loops;
	}

	@Override
	public Future<Boolean> release(EventExecutorGroup loops, long quietPeriod, long timeout, TimeUnit unit) {
		return ImmediateEventExecutor.INSTANCE.newSucceededFuture(Boolean.TRUE);
	}

	@Override
	public Future<Boolean> shutdown(long quietPeriod, long timeout, TimeUnit unit) {
		return ImmediateEventExecutor.INSTANCE.newSucceededFuture(Boolean.TRUE);
	}

}
