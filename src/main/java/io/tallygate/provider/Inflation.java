package io.tallygate.provider;

import java.util.function.Consumer;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * Inflates a copy of what passes: gzip, of one member or several, or deflate with or
 * without its zlib frame. Bounded in size and in ratio; beyond the bounds, and where the
 * bytes are not what they claim, it goes blind. Checksums are the client's business.
 */
final class Inflation implements AutoCloseable {

	/** No more than this is inflated of one answer. */
	static final long SIZE_MAX = 64L << 20;

	/** No more than this times what came in is inflated, beyond the first MiB. */
	static final long RATIO_MAX = 200;

	private static final long RATIO_FREE = 1L << 20;

	private static final int TRAILER_LENGTH = 8;

	private static final int FIXED_HEADER_LENGTH = 10;

	private static final int HAS_CHECKSUM = 2;

	private static final int HAS_EXTRA = 4;

	private static final int HAS_NAME = 8;

	private static final int HAS_COMMENT = 16;

	/** What comes next in the compressed bytes. */
	private enum Part {

		HEADER, EXTRA_LENGTH, EXTRA, NAME, COMMENT, CHECKSUM, DATA, TRAILER, BLIND

	}

	private final boolean gzip;

	private final byte[] window = new byte[8192];

	private final ByteBuf inflated = Unpooled.wrappedBuffer(this.window);

	private Inflater inflater = new Inflater(true);

	private Part part;

	/** Bytes of the current part read so far. */
	private int read;

	private int flags;

	private int extraLength;

	private boolean begun;

	private long sizeIn;

	private long sizeOut;

	Inflation(boolean gzip) {
		this.gzip = gzip;
		this.part = gzip ? Part.HEADER : Part.DATA;
	}

	/** Inflates these bytes, which stay as they are, and hands on what comes of them. */
	void inflate(ByteBuf bytes, Consumer<ByteBuf> reader) {
		int at = bytes.readerIndex();
		int end = bytes.writerIndex();
		this.sizeIn += end - at;
		while (at < end && this.part != Part.BLIND) {
			if (this.part == Part.DATA) {
				at = inflateData(bytes, at, end, reader);
			}
			else {
				frame(bytes.getByte(at) & 0xFF);
				at++;
			}
		}
	}

	private int inflateData(ByteBuf bytes, int from, int to, Consumer<ByteBuf> reader) {
		if (!this.begun) {
			begin(bytes.getByte(from));
		}
		byte[] input = new byte[to - from];
		bytes.getBytes(from, input);
		this.inflater.setInput(input);
		try {
			int count = this.inflater.inflate(this.window);
			while (count > 0 && this.part == Part.DATA) {
				this.sizeOut += count;
				reader.accept(this.inflated.setIndex(0, count));
				if (this.sizeOut > Math.min(SIZE_MAX, RATIO_FREE + RATIO_MAX * this.sizeIn)) {
					this.part = Part.BLIND;
				}
				count = this.inflater.inflate(this.window);
			}
		}
		catch (DataFormatException ex) {
			this.part = Part.BLIND;
		}
		if (!this.inflater.finished()) {
			return to;
		}
		int rest = this.inflater.getRemaining();
		endData();
		return to - rest;
	}

	private void begin(byte first) {
		this.begun = true;
		boolean zlib = !this.gzip && (first & 0x0F) == 8;
		if (zlib) {
			this.inflater.end();
			this.inflater = new Inflater(false);
		}
	}

	private void endData() {
		this.inflater.reset();
		go(this.gzip ? Part.TRAILER : Part.BLIND);
	}

	/** One byte of what stands around the data of a gzip member. */
	private void frame(int next) {
		this.read++;
		switch (this.part) {
			case HEADER -> header(next);
			case EXTRA_LENGTH -> {
				this.extraLength |= next << (8 * (this.read - 1));
				if (this.read == 2) {
					go((this.extraLength > 0) ? Part.EXTRA : afterExtra());
				}
			}
			case EXTRA -> {
				if (this.read == this.extraLength) {
					go(afterExtra());
				}
			}
			case NAME -> {
				if (next == 0) {
					go(afterName());
				}
			}
			case COMMENT -> {
				if (next == 0) {
					go(afterComment());
				}
			}
			case CHECKSUM -> {
				if (this.read == 2) {
					go(Part.DATA);
				}
			}
			case TRAILER -> {
				if (this.read == TRAILER_LENGTH) {
					go(Part.HEADER);
				}
			}
			default -> throw new IllegalStateException("No frame in " + this.part);
		}
	}

	private void header(int next) {
		boolean isGzip = switch (this.read) {
			case 1 -> next == 0x1F;
			case 2 -> next == 0x8B;
			case 3 -> next == 8;
			default -> true;
		};
		if (this.read == 4) {
			this.flags = next;
		}
		if (!isGzip) {
			this.part = Part.BLIND;
		}
		else if (this.read == FIXED_HEADER_LENGTH) {
			this.extraLength = 0;
			go(has(HAS_EXTRA) ? Part.EXTRA_LENGTH : afterExtra());
		}
	}

	private Part afterExtra() {
		return has(HAS_NAME) ? Part.NAME : afterName();
	}

	private Part afterName() {
		return has(HAS_COMMENT) ? Part.COMMENT : afterComment();
	}

	private Part afterComment() {
		return has(HAS_CHECKSUM) ? Part.CHECKSUM : Part.DATA;
	}

	private boolean has(int flag) {
		return (this.flags & flag) != 0;
	}

	private void go(Part next) {
		if (this.part != Part.BLIND) {
			this.part = next;
		}
		this.read = 0;
	}

	@Override
	public void close() {
		this.part = Part.BLIND;
		this.inflater.end();
	}

}
