package io.tallygate.nemesis;

import java.nio.charset.StandardCharsets;
import java.util.Deque;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.concurrent.ScheduledFuture;
import io.tallygate.nemesis.Attempt.Ending;
import io.tallygate.nemesis.Attempt.Use;

/** HTTP to one gateway, over connections that are kept. */
final class App implements AutoCloseable {

	/** No provider of ours takes so long, and no outage. */
	private static final int PATIENCE_SECONDS = 60;

	private static final int SLOW_READ_MILLIS = 25;

	private static final String DONE = "data: [DONE]\n\n";

	/** How a stream begins to say that it failed. */
	private static final String ERROR = "data: {\"error\"";

	/** Where nginx says whom it asked, because the campaign tells it to. */
	private static final String UPSTREAM = "x-upstream";

	private final EventLoopGroup loops;

	private final int port;

	private final Deque<Channel> idle = new ConcurrentLinkedDeque<>();

	private final AtomicInteger underWay = new AtomicInteger();

	App(EventLoopGroup loops, int port) {
		this.loops = loops;
		this.port = port;
	}

	int underWay() {
		return this.underWay.get();
	}

	/** Asks, and says when that has ended, whichever way. */
	void ask(Attempt attempt, Runnable ended) {
		this.underWay.incrementAndGet();
		Asking asking = new Asking(attempt, () -> {
			this.underWay.decrementAndGet();
			ended.run();
		});
		Channel kept = (attempt.use() != Use.SLOW) ? kept() : null;
		if (kept != null) {
			kept.eventLoop().execute(() -> asking.begin(kept));
			return;
		}
		Bootstrap connector = new Bootstrap().group(this.loops)
			.channel(NioSocketChannel.class)
			.option(ChannelOption.TCP_NODELAY, true)
			.option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 5000)
			.handler(new ChannelInitializer<SocketChannel>() {
				@Override
				protected void initChannel(SocketChannel channel) {
					channel.pipeline().addLast(new HttpClientCodec());
				}
			});
		if (attempt.use() == Use.SLOW) {
			connector.option(ChannelOption.SO_RCVBUF, 4096).option(ChannelOption.AUTO_READ, false);
		}
		connector.connect("127.0.0.1", this.port).addListener((io.netty.channel.ChannelFuture connected) -> {
			if (connected.isSuccess()) {
				asking.begin(connected.channel());
			}
			else {
				asking.end(Ending.REFUSED);
			}
		});
	}

	private Channel kept() {
		Channel next = this.idle.pollFirst();
		while (next != null && !next.isActive()) {
			next = this.idle.pollFirst();
		}
		return next;
	}

	@Override
	public void close() {
		this.idle.forEach(Channel::close);
	}

	/** One request on one connection. */
	private final class Asking extends SimpleChannelInboundHandler<HttpObject> {

		private final Attempt attempt;

		private final Runnable ended;

		/** Events of a stream that the app reads before it hangs up. */
		private final int eventsWanted;

		private Channel channel;

		private ScheduledFuture<?> patience;

		private boolean isKeptAlive;

		private final Sought done = new Sought(DONE);

		private final Sought error = new Sought(ERROR);

		private boolean isAfterLine;

		Asking(Attempt attempt, Runnable ended) {
			this.attempt = attempt;
			this.ended = ended;
			this.eventsWanted = (attempt.use() == Use.HANG_UP)
					? 1 + (int) (attempt.begunMillis() % Math.max(1, attempt.model().tokens() - 1)) : Integer.MAX_VALUE;
		}

		void begin(Channel channel) {
			this.channel = channel;
			if (!channel.isActive()) {
				end(Ending.REFUSED);
				return;
			}
			channel.pipeline().addLast(this);
			this.patience = channel.eventLoop()
				.schedule(() -> giveUp(Ending.GIVEN_UP), PATIENCE_SECONDS, TimeUnit.SECONDS);
			byte[] body = ("{\"model\":\"" + this.attempt.model().name() + "\",\"user\":\"" + this.attempt.tag()
					+ "\",\"stream\":" + (this.attempt.use() != Use.WHOLE)
					+ ",\"messages\":[{\"role\":\"user\",\"content\":\"Are you still there?\"}]}")
				.getBytes(StandardCharsets.UTF_8);
			DefaultFullHttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST,
					"/v1/chat/completions", Unpooled.wrappedBuffer(body));
			request.headers()
				.set(HttpHeaderNames.HOST, "localhost")
				.set(HttpHeaderNames.AUTHORIZATION, "Bearer " + this.attempt.customer().key())
				.set(HttpHeaderNames.CONTENT_TYPE, "application/json")
				.set(HttpHeaderNames.CONTENT_LENGTH, body.length);
			channel.writeAndFlush(request);
			if (this.attempt.use() == Use.SLOW) {
				readSlowly();
			}
		}

		private void readSlowly() {
			if (!this.attempt.isOver()) {
				this.channel.read();
				this.channel.eventLoop().schedule(this::readSlowly, SLOW_READ_MILLIS, TimeUnit.MILLISECONDS);
			}
		}

		@Override
		protected void channelRead0(ChannelHandlerContext context, HttpObject part) {
			if (part instanceof HttpResponse head) {
				this.isKeptAlive = HttpUtil.isKeepAlive(head);
				this.attempt.answered(head.status().code(), text(head, "x-request-id"),
						text(head, "x-provider-request-id"), text(head, UPSTREAM));
			}
			if (part instanceof HttpContent content) {
				boolean isStream = this.attempt.use() != Use.WHOLE && this.attempt.status() == 200;
				if (isStream) {
					read(content.content());
				}
				if (part instanceof LastHttpContent && part.decoderResult().isSuccess()) {
					boolean isWhole = !isStream || this.done.isLast();
					if (!isWhole) {
						this.attempt.falseEnd();
					}
					finish((this.attempt.status() != 200) ? Ending.ERROR : isWhole ? Ending.COMPLETE : Ending.CUT);
				}
			}
		}

		private static String text(HttpResponse head, String name) {
			String value = head.headers().get(name);
			return (value != null) ? value : "";
		}

		private void read(ByteBuf bytes) {
			while (bytes.isReadable() && !this.attempt.isOver()) {
				byte next = bytes.readByte();
				this.done.read(next);
				this.error.read(next);
				if (this.error.isLast()) {
					this.attempt.errorEvent();
				}
				if (next == '\n' && this.isAfterLine && this.attempt.event() >= this.eventsWanted) {
					giveUp(Ending.HUNG_UP);
				}
				this.isAfterLine = next == '\n';
			}
		}

		@Override
		public void channelInactive(ChannelHandlerContext context) {
			end(Ending.CUT);
		}

		@Override
		public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
			context.close();
			end(Ending.CUT);
		}

		/** Hangs up; every other time as one who crashed. */
		private void giveUp(Ending ending) {
			if (this.attempt.begunMillis() % 2 == 0) {
				this.channel.config().setOption(ChannelOption.SO_LINGER, 0);
			}
			// First, so that nobody takes the closing for the gateway's.
			end(ending);
			this.channel.close();
		}

		private void finish(Ending ending) {
			this.channel.pipeline().remove(this);
			if (this.isKeptAlive && this.attempt.use() != Use.SLOW) {
				App.this.idle.addFirst(this.channel);
			}
			else {
				this.channel.close();
			}
			end(ending);
		}

		void end(Ending ending) {
			if (this.patience != null) {
				this.patience.cancel(false);
			}
			if (this.attempt.end(ending)) {
				this.ended.run();
			}
		}

	}

	/**
	 * Text that is looked for in a stream; its first character stands nowhere else in it.
	 */
	private static final class Sought {

		private final byte[] text;

		/** Bytes of it that have come, in their order. */
		private int seen;

		Sought(String text) {
			this.text = text.getBytes(StandardCharsets.US_ASCII);
		}

		void read(byte next) {
			this.seen = (!isLast() && next == this.text[this.seen]) ? this.seen + 1 : (next == this.text[0]) ? 1 : 0;
		}

		/** Whether it is what came last. */
		boolean isLast() {
			return this.seen == this.text.length;
		}

	}

}
