package io.tallygate.provider;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What came of an answer that went through a tap in pieces.
 *
 * @param output all bytes that the client would get, one character each
 * @param passed how many of them it would get before the end is released
 * @param reading the final reading
 */
record Tapped(String output, int passed, Reading reading) {

	static Tapped of(AnswerTap tap, List<byte[]> pieces) {
		List<ByteBuf> given = new ArrayList<>();
		ByteArrayOutputStream output = new ByteArrayOutputStream();
		int passed;
		Reading reading;
		try (tap) {
			for (byte[] piece : pieces) {
				ByteBuf bytes = Unpooled.wrappedBuffer(piece);
				given.add(bytes);
				drain(tap.next(bytes), output);
			}
			drain(tap.complete(), output);
			passed = output.size();
			reading = tap.reading();
			if (tap.ended()) {
				drain(tap.release(), output);
			}
		}
		// Empty pieces are Netty's shared empty buffer, which nobody can release.
		assertThat(given).allMatch((bytes) -> bytes.refCnt() == 0 || bytes.capacity() == 0);
		return new Tapped(output.toString(StandardCharsets.ISO_8859_1), passed, reading);
	}

	/** All bytes that the client would get. */
	byte[] bytes() {
		return this.output.getBytes(StandardCharsets.ISO_8859_1);
	}

	/** The text that the client would get. */
	String text() {
		return new String(bytes(), StandardCharsets.UTF_8);
	}

	private static void drain(ByteBuf bytes, ByteArrayOutputStream output) {
		output.writeBytes(ByteBufUtil.getBytes(bytes));
		bytes.release();
	}

}
