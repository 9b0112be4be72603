package io.tallygate.bench;

import java.util.zip.CRC32C;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.CharsetUtil;

/** A request under way, and what is right about its answer. */
abstract class Call {

	final long tag;

	/** When it should have been sent: a client that is late itself hides nothing. */
	final long planned;

	final Tally tally;

	Call(long tag, long planned, Tally tally) {
		this.tag = tag;
		this.planned = planned;
		this.tally = tally;
	}

	/** Some of the answer's body; owned by the caller. */
	abstract void received(ByteBuf bytes);

	/** The answer is complete, as HTTP sees it. */
	abstract void ended();

	/** An answer with another status than 200, or a connection that broke. */
	void failed(String why) {
		this.tally.wrong(why);
	}

	/** A whole answer. */
	static final class Whole extends Call {

		private final ByteBuf wanted;

		private int read;

		Whole(long tag, long planned, Tally tally) {
			super(tag, planned, tally);
			this.wanted = Unpooled.wrappedBuffer(Wanted.json(tag));
		}

		@Override
		void received(ByteBuf bytes) {
			int length = bytes.readableBytes();
			if (this.read + length > Wanted.JSON_BYTES
					|| !ByteBufUtil.equals(bytes, bytes.readerIndex(), this.wanted, this.read, length)) {
				this.tally.wrong("Other bytes than the provider's: " + bytes.toString(CharsetUtil.ISO_8859_1));
			}
			this.read += length;
		}

		@Override
		void ended() {
			if (this.read != Wanted.JSON_BYTES) {
				this.tally.wrong(this.read + " bytes of " + Wanted.JSON_BYTES);
			}
			this.tally.record(this.tally.whole, System.nanoTime() - this.planned);
			this.tally.answered();
		}

	}

	/** A stream of so many chunks. */
	static final class Streamed extends Call {

		private static final ByteBuf END_OF_EVENT = Unpooled.copiedBuffer("\n\n", CharsetUtil.US_ASCII);

		private static final int CHECKSUM_AT = "########\"}\n\n".length();

		private final int chunks;

		private final CompositeByteBuf unread = Unpooled.compositeBuffer();

		private final CRC32C checksum = new CRC32C();

		private int told;

		private long lastWritten;

		private boolean isDone;

		/** Told when the first chunk is here. */
		private final Runnable begun;

		Streamed(long tag, long planned, Tally tally, int chunks, Runnable begun) {
			super(tag, planned, tally);
			this.chunks = chunks;
			this.begun = begun;
		}

		@Override
		void received(ByteBuf bytes) {
			long now = System.nanoTime();
			boolean isContinued = this.unread.isReadable();
			ByteBuf all = isContinued ? this.unread.addComponent(true, bytes.retain()) : bytes;
			for (int length = eventLength(all); length > 0; length = eventLength(all)) {
				event(all.readSlice(length), now);
			}
			if (isContinued) {
				this.unread.discardReadComponents();
			}
			else if (all.isReadable()) {
				this.unread.addComponent(true, all.readRetainedSlice(all.readableBytes()));
			}
		}

		private static int eventLength(ByteBuf all) {
			int end = ByteBufUtil.indexOf(END_OF_EVENT, all);
			return (end < 0) ? 0 : end - all.readerIndex() + END_OF_EVENT.readableBytes();
		}

		private void event(ByteBuf event, long now) {
			if (this.told < this.chunks) {
				chunk(event, now);
			}
			else if (this.told == this.chunks) {
				this.told++;
				String sum = event.toString(event.writerIndex() - CHECKSUM_AT, 8, CharsetUtil.US_ASCII);
				if (!sum.equals("%08x".formatted(this.checksum.getValue()))) {
					this.tally.wrong("A stream with other bytes than the provider's");
				}
			}
			else {
				this.isDone = event.equals(Unpooled.wrappedBuffer(Wanted.DONE));
			}
		}

		private void chunk(ByteBuf event, long now) {
			if (!Wanted.isChunk(event, this.tag, this.told)) {
				this.tally.wrong("Instead of chunk " + this.told + ": " + event.toString(CharsetUtil.ISO_8859_1));
			}
			this.checksum.update(event.nioBuffer());
			this.lastWritten = Wanted.time(event);
			this.tally.record(this.tally.chunk, now - this.lastWritten);
			if (this.told++ == 0) {
				this.tally.record(this.tally.first, now - this.planned);
				this.begun.run();
			}
		}

		@Override
		void ended() {
			if (!this.isDone) {
				this.tally.wrong("A stream that ended after " + this.told + " events");
			}
			this.tally.record(this.tally.last, System.nanoTime() - this.lastWritten);
			this.tally.answered();
		}

	}

}
