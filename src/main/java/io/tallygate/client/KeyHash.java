package io.tallygate.client;

import java.nio.ByteBuffer;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * The SHA-256 of a channel key, as what it is held under in memory: comparing two takes
 * no array, and the key itself is not kept.
 */
record KeyHash(long first, long second, long third, long fourth) {

	private static final int BYTES = 32;

	private static final ThreadLocal<Workspace> WORKSPACE = ThreadLocal.withInitial(Workspace::new);

	/** The hash of a text as long as a channel key; made on every request. */
	static KeyHash of(String key) {
		return WORKSPACE.get().hash(key);
	}

	/** As PostgreSQL has it. */
	byte[] bytes() {
		return ByteBuffer.allocate(BYTES)
			.putLong(this.first)
			.putLong(this.second)
			.putLong(this.third)
			.putLong(this.fourth)
			.array();
	}

	/**
	 * What hashing needs, one for each thread, so that a request allocates none of it.
	 */
	private static final class Workspace {

		private final MessageDigest digest = sha256();

		private final byte[] text = new byte[ChannelKey.LENGTH];

		private final byte[] hash = new byte[BYTES];

		private final ByteBuffer numbers = ByteBuffer.wrap(this.hash);

		KeyHash hash(String key) {
			for (int i = 0; i < this.text.length; i++) {
				// A key is ASCII. Anything else becomes a character that no key has.
				char character = key.charAt(i);
				this.text[i] = (byte) ((character < 0x80) ? character : 0);
			}
			try {
				this.digest.update(this.text);
				this.digest.digest(this.hash, 0, BYTES);
			}
			catch (DigestException ex) {
				throw new IllegalStateException("A SHA-256 does not fit into its own length", ex);
			}
			return new KeyHash(this.numbers.getLong(0), this.numbers.getLong(8), this.numbers.getLong(16),
					this.numbers.getLong(24));
		}

		private static MessageDigest sha256() {
			try {
				return MessageDigest.getInstance("SHA-256");
			}
			catch (NoSuchAlgorithmException ex) {
				throw new IllegalStateException("This JVM has no SHA-256", ex);
			}
		}

	}

}
