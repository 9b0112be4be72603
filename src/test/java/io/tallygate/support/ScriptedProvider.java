package io.tallygate.support;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequestDecoder;

/**
 * An LLM provider at a socket that sends exactly the bytes it is told to, in the pieces
 * and at the times it is told, and remembers what it was asked.
 */
public final class ScriptedProvider implements AutoCloseable {

	/**
	 * A request that came.
	 *
	 * @param method of it
	 * @param uri of it
	 * @param headers all of them
	 * @param body all of it
	 */
	public record Received(String method, String uri, HttpHeaders headers, String body) {
	}

	/**
	 * An answer, byte for byte.
	 *
	 * @param pieces written one by one, head included
	 * @param before the wait before each piece but the first
	 * @param aborts whether the connection is cut after the last piece
	 */
	public record Script(List<byte[]> pieces, Duration before, boolean aborts) {

		/** The same with a wait before each piece. */
		public Script pausing(Duration pause) {
			return new Script(this.pieces, pause, this.aborts);
		}

		/** The same stream under another content type. */
		public Script named(String contentType) {
			String head = new String(this.pieces.get(0), StandardCharsets.US_ASCII);
			List<byte[]> parts = new ArrayList<>(this.pieces);
			parts.set(0, head.replace(EVENT_STREAM, contentType).getBytes(StandardCharsets.US_ASCII));
			return new Script(parts, this.before, this.aborts);
		}

		/**
		 * The same, of which nothing more comes after {@code count} pieces for a minute.
		 */
		public Script stallingAfter(int count) {
			List<byte[]> parts = new ArrayList<>();
			parts.add(join(this.pieces.subList(0, count).toArray(byte[][]::new)));
			parts.addAll(this.pieces.subList(count, this.pieces.size()));
			return new Script(parts, Duration.ofMinutes(1), this.aborts);
		}

		/** The same, cut off after {@code count} pieces. */
		public Script abortingAfter(int count) {
			return new Script(this.pieces.subList(0, count), this.before, true);
		}

	}

	private static final String EVENT_STREAM = "text/event-stream; charset=utf-8";

