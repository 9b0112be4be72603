package io.tallygate.provider;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** Passes an answer whose encoding we cannot read: nothing is known of it. */
final class UnreadTap implements AnswerTap {

	@Override
	public ByteBuf next(ByteBuf bytes) {
		return bytes;
	}

	@Override
	public boolean ended() {
		return false;
	}

	@Override
	public ByteBuf release() {
		return Unpooled.EMPTY_BUFFER;
	}

	@Override
	public ByteBuf complete() {
		return Unpooled.EMPTY_BUFFER;
	}

	@Override
	public Reading reading() {
		return new Reading(null, false, false, false, null, null);
	}

	@Override
	public void close() {
		// Nothing is ever held.
	}

}
