package io.tallygate.sandbox.provider;

import java.nio.charset.StandardCharsets;
import java.util.List;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * An answer as it goes over the wire, whole or as a stream.
 *
 * @param id {@code chatcmpl-…}
 * @param created in seconds
 * @param request what was asked
 * @param tokens of the text, one a chunk
 * @param isCutByLength whether more would have come but for the caller's bound
 * @param promptTokens counted
 */
record ChatAnswer(String id, long created, ChatRequest request, List<String> tokens, boolean isCutByLength,
		int promptTokens) {

	private static final JsonMapper MAPPER = JsonMapper.builder().build();

	private static final String FINGERPRINT = "fp_tallygate_fake";

	static final byte[] DONE = "data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8);

	/** The answer to a request, which follows from it. */
	static ChatAnswer to(ChatRequest request, String id, long created) {
		String prompt = request.lastUserText();
		int seed = Story.seed(prompt);
		Integer asked = request.model().tokens();
		int length = (asked != null) ? asked : request.model().tokensByDefault(seed);
		Integer tokensMax = request.tokensMax();
		boolean isCut = tokensMax != null && tokensMax < length;
		return new ChatAnswer(id, created, request,
				Story.tokens(seed, (tokensMax != null && isCut) ? tokensMax : length), isCut,
				Tokens.countPrompt(request.messages()));
	}

	int completionTokens() {
		return this.tokens.size();
	}

	/** Whether the caller is told the usage. */
	boolean isUsageReported() {
		return !this.request.model().isUsageHidden() && (!this.request.isStreamed() || this.request.isUsageAskedFor());
	}

	/** The answer in one piece. */
	byte[] whole() {
		ObjectNode body = head("chat.completion");
		ObjectNode choice = body.putArray("choices").addObject().put("index", 0);
		choice.putObject("message")
			.put("role", "assistant")
			.put("content", String.join("", this.tokens))
			.putNull("refusal")
			.putArray("annotations");
		choice.putNull("logprobs").put("finish_reason", finishReason());
		if (isUsageReported()) {
			body.set("usage", usage());
		}
		body.put("service_tier", "default").put("system_fingerprint", FINGERPRINT);
		return MAPPER.writeValueAsBytes(body);
	}

	/**
	 * The events of the stream: the role, a token each, the finish, the usage if it was
	 * asked for (then every other has a null in its place), and the end.
	 */
	Flux<byte[]> events() {
		Flux<byte[]> words = Flux.fromIterable(this.tokens)
			.map((token) -> event(delta(JsonNodeFactory.instance.objectNode().put("content", token), null)));
		ObjectNode role = JsonNodeFactory.instance.objectNode().put("role", "assistant").put("content", "");
		role.putNull("refusal");
		return Flux.concat(Flux.just(event(delta(role, null))), words,
				Flux.just(event(delta(JsonNodeFactory.instance.objectNode(), finishReason()))),
				isUsageReported() ? Flux.just(usageEvent()) : Flux.empty(), Flux.just(DONE));
	}

	/** The place of the event that reports usage, counted from 0; -1 if none does. */
	int usagePlace() {
		return isUsageReported() ? this.tokens.size() + 2 : -1;
	}

	private byte[] usageEvent() {
		ObjectNode chunk = head("chat.completion.chunk");
		chunk.put("service_tier", "default").put("system_fingerprint", FINGERPRINT).putArray("choices");
		chunk.set("usage", usage());
		return event(chunk);
	}

	private ObjectNode delta(ObjectNode delta, @Nullable String finishReason) {
		ObjectNode chunk = head("chat.completion.chunk");
		chunk.put("service_tier", "default").put("system_fingerprint", FINGERPRINT);
		ObjectNode choice = chunk.putArray("choices").addObject().put("index", 0);
		choice.set("delta", delta);
		choice.putNull("logprobs").put("finish_reason", finishReason);
		if (isUsageReported()) {
			chunk.putNull("usage");
		}
		return chunk;
	}

	private ObjectNode head(String object) {
		return JsonNodeFactory.instance.objectNode()
			.put("id", this.id)
			.put("object", object)
			.put("created", this.created)
			.put("model", this.request.model().name());
	}

	private ObjectNode usage() {
		ObjectNode usage = JsonNodeFactory.instance.objectNode()
			.put("prompt_tokens", this.promptTokens)
			.put("completion_tokens", completionTokens())
			.put("total_tokens", this.promptTokens + completionTokens());
		usage.putObject("prompt_tokens_details").put("cached_tokens", 0).put("audio_tokens", 0);
		usage.putObject("completion_tokens_details")
			.put("reasoning_tokens", 0)
			.put("audio_tokens", 0)
			.put("accepted_prediction_tokens", 0)
			.put("rejected_prediction_tokens", 0);
		return usage;
	}

	private String finishReason() {
		return this.isCutByLength ? "length" : "stop";
	}

	private static byte[] event(ObjectNode chunk) {
		byte[] json = MAPPER.writeValueAsBytes(chunk);
		byte[] event = new byte[json.length + 8];
		byte[] field = { 'd', 'a', 't', 'a', ':', ' ' };
		System.arraycopy(field, 0, event, 0, 6);
		System.arraycopy(json, 0, event, 6, json.length);
		event[event.length - 2] = '\n';
		event[event.length - 1] = '\n';
		return event;
	}

}
