package io.tallygate.provider;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/**
 * Taps a compressed answer by reading an inflated copy of it. Nothing can be taken out of
 * it; its end is held from the buffer on in which {@code [DONE]} is found.
 */
final class InflatingTap extends HoldingTap {

	private final Inflation inflation;

	InflatingTap(boolean stream, Inflation inflation, boolean keepsText) {
		super(stream, keepsText);
		this.inflation = inflation;
	}

	@Override
	ByteBuf read(ByteBuf bytes, AnswerReader reader, Bytes held) {
		this.inflation.inflate(bytes, (inflated) -> read(inflated, reader));
		if (!ended()) {
			return bytes;
		}
		held.append(bytes, bytes.readerIndex(), bytes.readableBytes());
		bytes.release();
		return Unpooled.EMPTY_BUFFER;
	}

	private void read(ByteBuf inflated, AnswerReader reader) {
		int end = inflated.writerIndex();
		int at = reader.skip(inflated, inflated.readerIndex(), end);
		BodyReader body = reader.body();
		while (body != null && at < end && !ended()) {
			at = body.read(inflated, at, end);
			if (body.stop() == BodyReader.Stop.END) {
				end();
			}
		}
	}

	@Override
	ByteBuf readEnd(@Nullable BodyReader body, Bytes held) {
		if (body != null) {
			body.complete();
		}
		return Unpooled.EMPTY_BUFFER;
	}

	@Override
	public void close() {
		super.close();
		this.inflation.close();
	}

}
