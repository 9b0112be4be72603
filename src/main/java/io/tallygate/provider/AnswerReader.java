package io.tallygate.provider;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * Reads an answer as what it turns out to be. Providers answer a stream with one JSON
 * object when they refuse it, and some send a stream under another content type, so the
 * first byte that is not white decides.
 */
final class AnswerReader {

	private final boolean stream;

	private final Findings findings;

	private @Nullable BodyReader body;

	/**
	 * A reader of one answer.
	 * @param stream whether a stream is expected
	 * @param keepsText whether to keep the answer's text
	 */
	AnswerReader(boolean stream, boolean keepsText) {
		this.stream = stream;
		this.findings = new Findings(keepsText);
	}

	/** What stands before the answer proper: white space and a byte order mark. */
	int skip(ByteBuf bytes, int from, int to) {
		int at = from;
		while (this.body == null && at < to) {
			byte first = bytes.getByte(at);
			switch (first) {
				case ' ', '\t', '\n', '\r', (byte) 0xEF, (byte) 0xBB, (byte) 0xBF -> at++;
				default -> this.body = isStream(first) ? new SseReader(this.findings) : new JsonReader(this.findings);
			}
		}
		return at;
	}

	/** The reader of the answer proper, {@code null} before its first byte. */
	@Nullable BodyReader body() {
		return this.body;
	}

	Reading reading() {
		return (this.body != null) ? this.body.reading() : this.findings.reading();
	}

	private boolean isStream(byte first) {
		return switch (first) {
			case '{', '[', '<' -> false;
			case 'd', 'e', 'i', 'r', ':' -> true;
			default -> this.stream;
		};
	}

}
