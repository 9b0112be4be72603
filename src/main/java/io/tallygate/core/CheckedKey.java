package io.tallygate.core;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.random.RandomGenerator;
import java.util.zip.CRC32;

/**
 * The form that channel keys and admin tokens share: a prefix that says what it is,
 * thirty random characters of base 62 (178 bits), and six that hold the CRC-32 of all
 * before them. A typing error is refused without looking anything up, and a scanner for
 * leaked secrets has no false alarms.
 */
public final class CheckedKey {

	private static final String DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	private static final int RANDOM_LENGTH = 30;

	private static final int CHECKSUM_LENGTH = 6;

	/** Characters after the prefix. */
	public static final int BODY_LENGTH = RANDOM_LENGTH + CHECKSUM_LENGTH;

	private CheckedKey() {
	}

	/** A new key; {@code random} must be a cryptographic one. */
	public static Secret generate(String prefix, RandomGenerator random) {
		StringBuilder key = new StringBuilder(prefix);
		for (int i = 0; i < RANDOM_LENGTH; i++) {
			key.append(DIGITS.charAt(random.nextInt(DIGITS.length())));
		}
		return Secret.of(key.append(checksum(key.toString())).toString());
	}

	/** Whether {@code text} has this prefix, the right length and its own checksum. */
	public static boolean isWellFormed(String prefix, String text) {
		if (text.length() != prefix.length() + BODY_LENGTH || !text.startsWith(prefix)) {
			return false;
		}
		for (int i = prefix.length(); i < text.length(); i++) {
			if (DIGITS.indexOf(text.charAt(i)) < 0) {
				return false;
			}
		}
		int checked = text.length() - CHECKSUM_LENGTH;
		return text.substring(checked).equals(checksum(text.substring(0, checked)));
	}

	/** What is stored of a key: with its entropy the hash needs no pepper and no salt. */
	public static byte[] sha256(String key) {
		try {
			return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
		}
		catch (NoSuchAlgorithmException ex) {
			throw new IllegalStateException("This JVM has no SHA-256", ex);
		}
	}

	private static String checksum(String text) {
		CRC32 crc = new CRC32();
		crc.update(text.getBytes(StandardCharsets.UTF_8));
		long rest = crc.getValue();
		char[] digits = new char[CHECKSUM_LENGTH];
		for (int i = CHECKSUM_LENGTH - 1; i >= 0; i--) {
			digits[i] = DIGITS.charAt((int) (rest % DIGITS.length()));
			rest /= DIGITS.length();
		}
		return new String(digits);
	}

}