	private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());

	private final Queue<Script> scripts = new ConcurrentLinkedQueue<>();

	private volatile Function<Received, Script> choice = (request) -> (this.scripts.size() > 1) ? this.scripts.poll()
			: this.scripts.peek();

	private final BlockingQueue<Received> received = new LinkedBlockingQueue<>();

	private final AtomicInteger aborted = new AtomicInteger();

	private final AtomicInteger written = new AtomicInteger();

	private final Channel server;

	/** Starts on a free port. */
	public ScriptedProvider() {
		this.server = new ServerBootstrap().group(this.loops)
			.channel(NioServerSocketChannel.class)
			.childHandler(new ChannelInitializer<SocketChannel>() {
				@Override
				protected void initChannel(SocketChannel channel) {
					channel.pipeline()
						.addLast(new HttpRequestDecoder(), new HttpObjectAggregator(64 * 1024 * 1024), new Player());
				}
			})
			.bind("127.0.0.1", 0)
			.syncUninterruptibly()
			.channel();
	}

	public int port() {
		return ((java.net.InetSocketAddress) this.server.localAddress()).getPort();
	}

	/** What an agency enters as base URL. */
	public String baseUrl() {
		return "http://127.0.0.1:" + port() + "/v1";
	}

	/** Answers the next request so; the last script answers all that follow. */
	public void answers(Script script) {
		this.scripts.add(script);
	}

	/** Answers every request by what was asked; many at once do not get each other's. */
	public void answers(Function<Received, Script> choice) {
		this.choice = choice;
	}

	/** Forgets all scripts and requests. */
	public void reset() {
		this.scripts.clear();
		this.received.clear();
		this.aborted.set(0);
		this.written.set(0);
	}

	/** The next request, waited for. */
	public Received request() {
		try {
			Received next = this.received.poll(10, TimeUnit.SECONDS);
			if (next == null) {
				throw new AssertionError("No request came to the provider");
			}
			return next;
		}
		catch (InterruptedException ex) {
			throw new AssertionError(ex);
		}
	}

	/** Requests that came and were not asked for yet. */
	public int requests() {
		return this.received.size();
	}

	/** Connections that the gateway closed before the answer was out. */
	public int aborted() {
		return this.aborted.get();
	}

	/** Pieces that were written out so far. */
	public int written() {
		return this.written.get();
	}

	/** A JSON answer in one piece. */
	public static Script json(int status, String body, String... headers) {
		byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
		String head = head(status, "application/json", "Content-Length: " + bytes.length, headers);
		return new Script(List.of(join(head.getBytes(StandardCharsets.US_ASCII), bytes)), Duration.ZERO, false);
	}

	/** A JSON answer of status 200 in these pieces. */
	public static Script json(List<byte[]> pieces, String... headers) {
		int length = pieces.stream().mapToInt((piece) -> piece.length).sum();
		List<byte[]> all = new ArrayList<>();
		all.add(head(200, "application/json", "Content-Length: " + length, headers)
			.getBytes(StandardCharsets.US_ASCII));
		all.addAll(pieces);
		return new Script(all, Duration.ZERO, false);
	}

	/** An event stream in these pieces, each a chunk of its own. */
	public static Script stream(List<byte[]> pieces, String... headers) {
		List<byte[]> all = new ArrayList<>();
		all.add(head(200, EVENT_STREAM, "Transfer-Encoding: chunked", headers).getBytes(StandardCharsets.US_ASCII));
		for (byte[] piece : pieces) {
			all.add(join((Integer.toHexString(piece.length) + "\r\n").getBytes(StandardCharsets.US_ASCII), piece,
					"\r\n".getBytes(StandardCharsets.US_ASCII)));
		}
		all.add("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
		return new Script(all, Duration.ZERO, false);
	}

	/** An answer that is just these bytes, and then the end of the connection. */
	public static Script raw(String bytes) {
		return new Script(List.of(bytes.getBytes(StandardCharsets.UTF_8)), Duration.ZERO, true);
	}

	@Override
	public void close() {
		this.server.close().syncUninterruptibly();
		this.loops.shutdownGracefully(0, 1, TimeUnit.SECONDS);
	}

	private static String head(int status, String contentType, String framing, String... headers) {
		StringBuilder head = new StringBuilder(
				"HTTP/1.1 " + status + " Scripted\r\nContent-Type: " + contentType + "\r\n" + framing + "\r\n");
		for (String header : headers) {
			head.append(header).append("\r\n");
		}
		return head.append("\r\n").toString();
	}

	private static byte[] join(byte[]... parts) {
		ByteBuf all = Unpooled.wrappedBuffer(parts);
		byte[] bytes = new byte[all.readableBytes()];
		all.readBytes(bytes);
		return bytes;
	}

	/** Plays a script on one connection. */
	private final class Player extends SimpleChannelInboundHandler<FullHttpRequest> {

		private boolean playing;

		@Override
		protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
			if (request.decoderResult().isFailure()) {
				context.close();
				return;
			}
			Received asked = new Received(request.method().name(), request.uri(), request.headers().copy(),
					request.content().toString(StandardCharsets.UTF_8));
			ScriptedProvider.this.received.add(asked);
			Script script = ScriptedProvider.this.choice.apply(asked);
			if (script != null) {
				this.playing = true;
				play(context, script, 0);
			}
		}

		@Override
		public void channelInactive(ChannelHandlerContext context) {
			if (this.playing) {
				ScriptedProvider.this.aborted.incrementAndGet();
			}
		}

		private void play(ChannelHandlerContext context, Script script, int index) {
			if (!context.channel().isActive()) {
				return;
			}
			if (index == script.pieces().size()) {
				this.playing = false;
				if (script.aborts()) {
					context.close();
				}
				return;
			}
			context.writeAndFlush(Unpooled.wrappedBuffer(script.pieces().get(index))).addListener((written) -> {
				ScriptedProvider.this.written.incrementAndGet();
				if (script.before().isZero() || index + 1 == script.pieces().size()) {
					context.executor().execute(() -> play(context, script, index + 1));
				}
				else {
					context.executor()
						.schedule(() -> play(context, script, index + 1), script.before().toMillis(),
								TimeUnit.MILLISECONDS);
				}
			});
		}

	}

}
