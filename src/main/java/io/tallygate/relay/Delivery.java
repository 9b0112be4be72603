package io.tallygate.relay;

import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.MonoSink;

/**
 * The client's side of an exchange. A stream of events is passed on part by part. Any
 * other answer is gathered and sent whole; one that grows over a bound, its own or that
 * of all bodies held at once, becomes a stream of which the last part is held back. When
 * the client leaves, everything offered is dropped. All on the event loop of the client's
 * connection.
 */
final class Delivery implements AnswerStream.Listener {

	/** What the client does. */
	interface Listener {

		/** The client, or whoever reads in its place, is done with one part. */
		void taken();

		/** The client has gone. Told once. */
		void left();

	}

	private static final int PARTS_MAX = 1024;

	private final RelayProperties properties;

	private final BufferedBytes.Share buffered;

	private final Channel channel;

	private final MonoSink<Answer> client;

	private final Listener listener;

	private int status;

	private HttpHeaders headers = EmptyHttpHeaders.INSTANCE;

	private @Nullable CompositeByteBuf gathered;

	/** How much of the bytes that all may hold was taken for what is gathered. */
	private long room;

	private @Nullable AnswerStream stream;

	private @Nullable ByteBuf held;

	private boolean holdsLast;

	private boolean gone;

	private boolean over;

	private @Nullable Future<?> stallTimer;

	private boolean tookSome;

	private long unsent;

	Delivery(RelayProperties properties, BufferedBytes.Share buffered, Channel channel, MonoSink<Answer> client,
			Listener listener) {
		this.properties = properties;
		this.buffered = buffered;
		this.channel = channel;
		this.client = client;
		this.listener = listener;
	}

	/** Whether nobody is there any more. */
	boolean isGone() {
		return this.gone;
	}

	/**
	 * Begins the answer; with {@code streams} at once, else when it is known whole or
	 * large.
	 */
	void begin(int status, HttpHeaders headers, boolean streams) {
		this.status = status;
		this.headers = headers;
		if (streams && !this.gone) {
			startStream();
		}
		else {
			this.gathered = this.channel.alloc().compositeBuffer(PARTS_MAX);
		}
	}

	/** Passes on or gathers the next part; owned by the delivery from now on. */
	void pass(ByteBuf part) {
		if (this.gone || this.over || !part.isReadable()) {
			part.release();
			this.listener.taken();
		}
		else if (this.stream != null) {
			offer(this.stream, part);
		}
		else {
			gather(part);
		}
	}

	/** Passes on the end of the answer without holding back anything. */
	void passEnd(ByteBuf end) {
		this.holdsLast = false;
		if (this.held != null) {
			ByteBuf last = this.held;
			this.held = null;
			pass(last);
		}
		pass(end);
	}

	/** The answer is whole and counted. */
	void complete() {
		passEnd(Unpooled.EMPTY_BUFFER);
		if (!this.gone && !this.over) {
			if (this.stream != null) {
				this.stream.complete();
			}
			else {
				ByteBuf whole = (this.gathered != null) ? ungathered(this.gathered) : Unpooled.EMPTY_BUFFER;
				this.client.success(new Answer.Whole(this.status, this.headers, whole));
			}
		}
		drop();
	}

	/**
	 * The client gets no whole answer and is told so: instead of one, or in its middle.
	 * @return whether it was in its middle
	 */
	boolean fail(ApiError error) {
		boolean waits = !this.gone && !this.over;
		drop();
		if (waits && this.stream != null) {
			this.stream.offer(Unpooled.wrappedBuffer(error.event()));
			this.stream.fail(new Answer.BrokenOff());
		}
		else if (waits) {
			this.client.error(error);
		}
		return waits && this.stream != null;
	}

	@Override
	public void taken() {
		this.tookSome = true;
		if (this.stallTimer != null && this.stream != null && this.stream.isEmpty()) {
			this.stallTimer.cancel(false);
			this.stallTimer = null;
		}
		this.listener.taken();
	}

	@Override
	public void cancelled() {
		if (!this.gone && !this.over) {
			this.gone = true;
			drop();
			this.listener.left();
		}
	}

	private void gather(ByteBuf part) {
		CompositeByteBuf all = (this.gathered != null) ? this.gathered
				: this.channel.alloc().compositeBuffer(PARTS_MAX);
		this.gathered = all;
		boolean hasRoom = this.buffered.take(part.readableBytes());
		if (hasRoom) {
			this.room += part.readableBytes();
		}
		all.addComponent(true, part);
		this.listener.taken();
		if (!hasRoom || all.readableBytes() > this.properties.wholeAnswerMax().toBytes()) {
			this.holdsLast = true;
			startStream().offer(ungathered(all));
		}
	}

	/** What was gathered is somebody else's from now on. */
	private ByteBuf ungathered(ByteBuf all) {
		this.gathered = null;
		this.buffered.give(this.room);
		this.room = 0;
		return all;
	}

	private void offer(AnswerStream to, ByteBuf part) {
		ByteBuf next = part;
		if (this.holdsLast) {
			next = this.held;
			this.held = part;
		}
		if (next == null) {
			this.listener.taken();
			return;
		}
		to.offer(next);
		if (!to.isEmpty() && this.stallTimer == null) {
			watch();
		}
	}

	private void watch() {
		this.tookSome = false;
		this.unsent = this.channel.bytesBeforeWritable();
		this.stallTimer = this.channel.eventLoop()
			.schedule(this::stalled, this.properties.clientStallMax().toMillis(), TimeUnit.MILLISECONDS);
	}

	private AnswerStream startStream() {
		AnswerStream body = new AnswerStream(this);
		this.stream = body;
		this.client.success(new Answer.Streamed(this.status, this.headers, body));
		return body;
	}

	/**
	 * A client that takes nothing for so long has left without saying so. One that is
	 * slow has taken parts, or the connection has sent some of those that it holds.
	 */
	@SuppressWarnings("FutureReturnValueIgnored")
	private void stalled() {
		this.stallTimer = null;
		if (this.gone || this.stream == null || this.stream.isEmpty()) {
			return;
		}
		if (this.tookSome || this.channel.bytesBeforeWritable() < this.unsent) {
			watch();
		}
		else {
			cancelled();
			this.channel.close();
		}
	}

	private void drop() {
		this.over = true;
		if (this.stallTimer != null && (this.gone || this.stream == null)) {
			this.stallTimer.cancel(false);
		}
		if (this.gathered != null) {
			ungathered(this.gathered).release();
		}
		if (this.held != null) {
			this.held.release();
			this.held = null;
		}
	}

}
