package io.tallygate.provider;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;

/**
 * The text of an answer, for counting its tokens should the provider not report them: at
 * most 256 KiB of it, JSON-escaped as it came, and how much more there was.
 */
public final class KeptText {

	/** No more bytes than these are kept. */
	public static final int BYTES_MAX = 256 * 1024;

	private final Bytes kept = new Bytes();

	private long omitted;

	KeptText() {
	}

	void append(ByteBuf from, int start, int count) {
		int room = Math.min(count, BYTES_MAX - this.kept.length());
		this.kept.append(from, start, room);
		this.omitted += count - room;
	}

	/** How many bytes the text had, kept or not. */
	public long length() {
		return this.kept.length() + this.omitted;
	}

	/** How many bytes there were beyond those kept. */
	long omitted() {
		return this.omitted;
	}

	/** What was kept, its JSON escapes resolved; one that was cut off stays as it is. */
	String unescaped() {
		String escaped = new String(this.kept.array(), 0, this.kept.length(), StandardCharsets.UTF_8);
		if (escaped.indexOf('\\') < 0) {
			return escaped;
		}
		StringBuilder text = new StringBuilder(escaped.length());
		int at = 0;
		while (at < escaped.length()) {
			char next = escaped.charAt(at);
			if (next != '\\' || at + 1 == escaped.length()) {
				text.append(next);
				at++;
				continue;
			}
			char letter = escaped.charAt(at + 1);
			boolean isCode = letter == 'u' && at + 6 <= escaped.length();
			text.append(isCode ? (char) code(escaped, at + 2) : unescaped(letter));
			at += isCode ? 6 : 2;
		}
		return text.toString();
	}

	private static int code(String escaped, int at) {
		int code = 0;
		for (int i = at; i < at + 4; i++) {
			code = 16 * code + Math.max(0, Character.digit(escaped.charAt(i), 16));
		}
		return code;
	}

	private static char unescaped(char letter) {
		return switch (letter) {
			case 'n' -> '\n';
			case 't' -> '\t';
			case 'r' -> '\r';
			case 'b' -> '\b';
			case 'f' -> '\f';
			default -> letter;
		};
	}

	/** Never the text itself. */
	@Override
	public String toString() {
		return this.kept.length() + " bytes of text kept, " + this.omitted + " omitted";
	}

}
