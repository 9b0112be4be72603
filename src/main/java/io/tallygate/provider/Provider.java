package io.tallygate.provider;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import io.tallygate.core.ProviderId;
import io.tallygate.core.Secret;

/**
 * An LLM API to which an agency's requests are relayed.
 *
 * @param id ours
 * @param name the agency's word for it
 * @param kind whose API it speaks
 * @param baseUrl where it is, with the version path ("https://api.openai.com/v1") and
 * without a slash at the end
 * @param apiKey the agency's credential there; sent to this provider's own host only
 * @param models the models that it serves
 * @param isDefault serves what no pattern names
 * @param timeout longest wait for the first byte of an answer, and between two chunks of
 * one
 * @param supportsStreamUsage whether it knows {@code stream_options.include_usage};
 * without it a stream is relayed as it is and its tokens are estimated when none are
 * reported
 * @param createdAt of two that fit equally the older serves
 */
public record Provider(ProviderId id, String name, ProviderKind kind, URI baseUrl, Secret apiKey,
		List<ModelPattern> models, boolean isDefault, Duration timeout, boolean supportsStreamUsage,
		Instant createdAt) {

	public Provider {
		models = List.copyOf(models);
	}

}
