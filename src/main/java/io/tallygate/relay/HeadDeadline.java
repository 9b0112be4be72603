package io.tallygate.relay;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.ScheduledFuture;
import org.jspecify.annotations.Nullable;
import reactor.netty.NettyPipeline;

/**
 * Hangs up on who does not finish a request's head in time, however steadily its bytes
 * come: a bound on pauses would let one hold a connection for days. It stands on both
 * sides of the decoder, to see where a head begins and where it ends.
 */
final class HeadDeadline {

	private final Duration max;

	private boolean isBetweenRequests = true;

	private @Nullable ScheduledFuture<?> deadline;

	private HeadDeadline(Duration max) {
		this.max = max;
	}

	/** For this connection of a client. */
	static void watch(Channel channel, Duration max) {
		ChannelPipeline pipeline = channel.pipeline();
		if (pipeline.get(NettyPipeline.HttpCodec) != null) {
			HeadDeadline watch = new HeadDeadline(max);
			pipeline.addBefore(NettyPipeline.HttpCodec, null, watch.new Bytes());
			pipeline.addAfter(NettyPipeline.HttpCodec, null, watch.new Messages());
		}
	}

	private void met() {
		if (this.deadline != null) {
			this.deadline.cancel(false);
			this.deadline = null;
		}
	}

	/** What comes. */
	private final class Bytes extends ChannelInboundHandlerAdapter {

		@Override
		@SuppressWarnings("FutureReturnValueIgnored")
		public void channelRead(ChannelHandlerContext context, Object bytes) {
			if (HeadDeadline.this.isBetweenRequests && HeadDeadline.this.deadline == null && beginsAHead(bytes)) {
				HeadDeadline.this.deadline = context.executor()
					.schedule(() -> context.close(), HeadDeadline.this.max.toMillis(), TimeUnit.MILLISECONDS);
			}
			context.fireChannelRead(bytes);
		}

		@Override
		public void channelInactive(ChannelHandlerContext context) {
			met();
			context.fireChannelInactive();
		}

	}

	/** Empty lines between requests are none's, as old clients send them after a body. */
	private static boolean beginsAHead(Object bytes) {
		return !(bytes instanceof ByteBuf buffer) || buffer.forEachByte((value) -> value == '\r' || value == '\n') >= 0;
	}

	/** What was understood. */
	private final class Messages extends ChannelInboundHandlerAdapter {

		@Override
		public void channelRead(ChannelHandlerContext context, Object message) {
			if (message instanceof HttpRequest) {
				HeadDeadline.this.isBetweenRequests = false;
				met();
			}
			if (message instanceof LastHttpContent) {
				HeadDeadline.this.isBetweenRequests = true;
			}
			context.fireChannelRead(message);
		}

	}

}
