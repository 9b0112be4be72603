package io.tallygate.core;

import java.security.MessageDigest;
import java.nio.charset.StandardCharsets;

/**
 * A key or token that prints as dots; whoever needs the text has to ask for it by name.
 */
public final class Secret {

	private final String text;

	private Secret(String text) {
		this.text = text;
	}

	/** Wraps {@code text}, which must not be blank. */
	public static Secret of(String text) {
		if (text.isBlank()) {
			throw new IllegalArgumentException("A secret must not be blank");
		}
		return new Secret(text);
	}

	/** The secret itself, for the one place that must send or hash it. */
	public String reveal() {
		return this.text;
	}

	/**
	 * The last four characters, by which a person recognises it; fewer than twelve
	 * characters give none away.
	 */
	public String last4() {
		return (this.text.length() < 12) ? "" : this.text.substring(this.text.length() - 4);
	}

	@Override
	public boolean equals(Object other) {
		return other instanceof Secret secret && MessageDigest.isEqual(this.text.getBytes(StandardCharsets.UTF_8),
				secret.text.getBytes(StandardCharsets.UTF_8));
	}

	@Override
	public int hashCode() {
		return this.text.hashCode();
	}

	@Override
	public String toString() {
		return "••••";
	}

}
