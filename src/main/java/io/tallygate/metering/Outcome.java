package io.tallygate.metering;

import java.util.Locale;

import io.tallygate.core.ProviderId;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;

/**
 * How a relayed exchange ended, as the relay saw it. Which quantity that is, and when it
 * occurred, metering decides.
 *
 * @param provider who answered, {@code null} when the exchange was never relayed
 * @param model the model that the client asked for
 * @param api what was called ("chat.completions")
 * @param status whether the counts are the provider's, estimated, or nothing is charged
 * @param usage the counts; {@code null} only with {@link Status#FREE}
 * @param messages 1 for an answer of status 2xx of which a content byte was relayed or
 * drained, else 0
 * @param httpStatus what the client was answered, or would have been
 * @param streamed whether the answer came as a stream
 * @param clientDisconnected whether the client hung up before the end
 * @param providerRequestId the provider's own id of the exchange
 * @param durationMs from the request's arrival to the end of the answer
 * @param ttftMs from the request's arrival to the first content byte
 */
public record Outcome(@Nullable ProviderId provider, String model, String api, Status status, @Nullable Usage usage,
		int messages, int httpStatus, boolean streamed, boolean clientDisconnected, @Nullable String providerRequestId,
		long durationMs, @Nullable Long ttftMs) {

	/** What the ledger says of an exchange. */
	public enum Status {

		/** Charged by what the provider reported. */
		BILLED,
		/**
		 * Not charged: a provider's error without usage, or no usage under
		 * {@code on_missing_usage: free}.
		 */
		FREE,
		/** Charged by our own count, because a successful answer reported none. */
		ESTIMATED;

		/** The name in JSON and in the database: lower case. */
		public String text() {
			return name().toLowerCase(Locale.ROOT);
		}

	}

	public Outcome {
		if (usage == null && status != Status.FREE) {
			throw new IllegalArgumentException("An exchange without usage can only be free but was " + status);
		}
	}

}
