package io.tallygate.provider;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;

/**
 * Reads an answer that is a stream of server-sent events: lines that end in LF, CR or
 * both, events that end in an empty line, data that may go over several lines. The data
 * of an event is scanned as it comes and never put together.
 */
final class SseReader implements BodyReader {

	/**
	 * A longer event, its last line end not counted, is no usage chunk: it would have to
	 * be held too long to be hidden.
	 */
	static final int HIDDEN_EVENT_MAX = 64 * 1024;

	/** So many spaces may stand before {@code [DONE]}; one is what everybody sends. */
	private static final int SPACES_MAX = 8;

	private static final byte[] DATA = "data:".getBytes(StandardCharsets.US_ASCII);

	private static final byte[] EVENT = "event:".getBytes(StandardCharsets.US_ASCII);

	private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

	private static final byte[] ERROR = "error".getBytes(StandardCharsets.US_ASCII);

	/** Which part of a line comes next. */
	private enum Part {

		START, DATA_NAME, EVENT_NAME, BEFORE_DATA, DATA, DONE, BEFORE_EVENT, EVENT, REST

	}

	private final Findings findings;

	private final AnswerScanner scanner;

	private Part part = Part.START;

	/** How many bytes of a known word have been matched. */
	private int matched;

	private int lineLength;

	private int eventLength;

	/** The last byte was a CR, so that a LF would belong to the same line end. */
	private boolean afterCr;

	private boolean errorEvent;

	private boolean usageAlone;

	private Stop stop = Stop.BYTES;

	SseReader(Findings findings) {
		this.findings = findings;
		this.scanner = findings.scanner();
	}

	@Override
	public int read(ByteBuf bytes, int from, int to) {
		if (this.stop == Stop.EVENT) {
			this.eventLength = 0;
		}
		this.stop = Stop.BYTES;
		int at = from;
		while (at < to && this.stop == Stop.BYTES) {
			int read = step(bytes, at, to);
			this.eventLength += read - at;
			this.lineLength = (this.part == Part.START) ? 0 : this.lineLength + read - at;
			at = read;
		}
		return at;
	}

	/** Reads one stretch of a line, or a line end. */
	private int step(ByteBuf bytes, int at, int to) {
		byte next = bytes.getByte(at);
		boolean restOfLineEnd = this.afterCr && next == '\n';
		this.afterCr = false;
		if (restOfLineEnd) {
			// It belongs to the line, and so to the event, that the CR ended.
			this.stop = (this.eventLength == 0) ? Stop.EVENT : Stop.BYTES;
			return at + 1;
		}
		if (next == '\n' || next == '\r') {
			return endLine(bytes, at, to);
		}
		switch (this.part) {
			case START -> begin(next);
			case DATA_NAME -> match(next, DATA, Part.BEFORE_DATA);
			case EVENT_NAME -> match(next, EVENT, Part.BEFORE_EVENT);
			case BEFORE_DATA -> {
				return beforeData(bytes, at, to);
			}
			case DATA -> {
				return this.scanner.scan(bytes, at, to);
			}
			case DONE -> done(next);
			case BEFORE_EVENT -> beforeEvent(next);
			case EVENT -> matchError(next);
			case REST -> {
				int end = bytes.forEachByte(at, to - at, ByteProcessor.FIND_CRLF);
				return (end < 0) ? to : end;
			}
		}
		return at + 1;
	}

	private void begin(byte first) {
		this.matched = 1;
		this.part = (first == 'd') ? Part.DATA_NAME : (first == 'e') ? Part.EVENT_NAME : Part.REST;
	}

	private void match(byte next, byte[] name, Part then) {
		if (next != name[this.matched]) {
			this.part = Part.REST;
		}
		else if (++this.matched == name.length) {
			this.part = then;
		}
	}

	private int beforeData(ByteBuf bytes, int at, int to) {
		byte next = bytes.getByte(at);
		if (next == ' ' && this.lineLength < DATA.length + SPACES_MAX) {
			return at + 1;
		}
		if (next == '[' && this.scanner.isOutside()) {
			this.part = Part.DONE;
			this.matched = 1;
			return at + 1;
		}
		this.part = Part.DATA;
		return this.scanner.scan(bytes, at, to);
	}

	private void beforeEvent(byte next) {
		this.part = Part.EVENT;
		this.matched = 0;
		if (next != ' ') {
			matchError(next);
		}
	}

	private void done(byte next) {
		if (next != DONE[this.matched]) {
			this.scanner.stop();
			this.part = Part.REST;
		}
		else if (++this.matched == DONE.length) {
			settle();
			this.findings.end();
			this.stop = Stop.END;
		}
	}

	private void matchError(byte next) {
		boolean matches = this.matched < ERROR.length && next == ERROR[this.matched];
		this.matched++;
		if (!matches) {
			this.part = Part.REST;
		}
	}

	private int endLine(ByteBuf bytes, int at, int to) {
		boolean isCr = bytes.getByte(at) == '\r';
		boolean isCrLf = isCr && at + 1 < to && bytes.getByte(at + 1) == '\n';
		this.afterCr = isCr && at + 1 == to;
		if (this.part == Part.START) {
			settle();
			this.stop = Stop.EVENT;
		}
		else {
			this.errorEvent = this.errorEvent || isErrorName();
			this.part = Part.START;
		}
		return isCrLf ? at + 2 : at + 1;
	}

	private boolean isErrorName() {
		return this.part == Part.EVENT && this.matched == ERROR.length;
	}

	/** An event is complete: what it said counts, unless it speaks of an error. */
	private void settle() {
		if (!this.errorEvent) {
			this.findings.usage(this.scanner.usage(), this.scanner.choiceUsage());
		}
		this.findings.content(this.scanner.contentSeen());
		this.findings.error(this.errorEvent || this.scanner.errorSeen());
		this.findings.id(this.scanner.id());
		this.usageAlone = !this.errorEvent && this.eventLength <= HIDDEN_EVENT_MAX && this.scanner.isUsageAlone();
		this.errorEvent = false;
		this.scanner.reset();
	}

	@Override
	public Stop stop() {
		return this.stop;
	}

	@Override
	public int eventLength() {
		return this.eventLength;
	}

	@Override
	public int endLength() {
		return switch (this.part) {
			case DATA_NAME, BEFORE_DATA, DONE -> this.lineLength;
			default -> 0;
		};
	}

	@Override
	public boolean isUsageAlone() {
		return this.usageAlone;
	}

	@Override
	public void complete() {
		this.errorEvent = this.errorEvent || isErrorName();
		settle();
	}

	@Override
	public Reading reading() {
		return this.findings.reading();
	}

}
