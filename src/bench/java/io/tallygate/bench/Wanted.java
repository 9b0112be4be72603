package io.tallygate.bench;

import java.nio.charset.StandardCharsets;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

/**
 * What the mock provider answers, known to the client to the byte: so an answer that was
 * changed, cut, mixed up or put out of order on its way is found.
 */
final class Wanted {

	/** Of a whole answer's body, as a short chat has it. */
	static final int JSON_BYTES = 1500;

	private static final int TAG_DIGITS = 10;

	private static final int NUMBER_DIGITS = 5;

	private static final int TIME_DIGITS = 19;

	private static final String TAG = "#".repeat(TAG_DIGITS);

	private static final String USAGE = "\"usage\":{\"prompt_tokens\":200,\"completion_tokens\":120,\"total_tokens\":320}";

	private static final byte[] JSON = ascii(padded("{\"id\":\"chatcmpl-" + TAG
			+ "\",\"object\":\"chat.completion\",\"created\":1764000000,"
			+ "\"model\":\"bench\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"",
			"\"},\"finish_reason\":\"stop\"}]," + USAGE + "}"));

	private static final byte[] CHUNK = ascii("data: {\"id\":\"chatcmpl-" + TAG
			+ "\",\"object\":\"chat.completion.chunk\",\"created\":1764000000,"
			+ "\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}],"
			+ "\"n\":\"" + "0".repeat(NUMBER_DIGITS) + "\",\"t\":\"" + "0".repeat(TIME_DIGITS) + "\"}\n\n");

	private static final int TAG_AT_IN_JSON = "{\"id\":\"chatcmpl-".length();

	private static final int TAG_AT_IN_CHUNK = "data: ".length() + TAG_AT_IN_JSON;

	private static final int TIME_AT = CHUNK.length - "\"}\n\n".length() - TIME_DIGITS;

	private static final int NUMBER_AT = TIME_AT - "\",\"t\":\"".length() - NUMBER_DIGITS;

	/** What ends every stream. */
	static final byte[] DONE = ascii("data: [DONE]\n\n");

	private Wanted() {
	}

	/** The body of a whole answer to the request of this tag. */
	static byte[] json(long tag) {
		byte[] answer = JSON.clone();
		digits(answer, TAG_AT_IN_JSON, TAG_DIGITS, tag);
		return answer;
	}

	/** A chunk of the stream of this tag. */
	static byte[] chunk(long tag, int number, long time) {
		byte[] chunk = CHUNK.clone();
		digits(chunk, TAG_AT_IN_CHUNK, TAG_DIGITS, tag);
		digits(chunk, NUMBER_AT, NUMBER_DIGITS, number);
		digits(chunk, TIME_AT, TIME_DIGITS, time);
		return chunk;
	}

	/** The event that reports usage, and the checksum of all chunks before it. */
	static byte[] usage(long tag, long checksum) {
		return ascii(("data: {\"id\":\"chatcmpl-%0" + TAG_DIGITS + "d\",\"object\":\"chat.completion.chunk\","
				+ "\"created\":1764000000,\"model\":\"bench\",\"choices\":[]," + USAGE + ",\"crc\":\"%08x\"}\n\n")
			.formatted(tag, checksum));
	}

	/** Whether this is the chunk of that number, whenever it was written. */
	static boolean isChunk(ByteBuf event, long tag, int number) {
		return event.readableBytes() == CHUNK.length && ByteBufUtil
			.equals(Unpooled.wrappedBuffer(chunk(tag, number, 0)), 0, event, event.readerIndex(), TIME_AT);
	}

	/** When a chunk was written, by {@link System#nanoTime()} of the same machine. */
	static long time(ByteBuf chunk) {
		long time = 0;
		for (int i = 0; i < TIME_DIGITS; i++) {
			time = time * 10 + chunk.getByte(chunk.readerIndex() + TIME_AT + i) - '0';
		}
		return time;
	}

	/**
	 * The request of this tag: of about a kilobyte, as a short chat is. The tag is in the
	 * prompt, which is what every gateway hands on.
	 */
	static byte[] request(String model, boolean stream, long tag) {
		return ascii(
				("{\"model\":\"%s\",%s\"messages\":[{\"role\":\"user\",\"content\":\"[%0" + TAG_DIGITS + "d] %s\"}]}")
					.formatted(model, stream ? "\"stream\":true,\"stream_options\":{\"include_usage\":true}," : "", tag,
							"Tell me more. ".repeat(60)));
	}

	private static String padded(String head, String tail) {
		return head + "x".repeat(JSON_BYTES - head.length() - tail.length()) + tail;
	}

	private static void digits(byte[] text, int at, int count, long number) {
		long rest = number;
		for (int i = at + count - 1; i >= at; i--) {
			text[i] = (byte) ('0' + rest % 10);
			rest /= 10;
		}
	}

	private static byte[] ascii(String text) {
		return text.getBytes(StandardCharsets.US_ASCII);
	}

}
