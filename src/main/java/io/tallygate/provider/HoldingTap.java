package io.tallygate.provider;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * A tap that holds the end of a stream until it is released. What has to wait is copied:
 * as a rule that is {@code data: [DONE]} and nothing else.
 */
abstract class HoldingTap implements AnswerTap {

	/** So much may follow {@code [DONE]} while it is held; what is beyond is dropped. */
	static final int TAIL_MAX = 64 * 1024;

	private final AnswerReader reader;

	private final Bytes held = new Bytes();

	private boolean ended;

	private boolean released;

	HoldingTap(boolean stream, boolean keepsText) {
		this.reader = new AnswerReader(stream, keepsText);
	}

	/** Reads these bytes and gives back what may be passed on now. */
	abstract ByteBuf read(ByteBuf bytes, AnswerReader reader, Bytes held);

	/**
	 * Gives back what was held of an event that the end of the body leaves unfinished.
	 */
	abstract ByteBuf readEnd(@Nullable BodyReader body, Bytes held);

	/** The end of the stream has been read; it is held from here on. */
	void end() {
		this.ended = true;
	}

	@Override
	public ByteBuf next(ByteBuf bytes) {
		if (this.released) {
			return bytes;
		}
		if (!this.ended) {
			return read(bytes, this.reader, this.held);
		}
		if (this.held.length() < TAIL_MAX) {
			this.held.append(bytes, bytes.readerIndex(), bytes.readableBytes());
		}
		bytes.release();
		return Unpooled.EMPTY_BUFFER;
	}

	@Override
	public boolean ended() {
		return this.ended;
	}

	@Override
	public ByteBuf release() {
		this.released = true;
		return this.held.take();
	}

	@Override
	public ByteBuf complete() {
		return (this.ended || this.released) ? Unpooled.EMPTY_BUFFER : readEnd(this.reader.body(), this.held);
	}

	@Override
	public Reading reading() {
		return this.reader.reading();
	}

	@Override
	public void close() {
		this.held.take().release();
	}

}
