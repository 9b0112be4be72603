package io.tallygate.relay;

import io.tallygate.metering.Outcome;
import io.tallygate.provider.Reading;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;

/**
 * What an exchange is charged by, decided once from what was read of its answer:
 * <ol>
 * <li>counts that the provider reported are billed, zeros too, however the answer
 * ended;</li>
 * <li>without counts a provider's error is free, by its status or in mid-stream;</li>
 * <li>a successful answer without counts, or cut off before them, is estimated, or free
 * where the client's terms say so.</li>
 * </ol>
 *
 * @param status what the ledger will say
 * @param usage the provider's counts; {@code null} when there are none, and for an
 * estimate still to be made
 * @param messages 1 for a successful answer of which a content byte was seen, else 0
 */
record Settlement(Outcome.Status status, @Nullable Usage usage, int messages) {

	private static final Settlement NOTHING = new Settlement(Outcome.Status.FREE, null, 0);

	/**
	 * Decides.
	 * @param httpStatus the provider's, 0 when it gave no answer
	 * @param reading what was read, {@code null} when it gave no answer
	 * @param estimates whether the client's terms have missing counts estimated
	 */
	static Settlement of(int httpStatus, @Nullable Reading reading, boolean estimates) {
		if (reading == null) {
			return NOTHING;
		}
		boolean succeeded = httpStatus >= 200 && httpStatus < 300;
		int messages = (succeeded && reading.contentSeen()) ? 1 : 0;
		if (reading.usage() != null) {
			return new Settlement(Outcome.Status.BILLED, reading.usage(), messages);
		}
		if (!succeeded || reading.errorSeen() || !estimates) {
			return new Settlement(Outcome.Status.FREE, null, messages);
		}
		return new Settlement(Outcome.Status.ESTIMATED, null, messages);
	}

}
