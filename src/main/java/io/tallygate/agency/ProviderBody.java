package io.tallygate.agency;

import java.net.URI;
import java.util.List;
import java.util.Objects;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.tallygate.core.Faults;
import io.tallygate.core.Problem;
import io.tallygate.provider.ModelPattern;
import io.tallygate.provider.ProviderKind;
import org.jspecify.annotations.Nullable;

/**
 * What can be set of a provider.
 *
 * @param name the agency's word for it
 * @param kind whose API it speaks
 * @param baseUrl where it is, with the version path
 * @param apiKey the agency's key there; absent in a change means the one that it has
 * @param models patterns of the models that it serves
 * @param isDefault whether it serves what no pattern names
 * @param timeoutMs longest wait for an answer's first byte, and between two chunks
 * @param supportsStreamUsage whether it knows {@code stream_options.include_usage}
 */
record ProviderBody(@Nullable String name, @Nullable ProviderKind kind, @Nullable String baseUrl,
		@Nullable String apiKey, @Nullable List<String> models, @JsonProperty("default") @Nullable Boolean isDefault,
		@Nullable Integer timeoutMs, @Nullable Boolean supportsStreamUsage) {

	private static final int NAME_LENGTH_MAX = 200;

	private static final int API_KEY_LENGTH_MAX = 1000;

	private static final int MODELS_MAX = 200;

	private static final int TIMEOUT_MS_DEFAULT = 600_000;

	private static final int TIMEOUT_MS_MIN = 1000;

	private static final int TIMEOUT_MS_MAX = 3_600_000;

	private static final String OPENAI_URL = "https://api.openai.com/v1";

	/** The same with defaults for what is absent; a 422 that names all broken rules. */
	ProviderBody checked() {
		Faults faults = new Faults();
		String checkedName = faults.text("/name", this.name, NAME_LENGTH_MAX);
		faults.unless(this.kind != null, "/kind", "kind is required: openai or openai_compatible");
		faults.unless(this.baseUrl != null || this.kind == ProviderKind.OPENAI, "/base_url", "base_url is required");
		faults.unless(this.apiKey == null || isHeaderText(this.apiKey), "/api_key",
				"api_key must have 1 to " + API_KEY_LENGTH_MAX + " printable ASCII characters and no spaces");
		List<String> patterns = (this.models != null) ? this.models : List.of();
		checkModels(patterns, faults);
		int timeout = (this.timeoutMs != null) ? this.timeoutMs : TIMEOUT_MS_DEFAULT;
		faults.unless(timeout >= TIMEOUT_MS_MIN && timeout <= TIMEOUT_MS_MAX, "/timeout_ms",
				"timeout_ms must be between " + TIMEOUT_MS_MIN + " and " + TIMEOUT_MS_MAX + " but was " + timeout);
		faults.throwIfAny();
		refuseUnbuiltKind();
		return new ProviderBody(checkedName, this.kind, Objects.requireNonNullElse(this.baseUrl, OPENAI_URL),
				this.apiKey, patterns, Boolean.TRUE.equals(this.isDefault), timeout,
				!Boolean.FALSE.equals(this.supportsStreamUsage));
	}

	/** The same at this address. */
	ProviderBody at(URI url) {
		return new ProviderBody(this.name, this.kind, url.toString(), this.apiKey, this.models, this.isDefault,
				this.timeoutMs, this.supportsStreamUsage);
	}

	private void refuseUnbuiltKind() {
		if (this.kind != ProviderKind.OPENAI && this.kind != ProviderKind.OPENAI_COMPATIBLE) {
			String message = "kind must be openai or openai_compatible: the other APIs are not supported yet";
			throw new Problem(422, "not_supported_yet", message, List.of(new Problem.Field("/kind", message)));
		}
	}

	private static void checkModels(List<String> patterns, Faults faults) {
		faults.unless(patterns.size() <= MODELS_MAX, "/models", "models must have at most " + MODELS_MAX + " patterns");
		for (int i = 0; i < patterns.size(); i++) {
			String pointer = "/models/" + i;
			String pattern = faults.text(pointer, patterns.get(i), NAME_LENGTH_MAX);
			try {
				new ModelPattern(pattern.isEmpty() ? "*" : pattern);
			}
			catch (IllegalArgumentException ex) {
				faults.add(pointer, String.valueOf(ex.getMessage()));
			}
		}
	}

	private static boolean isHeaderText(String text) {
		return !text.isEmpty() && text.length() <= API_KEY_LENGTH_MAX
				&& text.chars().allMatch((character) -> character > ' ' && character < 0x7f);
	}

	@Override
	public String toString() {
		return "ProviderBody[name=" + this.name + "]";
	}

}
