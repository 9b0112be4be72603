package io.tallygate.agency;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.r2dbc.spi.Readable;
import io.tallygate.core.ProviderId;
import io.tallygate.core.Row;
import io.tallygate.core.Secret;
import io.tallygate.provider.ModelPattern;
import io.tallygate.provider.Provider;
import io.tallygate.provider.ProviderKind;

/**
 * A provider as it is stored, its key apart, and as the admin API shows it.
 *
 * @param id ours
 * @param name the agency's word for it
 * @param kind whose API it speaks
 * @param baseUrl where it is
 * @param apiKeyLast4 by which a person recognises the key
 * @param models patterns of the models that it serves
 * @param isDefault whether it serves what no pattern names
 * @param timeoutMs longest wait for an answer's first byte, and between two chunks
 * @param supportsStreamUsage whether it knows {@code stream_options.include_usage}
 * @param createdAt when it was made
 */
record StoredProvider(String id, String name, ProviderKind kind, String baseUrl, String apiKeyLast4,
		List<String> models, @JsonProperty("default") boolean isDefault, int timeoutMs, boolean supportsStreamUsage,
		Instant createdAt) {

	static StoredProvider of(Readable row) {
		return new StoredProvider(Row.text(row, "id"), Row.text(row, "name"),
				ProviderKind.valueOf(Row.text(row, "kind").toUpperCase(Locale.ROOT)), Row.text(row, "base_url"),
				Row.text(row, "api_key_last4"), List.of(row.get("models", String[].class)),
				Row.get(row, "is_default", Boolean.class), Row.get(row, "timeout_ms", Integer.class),
				Row.get(row, "supports_stream_usage", Boolean.class), Row.get(row, "created_at", Instant.class));
	}

	/** All that can be set, as it is now. */
	ProviderBody body() {
		return new ProviderBody(this.name, this.kind, this.baseUrl, null, this.models, this.isDefault, this.timeoutMs,
				this.supportsStreamUsage);
	}

	/** The provider with its key, as the data plane uses it. */
	Provider with(Secret apiKey) {
		return new Provider(new ProviderId(this.id), this.name, this.kind, URI.create(this.baseUrl), apiKey,
				this.models.stream().map(ModelPattern::new).toList(), this.isDefault, Duration.ofMillis(this.timeoutMs),
				this.supportsStreamUsage, this.createdAt);
	}

}
