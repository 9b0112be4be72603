package io.tallygate.provider;

import org.jspecify.annotations.Nullable;

/**
 * What an answer said of itself.
 *
 * @param usage the last valid usage report, {@code null} when there was none
 * @param contentSeen whether any of the model's answer was seen
 * @param errorSeen whether the body itself speaks of an error, whatever its HTTP status
 * @param endSeen whether the end of the stream ({@code [DONE]}) was seen
 * @param providerId the provider's own id of the answer
 * @param text the answer's text as far as it was kept, {@code null} when nobody wants it
 */
public record Reading(@Nullable Usage usage, boolean contentSeen, boolean errorSeen, boolean endSeen,
		@Nullable String providerId, @Nullable KeptText text) {
}
