package io.tallygate.provider;

import java.util.Arrays;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * Bytes that had to be copied, because what they belong to is not complete yet. Takes no
 * memory until there are some.
 */
final class Bytes {

	private static final byte[] NONE = {};

	private byte[] array = NONE;

	private int length;

	void append(ByteBuf from, int start, int count) {
		if (this.length + count > this.array.length) {
			this.array = Arrays.copyOf(this.array, Math.max(this.length + count, 2 * this.array.length));
		}
		from.getBytes(start, this.array, this.length, count);
		this.length += count;
	}

	int length() {
		return this.length;
	}

	/** The bytes, valid up to {@link #length()}. */
	byte[] array() {
		return this.array;
	}

	/** Forgets the bytes and keeps their room. */
	void clear() {
		this.length = 0;
	}

	/** Hands the bytes over and keeps nothing. */
	ByteBuf take() {
		ByteBuf taken = (this.length == 0) ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(this.array, 0, this.length);
		this.array = NONE;
		this.length = 0;
		return taken;
	}

}
