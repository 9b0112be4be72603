package io.tallygate.client;

import java.util.Optional;
import java.util.random.RandomGenerator;

import io.tallygate.core.CheckedKey;
import io.tallygate.core.Secret;

/**
 * A channel key: what a client app sends to say who it is. Its prefix says whether real
 * money is meant.
 *
 * @param prefix {@code tg_live_} or {@code tg_test_}
 * @param secret the whole key
 */
record ChannelKey(String prefix, Secret secret) {

	private static final String LIVE = "tg_live_";

	private static final String TEST = "tg_test_";

	/** Characters of a whole key. */
	static final int LENGTH = LIVE.length() + CheckedKey.BODY_LENGTH;

	/** A new key; {@code random} must be a cryptographic one. */
	static ChannelKey generate(boolean live, RandomGenerator random) {
		String prefix = live ? LIVE : TEST;
		return new ChannelKey(prefix, CheckedKey.generate(prefix, random));
	}

	/** The key in {@code text}, or nothing when it is not one or has a typing error. */
	static Optional<ChannelKey> parse(String text) {
		String prefix = text.startsWith(LIVE) ? LIVE : TEST;
		return CheckedKey.isWellFormed(prefix, text) ? Optional.of(new ChannelKey(prefix, Secret.of(text)))
				: Optional.empty();
	}

	/** What is stored of it, beside the prefix and the last four characters. */
	byte[] sha256() {
		return CheckedKey.sha256(this.secret.reveal());
	}

}
