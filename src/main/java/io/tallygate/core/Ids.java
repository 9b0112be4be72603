package io.tallygate.core;

import java.time.InstantSource;
import java.util.random.RandomGenerator;

/**
 * Makes ids that sort by the time at which they were made: a Stripe-like prefix, ten
 * characters of milliseconds since 1970 and sixteen of chance (80 bits), all in
 * Crockford's base 32, lower case.
 */
public final class Ids {

	/** Characters after the prefix. */
	public static final int BODY_LENGTH = 26;

	private static final byte[] DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
		.getBytes(java.nio.charset.StandardCharsets.US_ASCII);

	private final InstantSource clock;

	private final RandomGenerator random;

	public Ids(InstantSource clock, RandomGenerator random) {
		this.clock = clock;
		this.random = random;
	}

	/** A new id that begins with {@code prefix}, for instance {@code "req_"}. */
	public String next(String prefix) {
		byte[] body = new byte[BODY_LENGTH];
		digits(body, 0, 10, this.clock.millis());
		digits(body, 10, 8, this.random.nextLong());
		digits(body, 18, 8, this.random.nextLong());
		return prefix + new String(body, java.nio.charset.StandardCharsets.US_ASCII);
	}

	/**
	 * The id of the same time and chance under another prefix: a request's ledger line,
	 * for instance.
	 */
	public static String sibling(String prefix, String id) {
		return prefix + id.substring(id.length() - BODY_LENGTH);
	}

	/** Whether {@code value} is an id with this prefix, by its form alone. */
	public static boolean isId(String prefix, String value) {
		if (!value.startsWith(prefix) || value.length() != prefix.length() + BODY_LENGTH) {
			return false;
		}
		for (int i = prefix.length(); i < value.length(); i++) {
			char digit = value.charAt(i);
			if ((digit < '0' || digit > '9')
					&& (digit < 'a' || digit > 'z' || digit == 'i' || digit == 'l' || digit == 'o' || digit == 'u')) {
				return false;
			}
		}
		return true;
	}

	static void check(String prefix, String value) {
		if (!isId(prefix, value)) {
			throw new IllegalArgumentException(
					"'" + value + "' is not an id: expected " + prefix + " and " + BODY_LENGTH + " characters");
		}
	}

	private static void digits(byte[] body, int from, int count, long value) {
		long rest = value;
		for (int i = from + count - 1; i >= from; i--) {
			body[i] = DIGITS[(int) (rest & 31)];
			rest >>>= 5;
		}
	}

}
