package io.tallygate.provider;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;

import io.tallygate.fault.Matrix;
import io.tallygate.support.Cuts;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** Compressed answers pass unchanged and are read all the same, within bounds. */
class InflatingTapTests {

	private static final String STREAM = """
			data: {"choices":[{"delta":{"content":"Hi"}}]}

			data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}

			""";

	@Test
	void gzipIsReadWhereverItIsCut() {
		byte[] body = gzip(STREAM);
		for (List<byte[]> pieces : Cuts.of(body).toList()) {
			assertReadAndUnchanged("gzip", body, pieces);
		}
		assertReadAndUnchanged("GZip", body, Cuts.everyByte(body));
	}

	@Test
	void gzipOfSeveralMembersIsReadWhereverItIsCut() {
		byte[] body = joined(gzip(STREAM.substring(0, 70)), gzip(""), gzip(STREAM.substring(70)));
		for (List<byte[]> pieces : Cuts.of(body).toList()) {
			assertReadAndUnchanged("gzip", body, pieces);
		}
	}

	@Test
	void gzipWithEveryFieldInItsHeaderIsRead() {
		byte[] plain = gzip(STREAM);
		byte[] header = { 0x1F, (byte) 0x8B, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 0, 3, 0, 'e', 'x', 't', 'n', 0, 'c', 0,
				1, 2 };
		byte[] body = joined(header, java.util.Arrays.copyOfRange(plain, 10, plain.length));

		assertReadAndUnchanged("gzip", body, Cuts.everyByte(body));
	}

	@Test
	void deflateIsReadWithItsFrameAndWithout() {
		for (boolean raw : new boolean[] { false, true }) {
			byte[] body = compressed(STREAM, (out) -> new DeflaterOutputStream(out, new Deflater(9, raw)));

			assertReadAndUnchanged("deflate", body, Cuts.everyByte(body));
		}
	}

	@Test
	void theBufferInWhichTheEndIsFoundIsHeld() {
		byte[] body = gzip(STREAM + "data: [DONE]\n\n");
		Tapped tapped = Tapped.of(AnswerTap.of(true, "gzip", true, false), List.of(body));

		assertThat(tapped.passed()).isZero();
		assertThat(tapped.bytes()).isEqualTo(body);
		assertThat(tapped.reading().endSeen()).isTrue();
	}

	@Test
	@Matrix(62)
	void aBombIsNotInflatedToTheEnd() {
		byte[] body = gzip("{\"a\":\"" + "x".repeat(20 << 20) + "\",\"usage\":{\"total_tokens\":5}}");

		Tapped tapped = Tapped.of(AnswerTap.of(false, "gzip", false, true), List.of(body));

		assertThat(body.length * Inflation.RATIO_MAX).isLessThan(20 << 20);
		assertThat(tapped.bytes()).isEqualTo(body);
		assertThat(tapped.reading().usage()).isNull();
	}

	@Test
	void whatIsNotCompressedAfterAllPassesUnread() {
		byte[] noise = new byte[5000];
		new Random(7).nextBytes(noise);
		for (String encoding : List.of("gzip", "deflate")) {
			assertThat(Tapped.of(AnswerTap.of(true, encoding, true, true), List.of(noise)).bytes()).isEqualTo(noise);
		}
	}

	@Test
	void whatHasNotGzipsMagicIsNotInflated() {
		for (int at = 0; at < 3; at++) {
			byte[] body = gzip(STREAM);
			body[at]++;

			assertThat(Tapped.of(AnswerTap.of(true, "gzip", true, false), List.of(body)).reading().usage()).isNull();
		}
	}

	private static void assertReadAndUnchanged(String encoding, byte[] body, List<byte[]> pieces) {
		Tapped tapped = Tapped.of(AnswerTap.of(true, encoding, true, false), pieces);

		assertThat(tapped.bytes()).isEqualTo(body);
		assertThat(tapped.reading().usage()).as("pieces of %s", Cuts.lengths(pieces)).isEqualTo(Usage.of(7, 3));
		assertThat(tapped.reading().contentSeen()).isTrue();
	}

	private static byte[] gzip(String text) {
		return compressed(text, GZIPOutputStream::new);
	}

	private static byte[] compressed(String text, Compression compression) {
		ByteArrayOutputStream compressed = new ByteArrayOutputStream();
		try (OutputStream out = compression.over(compressed)) {
			out.write(text.getBytes(StandardCharsets.UTF_8));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		return compressed.toByteArray();
	}

	private static byte[] joined(byte[]... parts) {
		ByteArrayOutputStream joined = new ByteArrayOutputStream();
		for (byte[] part : parts) {
			joined.writeBytes(part);
		}
		return joined.toByteArray();
	}

	/** A way to compress. */
	private interface Compression {

		OutputStream over(OutputStream out) throws IOException;

	}

}
