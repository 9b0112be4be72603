package io.tallygate.bench;

import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import org.jspecify.annotations.Nullable;

/**
 * The provider behind every target: answers chats at once, whole or streamed, on one
 * event loop. The model's name says how it streams: {@code bench:c=100,d=20} is 100
 * chunks, 20 ms apart. Each chunk says when it was written.
 */
@SuppressWarnings("FutureReturnValueIgnored") // a write that fails closes the connection
final class MockProvider {

	private static final int REQUEST_BYTES_MAX = 1 << 20;

	private static final Pattern MODEL = Pattern.compile("\"model\":\"bench(?::c=(\\d+),d=(\\d+))?\"");

	private static final Pattern TAG = Pattern.compile("\\[(\\d{10})] ");

	/** Streams that run; touched on the loop only, as the two below. */
	private int open;

	private int ended;

	private int aborted;

	private MockProvider() {
	}

	/** Listens on the port that is its argument. */
	public static void main(String[] args) {
		MockProvider provider = new MockProvider();
		Loop loop = Loop.start();
		new ServerBootstrap().group(loop.group())
			.channel(loop.server())
			.option(ChannelOption.SO_BACKLOG, 8192)
			.childOption(ChannelOption.TCP_NODELAY, true)
			.childHandler(new ChannelInitializer<SocketChannel>() {
				@Override
				protected void initChannel(SocketChannel channel) {
					channel.pipeline()
						.addLast(new HttpServerCodec(), new HttpObjectAggregator(REQUEST_BYTES_MAX),
								provider.new Answering());
				}
			})
			.bind("127.0.0.1", Integer.parseInt(args[0]))
			.syncUninterruptibly()
			.channel()
			.closeFuture()
			.syncUninterruptibly();
	}

	/** One connection. */
	private final class Answering extends SimpleChannelInboundHandler<FullHttpRequest> {

		private @Nullable Story story;

		@Override
		protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
			if (request.uri().equals("/streams")) {
				whole(context,
						"%d %d %d".formatted(MockProvider.this.open, MockProvider.this.ended, MockProvider.this.aborted)
							.getBytes(StandardCharsets.US_ASCII),
						"text/plain");
				return;
			}
			String asked = request.content().toString(StandardCharsets.ISO_8859_1);
			Matcher model = MODEL.matcher(asked);
			Matcher tag = TAG.matcher(asked);
			if (!model.find() || !tag.find()) {
				throw new IllegalArgumentException("Not a request of the bench: " + asked);
			}
			long number = Long.parseLong(tag.group(1));
			if (model.group(1) == null) {
				whole(context, Wanted.json(number), "application/json");
				return;
			}
			stream(context, number, Integer.parseInt(model.group(1)), Integer.parseInt(model.group(2)));
		}

		private void whole(ChannelHandlerContext context, byte[] body, String type) {
			DefaultFullHttpResponse answer = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK,
					Unpooled.wrappedBuffer(body));
			answer.headers()
				.set(HttpHeaderNames.CONTENT_TYPE, type)
				.setInt(HttpHeaderNames.CONTENT_LENGTH, body.length);
			context.writeAndFlush(answer);
		}

		private void stream(ChannelHandlerContext context, long tag, int chunks, int delayMillis) {
			HttpResponse answer = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
			answer.headers()
				.set(HttpHeaderNames.CONTENT_TYPE, "text/event-stream")
				.set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED);
			context.write(answer);
			MockProvider.this.open++;
			this.story = new Story(context, tag, chunks, delayMillis);
			this.story.run();
		}

		@Override
		public void channelInactive(ChannelHandlerContext context) {
			if (this.story != null && !this.story.isTold) {
				this.story.isTold = true;
				MockProvider.this.open--;
				MockProvider.this.aborted++;
			}
		}

		@Override
		public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
			context.close();
		}

	}

	/** A stream, told chunk by chunk. */
	private final class Story implements Runnable {

		private final ChannelHandlerContext context;

		private final long tag;

		private final int chunks;

		private final int delayMillis;

		private final CRC32C checksum = new CRC32C();

		private int told;

		private boolean isTold;

		private Story(ChannelHandlerContext context, long tag, int chunks, int delayMillis) {
			this.context = context;
			this.tag = tag;
			this.chunks = chunks;
			this.delayMillis = delayMillis;
		}

		@Override
		public void run() {
			if (this.isTold) {
				return;
			}
			byte[] chunk = Wanted.chunk(this.tag, this.told++, System.nanoTime());
			this.checksum.update(chunk);
			ByteBuf bytes = Unpooled.wrappedBuffer(chunk);
			if (this.told < this.chunks) {
				this.context.writeAndFlush(new DefaultHttpContent(bytes));
				this.context.executor().schedule(this, this.delayMillis, TimeUnit.MILLISECONDS);
				return;
			}
			this.isTold = true;
			MockProvider.this.open--;
			MockProvider.this.ended++;
			byte[] usage = Wanted.usage(this.tag, this.checksum.getValue());
			this.context.write(new DefaultHttpContent(
					Unpooled.wrappedBuffer(bytes, Unpooled.wrappedBuffer(usage), Unpooled.wrappedBuffer(Wanted.DONE))));
			this.context.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT);
		}

	}

}
