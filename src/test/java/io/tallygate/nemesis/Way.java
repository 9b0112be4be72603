package io.tallygate.nemesis;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.ReferenceCountUtil;

/**
 * The way from a gateway to a server: a port that passes every byte on, in the
 * {@link Manner} that it is told. What has been sent by one side arrives before that
 * side's end does, as on a network.
 */
final class Way implements AutoCloseable {

	/** Bytes held in one direction of a connection before its sender has to wait. */
	private static final int HELD_MAX = 256 * 1024;

	private final String name;

	private final EventLoopGroup loops;

	private final int port;

	private final Random random;

	private final Set<Link> links = ConcurrentHashMap.newKeySet();

	private volatile int target;

	private volatile Manner manner = Manner.PLAIN;

	private Channel server;

	/**
	 * Opens one to a port of this machine.
	 * @param port that it listens on
	 */
	Way(String name, EventLoopGroup loops, int port, int target) {
		this.name = name;
		this.loops = loops;
		this.port = port;
		this.target = target;
		this.random = new Random(name.hashCode());
		open();
	}

	String name() {
		return this.name;
	}

	int port() {
		return this.port;
	}

	/** Leads new connections elsewhere; those that there are stay. */
	void leadTo(int target) {
		this.target = target;
	}

	/** Treats all connections so from now on. */
	void behave(Manner manner) {
		this.manner = manner;
		this.links.forEach((link) -> link.onLoop(link::mannerChanged));
	}

	/** Cuts all connections (RST). */
	void cut() {
		this.links.forEach((link) -> link.onLoop(link::cut));
	}

	/** Cuts all connections and refuses new ones. */
	synchronized void shut() {
		if (this.server != null) {
			this.server.close().syncUninterruptibly();
			this.server = null;
		}
		cut();
	}

	/** Takes connections. */
	synchronized void open() {
		if (this.server == null) {
			this.server = new ServerBootstrap().group(this.loops)
				.channel(NioServerSocketChannel.class)
				.option(ChannelOption.SO_REUSEADDR, true)
				.childOption(ChannelOption.AUTO_READ, false)
				.childOption(ChannelOption.TCP_NODELAY, true)
				.childHandler(new ChannelInitializer<SocketChannel>() {
					@Override
					protected void initChannel(SocketChannel channel) {
						new Link(channel).begin();
					}
				})
				.bind("127.0.0.1", this.port)
				.syncUninterruptibly()
				.channel();
		}
	}

	/** Plain again, and open. */
	void heal() {
		open();
		behave(Manner.PLAIN);
	}

	/** Connections that there are. */
	int connections() {
		return this.links.size();
	}

	@Override
	public void close() {
		shut();
	}

	/** One connection through this way, all on one event loop. */
	private final class Link {

		private final SocketChannel client;

		private SocketChannel backend;

		private boolean isOver;

		private final Pipe requests = new Pipe(true);

		private final Pipe answers = new Pipe(false);

		/** What of the requests, answers or bytes from now on meets the cut. */
		private long fatal;

		Link(SocketChannel client) {
			this.client = client;
		}

		void begin() {
			Way.this.links.add(this);
			count();
			this.client.pipeline().addLast(this.requests);
			if (!Way.this.manner.isSilent()) {
				connect();
			}
		}

		private void connect() {
			ChannelFuture connecting = new Bootstrap().group(this.client.eventLoop())
				.channel(NioSocketChannel.class)
				.option(ChannelOption.AUTO_READ, false)
				.option(ChannelOption.TCP_NODELAY, true)
				.handler(this.answers)
				.connect(new InetSocketAddress("127.0.0.1", Way.this.target));
			this.backend = (SocketChannel) connecting.channel();
			connecting.addListener((done) -> {
				if (!done.isSuccess() || this.isOver) {
					cut();
					return;
				}
				this.requests.begin(this.client, this.backend);
				this.answers.begin(this.backend, this.client);
			});
		}

		private void count() {
			int nth = Way.this.manner.nth();
			this.fatal = (nth > 0) ? 1 + Way.this.random.nextInt(nth) : Long.MAX_VALUE;
		}

		void mannerChanged() {
			count();
			if (this.backend == null && !Way.this.manner.isSilent() && !this.isOver) {
				connect();
			}
			this.requests.pump();
			this.answers.pump();
		}

		/** What of these bytes passes; {@code null} when the connection is cut before. */
		private ByteBuf judged(ByteBuf bytes, boolean isRequest) {
			Manner.Cut cut = Way.this.manner.cut();
			if (cut == Manner.Cut.AFTER_SO_MANY_BYTES && !isRequest) {
				long left = this.fatal;
				this.fatal -= bytes.readableBytes();
				return (this.fatal > 0) ? bytes : bytes.slice(bytes.readerIndex(), (int) left);
			}
			boolean isCounted = (cut == Manner.Cut.BEFORE_THE_REQUEST) == isRequest;
			if (cut == Manner.Cut.NEVER || !isCounted || --this.fatal > 0) {
				return bytes;
			}
			return (cut == Manner.Cut.AFTER_THE_ANSWER) ? bytes : null;
		}

