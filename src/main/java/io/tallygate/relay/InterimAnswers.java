package io.tallygate.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import reactor.netty.NettyPipeline;

/**
 * Passes over what a provider says before its answer (102, 103; RFC 9110, 15.2). Reactor
 * Netty knows 100 only: it would take another for the answer itself, and the answer for
 * that to the next request on the connection.
 */
final class InterimAnswers extends ChannelInboundHandlerAdapter {

	private boolean isPassingOver;

	private boolean passedOver;

	private InterimAnswers() {
	}

	/** For this connection to a provider. */
	static void passOver(Channel channel) {
		if (channel.pipeline().get(NettyPipeline.HttpCodec) != null) {
			channel.pipeline().addAfter(NettyPipeline.HttpCodec, null, new InterimAnswers());
		}
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		if (message instanceof HttpResponse response) {
			this.isPassingOver = response.status().codeClass() == HttpStatusClass.INFORMATIONAL;
		}
		if (!this.isPassingOver) {
			context.fireChannelRead(message);
			return;
		}
		this.passedOver = true;
		if (message instanceof LastHttpContent) {
			this.isPassingOver = false;
		}
		ReferenceCountUtil.release(message);
	}

	/** Who waits for the answer has seen nothing, and so asks for nothing more. */
	@Override
	public void channelReadComplete(ChannelHandlerContext context) {
		context.fireChannelReadComplete();
		if (this.passedOver) {
			this.passedOver = false;
			context.read();
		}
	}

}
