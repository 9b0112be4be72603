package io.tallygate.relay;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Hangs up on a client that takes nothing at all of what fills its connection: an answer
 * that is whole would wait for it for ever. One that is slow takes some.
 */
final class StalledClient extends ChannelInboundHandlerAdapter {

	private final Duration max;

	private @Nullable Future<?> deadline;

	/** What is being sent, how much of it is, and how much waits with it. */
	private @Nullable Object sending;

	private long sent;

	/** Buffers are used again, so that another one may be the same object. */
	private long unsent;

	private StalledClient(Duration max) {
		this.max = max;
	}

	/** For this connection of a client. */
	static void watch(Channel channel, Duration max) {
		channel.pipeline().addFirst(new StalledClient(max));
	}

	@Override
	public void channelWritabilityChanged(ChannelHandlerContext context) {
		if (context.channel().isWritable()) {
			met();
		}
		else if (this.deadline == null) {
			look(context);
		}
		context.fireChannelWritabilityChanged();
	}

	@Override
	public void channelInactive(ChannelHandlerContext context) {
		met();
		context.fireChannelInactive();
	}

	private void look(ChannelHandlerContext context) {
		ChannelOutboundBuffer waiting = context.channel().unsafe().outboundBuffer();
		this.sending = (waiting != null) ? waiting.current() : null;
		this.sent = (waiting != null) ? waiting.currentProgress() : 0;
		this.unsent = (waiting != null) ? waiting.totalPendingWriteBytes() : 0;
		this.deadline = context.executor().schedule(() -> judge(context), this.max.toMillis(), TimeUnit.MILLISECONDS);
	}

	@SuppressWarnings({ "FutureReturnValueIgnored", "ReferenceEquality" })
	private void judge(ChannelHandlerContext context) {
		this.deadline = null;
		ChannelOutboundBuffer waiting = context.channel().unsafe().outboundBuffer();
		boolean tookNone = waiting != null && waiting.current() == this.sending
				&& waiting.currentProgress() == this.sent && waiting.totalPendingWriteBytes() == this.unsent;
		if (tookNone) {
			context.close();
		}
		else {
			look(context);
		}
	}

	private void met() {
		this.sending = null;
		if (this.deadline != null) {
			this.deadline.cancel(false);
			this.deadline = null;
		}
	}

}
