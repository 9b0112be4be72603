package io.tallygate.stripe;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;

/**
 * What stands in a webhook's {@code Stripe-Signature}: when it was signed, and one
 * signature for each secret of the endpoint. Stripe's library looks at text instead of
 * bytes and takes any time in the future, so this is our own.
 *
 * @param signedAt when
 * @param text the same, as it was signed
 * @param signatures of the scheme v1
 */
public record WebhookSignature(Instant signedAt, String text, List<byte[]> signatures) {

	/** How far its time may be from ours, into the past and into the future. */
	public static final Duration TOLERANCE = Duration.ofMinutes(5);

	/** Stripe signs with two secrets at most while one is rolled. */
	private static final int SIGNATURES_MAX = 8;

	private static final int HEADER_MAX = 4_096;

	private static final String ALGORITHM = "HmacSHA256";

	public WebhookSignature {
		signatures = List.copyOf(signatures);
	}

	/** What is to be thought of a webhook. */
	public enum Verdict {

		/** Signed with one of the secrets, a moment ago. */
		GENUINE,
		/** No signature that could be read. */
		MALFORMED,
		/** Signed with none of the secrets, or over another body. */
		FORGED,
		/** Signed with one of them, at a time too far from now. */
		STALE

	}

	/** Judges a body by its header; without a secret nothing is genuine. */
	public static Verdict judge(@Nullable String header, byte[] body, List<Secret> secrets, Instant now) {
		WebhookSignature signature = read(header);
		if (signature == null) {
			return Verdict.MALFORMED;
		}
		boolean isSigned = false;
		for (Secret secret : secrets) {
			byte[] expected = mac(secret, signature.text(), body);
			for (byte[] each : signature.signatures()) {
				isSigned |= MessageDigest.isEqual(expected, each);
			}
		}
		if (!isSigned) {
			return Verdict.FORGED;
		}
		Duration apart = Duration.between(signature.signedAt(), now).abs();
		return (apart.compareTo(TOLERANCE) <= 0) ? Verdict.GENUINE : Verdict.STALE;
	}

	/** What the header says, or {@code null} if that is nothing to go by. */
	private static @Nullable WebhookSignature read(@Nullable String header) {
		if (header == null || header.length() > HEADER_MAX) {
			return null;
		}
		String time = null;
		List<byte[]> signatures = new ArrayList<>();
		for (String part : header.split(",", -1)) {
			String[] pair = part.strip().split("=", 2);
			if (pair.length == 2 && pair[0].equals("t")) {
				if (time != null) {
					return null;
				}
				time = pair[1];
			}
			else if (pair.length == 2 && pair[0].equals("v1") && pair[1].matches("[0-9a-fA-F]{64}")) {
				signatures.add(HexFormat.of().parseHex(pair[1]));
			}
		}
		Instant signedAt = instant(time);
		if (signedAt == null || time == null || signatures.isEmpty() || signatures.size() > SIGNATURES_MAX) {
			return null;
		}
		return new WebhookSignature(signedAt, time, signatures);
	}

	private static @Nullable Instant instant(@Nullable String seconds) {
		if (seconds == null || !seconds.matches("\\d{1,11}")) {
			return null;
		}
		try {
			return Instant.ofEpochSecond(Long.parseLong(seconds));
		}
		catch (DateTimeException ex) {
			return null;
		}
	}

	private static byte[] mac(Secret secret, String time, byte[] body) {
		try {
			Mac mac = Mac.getInstance(ALGORITHM);
			mac.init(new SecretKeySpec(secret.reveal().getBytes(StandardCharsets.UTF_8), ALGORITHM));
			mac.update((time + ".").getBytes(StandardCharsets.UTF_8));
			return mac.doFinal(body);
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("Every JVM has HMAC-SHA-256", ex);
		}
	}

}