		private void passed(ByteBuf bytes, Pipe through) {
			ByteBuf passing = judged(bytes, through == this.requests);
			if (passing == null) {
				bytes.release();
				cut();
				return;
			}
			boolean isLast = this.fatal <= 0;
			through.accept(passing);
			if (isLast) {
				through.end();
			}
		}

		/** Both sides see a reset. */
		void cut() {
			over();
			reset(this.client);
			reset(this.backend);
		}

		private void reset(SocketChannel channel) {
			if (channel != null && channel.isOpen()) {
				channel.config().setSoLinger(0);
				channel.close();
			}
		}

		/** All was passed on, and one side has ended. */
		private void finish() {
			over();
			this.client.close();
			if (this.backend != null) {
				this.backend.close();
			}
		}

		private void over() {
			this.isOver = true;
			Way.this.links.remove(this);
			this.requests.drop();
			this.answers.drop();
		}

		void onLoop(Runnable step) {
			this.client.eventLoop().execute(step);
		}

		/** One direction. */
		private final class Pipe extends ChannelInboundHandlerAdapter {

			private final boolean isForRequests;

			private final Deque<Parcel> parcels = new ArrayDeque<>();

			private SocketChannel from;

			private SocketChannel to;

			private long held;

			private long lastDue;

			private boolean hasEnded;

			private boolean isFinishing;

			Pipe(boolean isForRequests) {
				this.isForRequests = isForRequests;
			}

			void begin(SocketChannel from, SocketChannel to) {
				this.from = from;
				this.to = to;
				from.config().setAutoRead(true);
				pump();
			}

			@Override
			public void channelRead(ChannelHandlerContext context, Object message) {
				if (Link.this.isOver) {
					ReferenceCountUtil.release(message);
					return;
				}
				passed((ByteBuf) message, this);
			}

			@Override
			public void channelInactive(ChannelHandlerContext context) {
				if (!Link.this.isOver) {
					end();
				}
			}

			@Override
			public void channelWritabilityChanged(ChannelHandlerContext context) {
				// The channel that we read is the one that the other direction writes.
				(this.isForRequests ? Link.this.answers : Link.this.requests).pump();
			}

			@Override
			public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
				if (!Link.this.isOver) {
					cut();
				}
			}

			void accept(ByteBuf bytes) {
				Manner manner = Way.this.manner;
				long transmission = (manner.bytesPerSecond() > 0)
						? TimeUnit.SECONDS.toNanos(bytes.readableBytes()) / manner.bytesPerSecond() : 0;
				long now = System.nanoTime();
				long due = this.parcels.isEmpty() && transmission == 0 && manner.latency().isZero() ? now
						: Math.max(this.lastDue, now + manner.latency().toNanos()) + transmission;
				this.lastDue = due;
				this.held += bytes.readableBytes();
				this.parcels.add(new Parcel(bytes, due));
				pump();
			}

			/** Nothing more comes; what is held goes first. */
			void end() {
				this.hasEnded = true;
				pump();
			}

			void pump() {
				if (Link.this.isOver || this.to == null) {
					return;
				}
				boolean isSilent = Way.this.manner.isSilent();
				boolean isWritten = false;
				while (!this.parcels.isEmpty() && !isSilent && this.to.isWritable()) {
					long wait = this.parcels.peek().due() - System.nanoTime();
					if (wait > 0 && !Way.this.manner.isPlain()) {
						this.to.eventLoop().schedule(this::pump, wait, TimeUnit.NANOSECONDS);
						break;
					}
					ByteBuf next = this.parcels.poll().bytes();
					this.held -= next.readableBytes();
					this.to.write(next);
					isWritten = true;
				}
				if (isWritten) {
					this.to.flush();
				}
				this.from.config().setAutoRead(this.held < HELD_MAX);
				if (this.hasEnded && this.parcels.isEmpty() && !isSilent && !this.isFinishing) {
					this.isFinishing = true;
					this.to.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener((written) -> finish());
				}
			}

			void drop() {
				this.parcels.forEach((parcel) -> parcel.bytes().release());
				this.parcels.clear();
			}

		}

	}

	/**
	 * Some bytes and when they arrive.
	 *
	 * @param bytes owned by the pipe that holds them
	 * @param due by the clock of nanoseconds
	 */
	private record Parcel(ByteBuf bytes, long due) {
	}

}
