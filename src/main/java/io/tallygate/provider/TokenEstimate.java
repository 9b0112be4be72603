package io.tallygate.provider;

import java.util.Map;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingRegistry;
import com.knuddels.jtokkit.api.EncodingType;
import org.jspecify.annotations.Nullable;

/**
 * Counts tokens where the provider reported none: the text of the messages and tools that
 * were sent, and the text that came back. It is an estimate also because pictures and
 * sound are not counted, and because other vendors' tokenizers are not ours; when in
 * doubt it counts less.
 * <p>
 * Loading takes long: make one, off the event loop, and keep it. Counting a long text
 * belongs off the event loop too.
 */
public final class TokenEstimate {

	/** What OpenAI adds to each message, and to the answer's beginning. */
	private static final int TOKENS_A_MESSAGE = 3;

	/** Bytes to a token where a text is too long to be tokenized. */
	private static final int BYTES_A_TOKEN = 4;

	/** No provider makes more choices, and the product stays exact. */
	private static final int CHOICES_MAX = 128;

	/** The beginnings of names of older models; all others use the newer encoding. */
	private static final Map<String, EncodingType> OLDER = Map.of("gpt-3.5", EncodingType.CL100K_BASE, "gpt-35",
			EncodingType.CL100K_BASE, "gpt-4-", EncodingType.CL100K_BASE, "text-embedding-", EncodingType.CL100K_BASE,
			"text-davinci-", EncodingType.P50K_BASE);

	private final EncodingRegistry encodings = Encodings.newLazyEncodingRegistry();

	/** Loads the encodings that most models use. */
	public TokenEstimate() {
		this.encodings.getEncoding(EncodingType.O200K_BASE);
		this.encodings.getEncoding(EncodingType.CL100K_BASE);
	}

	/**
	 * The tokens of a request and of what was answered.
	 * @param model the model asked for, which decides the encoding
	 * @param requestBody the chat completions request
	 * @param answer the text of the answer, {@code null} when none was kept
	 */
	public Usage estimate(String model, byte[] requestBody, @Nullable KeptText answer) {
		Encoding encoding = this.encodings.getEncoding(encodingOf(model));
		PromptText prompt = PromptText.of(requestBody);
		long input = encoding.countTokensOrdinary(prompt.text()) + prompt.omitted() / BYTES_A_TOKEN
				+ (long) TOKENS_A_MESSAGE * prompt.messages();
		long output = 0;
		if (answer != null) {
			output = encoding.countTokensOrdinary(answer.unescaped()) + answer.omitted() / BYTES_A_TOKEN;
		}
		return Usage.of(input, Math.min(output, outputMax(requestBody)));
	}

	/** No more than this can have been answered. */
	private static long outputMax(byte[] requestBody) {
		try {
			ChatRequest request = ChatRequest.read(requestBody);
			boolean known = request.maxOutputTokens() >= 0 && request.maxOutputTokens() <= Usage.COUNT_MAX;
			return known ? request.maxOutputTokens() * Math.min(request.choices(), CHOICES_MAX) : Long.MAX_VALUE;
		}
		catch (InvalidRequest ex) {
			return Long.MAX_VALUE;
		}
	}

	private static EncodingType encodingOf(String model) {
		String name = model.substring(model.lastIndexOf('/') + 1);
		if (name.equals("gpt-4")) {
			return EncodingType.CL100K_BASE;
		}
		return OLDER.entrySet()
			.stream()
			.filter((older) -> name.startsWith(older.getKey()))
			.map(Map.Entry::getValue)
			.findAny()
			.orElse(EncodingType.O200K_BASE);
	}

}
