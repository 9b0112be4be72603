package io.tallygate.support;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Ways to cut a body into the pieces in which a network might bring it. Wherever the cut
 * falls, what is made of the pieces must be the same.
 */
public final class Cuts {

	/** Bodies up to this long are cut at every offset, longer ones where it matters. */
	public static final int EVERY_OFFSET_MAX = 16 * 1024;

	/**
	 * For longer bodies so many ways at most: each has every so-many-th offset of those
	 * to be tried.
	 */
	private static final int WAYS_MAX = 64;

	private Cuts() {
	}

	/**
	 * The body in two pieces, cut at every offset; a long body in pieces such that each
	 * offset beside its line ends and inside its characters is a cut in one of them.
	 */
	public static Stream<List<byte[]>> of(byte[] body) {
		if (body.length <= EVERY_OFFSET_MAX) {
			return IntStream.rangeClosed(0, body.length).mapToObj((offset) -> at(body, offset));
		}
		int[] offsets = borders(body);
		int ways = Math.min(offsets.length, WAYS_MAX);
		return IntStream.range(0, ways).mapToObj((way) -> at(body, everySoMany(offsets, way, ways)));
	}

	/**
	 * The offsets before, inside and after line ends (and so events), and those inside
	 * characters of several bytes.
	 */
	public static int[] borders(byte[] body) {
		return IntStream.rangeClosed(1, body.length - 1)
			.filter((at) -> isLineEnd(body[at]) || isLineEnd(body[at - 1]) || (body[at] & 0xC0) == 0x80)
			.toArray();
	}

	/** The body in pieces that end at these offsets, which rise, and at its end. */
	public static List<byte[]> at(byte[] body, int... offsets) {
		List<byte[]> pieces = new ArrayList<>();
		int from = 0;
		for (int offset : offsets) {
			pieces.add(Arrays.copyOfRange(body, from, offset));
			from = offset;
		}
		pieces.add(Arrays.copyOfRange(body, from, body.length));
		return pieces;
	}

	/** The lengths of the pieces, by which a failed test says how it cut. */
	public static List<Integer> lengths(List<byte[]> pieces) {
		return pieces.stream().map((piece) -> piece.length).toList();
	}

	/** The body byte by byte. */
	public static List<byte[]> everyByte(byte[] body) {
		return at(body, IntStream.range(1, Math.max(1, body.length)).toArray());
	}

	private static int[] everySoMany(int[] offsets, int first, int step) {
		return IntStream.iterate(first, (i) -> i < offsets.length, (i) -> i + step).map((i) -> offsets[i]).toArray();
	}

	private static boolean isLineEnd(byte value) {
		return value == '\n' || value == '\r';
	}

}
