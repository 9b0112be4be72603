package io.tallygate.provider;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Taps an answer that is not compressed. As a rule the buffer that comes in goes out, and
 * nothing is allocated. Held are an event that is cut in two while usage chunks are to be
 * hidden, the few bytes that may become {@code [DONE]}, and what follows it.
 */
final class PlainTap extends HoldingTap {

	private final boolean hidesUsageChunk;

	PlainTap(boolean stream, boolean hidesUsageChunk, boolean keepsText) {
		super(stream, keepsText);
		this.hidesUsageChunk = hidesUsageChunk;
	}

	@Override
	ByteBuf read(ByteBuf bytes, AnswerReader reader, Bytes held) {
		int start = bytes.readerIndex();
		int end = bytes.writerIndex();
		int at = reader.skip(bytes, start, end);
		BodyReader body = reader.body();
		if (body == null) {
			return bytes;
		}
		ByteBuf passed = Unpooled.EMPTY_BUFFER;
		int notPassed = start;
		while (at < end && !ended()) {
			at = body.read(bytes, at, end);
			if (body.stop() == BodyReader.Stop.EVENT && hides(body)) {
				int event = at - body.eventLength();
				if (event < start) {
					held.clear();
				}
				passed = join(passed, held, bytes, notPassed, Math.max(start, event));
				notPassed = at;
			}
			else if (body.stop() == BodyReader.Stop.END) {
				end();
			}
		}
		int waits = at - waiting(body);
		if (waits < start) {
			// What waits began in an earlier buffer, and all of this one belongs to it.
			waits = start;
		}
		else if (notPassed == start && held.length() == 0) {
			held.append(bytes, waits, end - waits);
			return bytes.writerIndex(waits);
		}
		else {
			passed = join(passed, held, bytes, notPassed, waits);
		}
		held.append(bytes, waits, end - waits);
		bytes.release();
		return passed;
	}

	@Override
	ByteBuf readEnd(@Nullable BodyReader body, Bytes held) {
		if (body != null) {
			body.complete();
			if (hides(body)) {
				held.clear();
			}
		}
		return held.take();
	}

	private boolean hides(BodyReader body) {
		return this.hidesUsageChunk && body.isUsageAlone();
	}

	/** How many of the last bytes read must not be passed on yet. */
	private int waiting(BodyReader body) {
		if (body.stop() == BodyReader.Stop.EVENT) {
			return 0;
		}
		boolean holdsEvent = this.hidesUsageChunk && body.eventLength() <= SseReader.HIDDEN_EVENT_MAX;
		return holdsEvent ? body.eventLength() : body.endLength();
	}

	/** Adds what was held, and then this part of the bytes, to what is passed on. */
	private static ByteBuf join(ByteBuf passed, Bytes held, ByteBuf bytes, int from, int to) {
		return Unpooled.wrappedBuffer(passed, held.take(), bytes.retainedSlice(from, to - from));
	}

}
