package io.tallygate.bench;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import org.jspecify.annotations.Nullable;

/** A kept-alive connection to a target, with one call at a time. */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the connection
final class Link extends ChannelInboundHandlerAdapter {

	private static final byte[] HEAD = ascii(
			"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ");

	private static final String REST_OF_HEAD = "Content-Type: application/json\r\nAccept: */*\r\n"
			+ "User-Agent: bench\r\nContent-Length: ";

	private final byte[] restOfHead;

	private final Consumer<Link> idle;

	private @Nullable Channel channel;

	private @Nullable Call call;

	private boolean isLeaving;

	private Link(byte[] restOfHead, Consumer<Link> idle) {
		this.restOfHead = restOfHead;
		this.idle = idle;
	}

	/**
	 * Connects.
	 * @param idle told when it can take a call, and again after each
	 * @param refused told when there is no connection
	 */
	static Link open(Loop loop, Target target, Consumer<Link> idle, Consumer<String> refused) {
		Link link = new Link(ascii("\r\n" + target.headers() + REST_OF_HEAD), idle);
		ChannelFuture connecting = new Bootstrap().group(loop.group())
			.channel(loop.socket())
			.option(ChannelOption.TCP_NODELAY, true)
			.handler(new ChannelInitializer<>() {
				@Override
				protected void initChannel(Channel channel) {
					channel.pipeline().addLast(new HttpResponseDecoder(), link);
				}
			})
			.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), target.port()));
		connecting.addListener((done) -> {
			if (done.isSuccess()) {
				link.channel = connecting.channel();
				idle.accept(link);
			}
			else {
				refused.accept(String.valueOf(done.cause()));
			}
		});
		return link;
	}

	/**
	 * Sends a request under a key. Written by hand: a client that is slow would be
	 * measured too.
	 */
	void send(Call call, byte[] key, byte[] body) {
		this.call = call;
		Channel to = this.channel;
		if (to != null) {
			to.writeAndFlush(Unpooled.wrappedBuffer(HEAD, key, this.restOfHead, ascii(body.length + "\r\n\r\n"), body));
		}
	}

	/** Hangs up in the middle of an answer, or after the last. */
	void leave() {
		this.isLeaving = true;
		if (this.channel != null) {
			this.channel.close();
		}
	}

	@Override
	public void channelRead(ChannelHandlerContext context, Object message) {
		Call under = this.call;
		if (under != null && message instanceof HttpResponse answer && answer.status().code() != 200) {
			under.failed("Answered " + answer.status());
			this.call = null;
		}
		else if (under != null && message instanceof HttpContent content) {
			read(under, content.content());
		}
		if (message instanceof LastHttpContent) {
			if (this.call != null) {
				this.call.ended();
				this.call = null;
			}
			ReferenceCountUtil.release(message);
			this.idle.accept(this);
			return;
		}
		ReferenceCountUtil.release(message);
	}

	private static byte[] ascii(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

	private static void read(Call call, ByteBuf bytes) {
		if (bytes.isReadable()) {
			call.received(bytes);
		}
	}

	@Override
	public void channelInactive(ChannelHandlerContext context) {
		Call under = this.call;
		if (under != null && !this.isLeaving) {
			this.call = null;
			under.failed("The connection broke in the middle of an answer");
		}
	}

	@Override
	public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
		Call under = this.call;
		this.call = null;
		if (under != null && !this.isLeaving) {
			under.failed(cause.toString());
		}
		context.close();
	}

}
