package io.tallygate.sandbox.provider;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;

import reactor.core.publisher.Mono;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the fake provider told its callers about usage: the truth that a ledger can be
 * compared with. An answer is written down before the bytes that report its usage leave.
 */
public final class Transcript {

	/** The newest answers that are kept; sums are over all. */
	static final int ANSWERS_MAX = 100_000;

	private final Witness witness;

	private final Deque<Answer> answers = new ArrayDeque<>();

	private long requests;

	private long promptTokens;

	private long completionTokens;

	/** How an answer ended. */
	public enum Ending {

		/** It was handed to the socket whole, or at least its usage was. */
		COMPLETE,
		/** The model's name asked for the connection to be cut. */
		CUT,
		/** The caller left. */
		ABORTED

	}

	/**
	 * One answer.
	 *
	 * @param id the caller's {@code x-request-id} or {@code x-client-request-id}, else
	 * our own
	 * @param requestId our own, which the caller got as {@code x-request-id}
	 * @param completionId {@code chatcmpl-…}
	 * @param user whom the caller said that it was for
	 * @param completionTokens handed to the socket
	 * @param isReported whether the usage was handed to the socket
	 */
	public record Answer(String id, String requestId, String completionId, String model, String user,
			boolean isStreamed, int promptTokens, int completionTokens, boolean isReported, Ending ending) {

		public int totalTokens() {
			return this.promptTokens + this.completionTokens;
		}

	}

	Transcript(Witness witness) {
		this.witness = witness;
	}

	/** Keeps answers too, perhaps on a disk. */
	@FunctionalInterface
	public interface Witness {

		/** Keeps nothing. */
		Witness NONE = (answer) -> Mono.empty();

		/**
		 * Told of every answer, once.
		 * @return when the answer may leave
		 */
		Mono<Void> heard(Answer answer);

	}

	/** The answers that are kept, oldest first. */
	public synchronized List<Answer> answers() {
		return List.copyOf(this.answers);
	}

	/** The usage of the answer may leave when this has ended. */
	Mono<Void> add(Answer answer) {
		keep(answer);
		return this.witness.heard(answer);
	}

	private synchronized void keep(Answer answer) {
		this.answers.addLast(answer);
		if (this.answers.size() > ANSWERS_MAX) {
			this.answers.removeFirst();
		}
		this.requests++;
		if (answer.isReported()) {
			this.promptTokens += answer.promptTokens();
			this.completionTokens += answer.completionTokens();
		}
	}

	/** Everything; the sums are of what was reported. */
	synchronized ObjectNode json() {
		ObjectNode json = JsonNodeFactory.instance.objectNode()
			.put("requests", this.requests)
			.put("prompt_tokens", this.promptTokens)
			.put("completion_tokens", this.completionTokens)
			.put("total_tokens", this.promptTokens + this.completionTokens);
		ArrayNode listed = json.putArray("answers");
		for (Answer answer : this.answers) {
			listed.addObject()
				.put("id", answer.id())
				.put("request_id", answer.requestId())
				.put("completion_id", answer.completionId())
				.put("model", answer.model())
				.put("user", answer.user())
				.put("stream", answer.isStreamed())
				.put("prompt_tokens", answer.promptTokens())
				.put("completion_tokens", answer.completionTokens())
				.put("total_tokens", answer.totalTokens())
				.put("reported", answer.isReported())
				.put("ending", answer.ending().name().toLowerCase(Locale.ROOT));
		}
		return json;
	}

}
