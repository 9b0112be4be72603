package io.tallygate.core;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.List;

import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals secrets at rest: AES-256-GCM with a random nonce, under a key derived
 * (HMAC-SHA-256) for one purpose, bound to its owner as associated data, so that a sealed
 * value moved to another row does not open. Several master keys may be held for rotation:
 * the first seals, all open.
 * <p>
 * A sealed value is one version byte, twelve bytes of nonce, the cipher text and its
 * sixteen-byte tag.
 */
public final class SecretBox {

	private static final byte VERSION = 1;

	private static final int NONCE = 12;

	private final List<byte[]> masterKeys;

	private final SecureRandom random = new SecureRandom();

	/**
	 * A box over these master keys of 32 bytes each, the sealing one first.
	 * @throws IllegalArgumentException if there is none, or one of another length
	 */
	public SecretBox(List<byte[]> masterKeys) {
		if (masterKeys.isEmpty()) {
			throw new IllegalArgumentException("At least one encryption key is needed");
		}
		for (byte[] key : masterKeys) {
			if (key.length != 32) {
				throw new IllegalArgumentException("An encryption key must have 32 bytes but has " + key.length);
			}
		}
		this.masterKeys = masterKeys.stream().map(byte[]::clone).toList();
	}

	/** Seals {@code secret} for one purpose ("stripe-key") and owner (an id). */
	public byte[] seal(String purpose, String owner, Secret secret) {
		byte[] nonce = new byte[NONCE];
		this.random.nextBytes(nonce);
		try {
			Cipher cipher = cipher(Cipher.ENCRYPT_MODE, this.masterKeys.get(0), purpose, owner, nonce);
			byte[] sealed = cipher.doFinal(secret.reveal().getBytes(StandardCharsets.UTF_8));
			return ByteBuffer.allocate(1 + NONCE + sealed.length).put(VERSION).put(nonce).put(sealed).array();
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("This JVM cannot seal with AES-GCM", ex);
		}
	}

	/**
	 * Opens what was sealed for the same purpose and owner.
	 * @throws CannotOpen if no key that we hold opens it
	 */
	public Secret open(String purpose, String owner, byte[] sealed) {
		if (sealed.length <= 1 + NONCE || sealed[0] != VERSION) {
			throw new CannotOpen(purpose, owner);
		}
		byte[] nonce = java.util.Arrays.copyOfRange(sealed, 1, 1 + NONCE);
		for (byte[] key : this.masterKeys) {
			try {
				Cipher cipher = cipher(Cipher.DECRYPT_MODE, key, purpose, owner, nonce);
				byte[] opened = cipher.doFinal(sealed, 1 + NONCE, sealed.length - 1 - NONCE);
				return Secret.of(new String(opened, StandardCharsets.UTF_8));
			}
			catch (AEADBadTagException ex) {
				// Sealed under another of our keys, or under none of them: the next one
				// is tried.
			}
			catch (GeneralSecurityException ex) {
				throw new IllegalStateException("This JVM cannot open AES-GCM", ex);
			}
		}
		throw new CannotOpen(purpose, owner);
	}

	private static Cipher cipher(int mode, byte[] masterKey, String purpose, String owner, byte[] nonce)
			throws GeneralSecurityException {
		Mac derive = Mac.getInstance("HmacSHA256");
		derive.init(new SecretKeySpec(masterKey, "HmacSHA256"));
		byte[] key = derive.doFinal(("tallygate/v1/" + purpose).getBytes(StandardCharsets.UTF_8));
		Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
		cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(128, nonce));
		cipher.updateAAD((purpose + "/" + owner).getBytes(StandardCharsets.UTF_8));
		return cipher;
	}

	/**
	 * None of the encryption keys opens a sealed value: it was sealed under another, or
	 * tampered with.
	 */
	public static final class CannotOpen extends RuntimeException {

		private static final long serialVersionUID = 1L;

		CannotOpen(String purpose, String owner) {
			super("The " + purpose + " of " + owner
					+ " cannot be opened with TALLYGATE_ENCRYPTION_KEY: give the key that sealed it, or enter it again");
		}

	}

}
