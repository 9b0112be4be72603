package io.tallygate.provider;

/**
 * The parts of a chat completions request that the gateway must know.
 *
 * @param model the model asked for, as it is written
 * @param stream whether the answer is to come as a stream
 * @param asksUsage whether the client itself asked for the usage chunk of a stream
 * @param maxOutputTokens the larger of {@code max_completion_tokens} and
 * {@code max_tokens}; -1 when neither is given
 * @param choices {@code n}, 1 when it is not given
 */
public record ChatRequest(String model, boolean stream, boolean asksUsage, long maxOutputTokens, int choices) {

	/**
	 * Reads a request body and checks the whole of it as JSON.
	 * @throws InvalidRequest if it is no JSON object, names no model, asks for what
	 * cannot be metered, or says a thing twice that decides how it is metered
	 */
	public static ChatRequest read(byte[] body) {
		return ChatBody.walk(body).request();
	}

	/**
	 * The same body with {@code stream_options.include_usage} true, every other byte as
	 * the client wrote it; the same array when that is so already or nothing is streamed.
	 */
	public byte[] askingUsage(byte[] body) {
		return (this.stream && !this.asksUsage) ? ChatBody.walk(body).askingUsage() : body;
	}

}
