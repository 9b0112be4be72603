package io.tallygate.provider;

/**
 * The text of an answer, for counting its tokens should the provider not report them: at
 * most 256 KiB, and how much more there was.
 */
public final class KeptText {

	/** No more bytes than these are kept. */
	public static final int BYTES_MAX = 256 * 1024;

	KeptText() {
	}

	/** Never the text itself. */
	@Override
	public String toString() {
		return "KeptText";
	}

}
