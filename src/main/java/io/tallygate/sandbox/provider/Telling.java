package io.tallygate.sandbox.provider;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * One answer on its way to one caller, written down once: when its usage leaves, or when
 * it ends without.
 */
final class Telling {

	private final ChatAnswer answer;

	private final String id;

	private final String requestId;

	private final Transcript transcript;

	private final AtomicBoolean isWritten = new AtomicBoolean();

	/** Events handed to the socket: the role, then a token each. */
	private final AtomicInteger sent = new AtomicInteger();

	Telling(ChatAnswer answer, String id, String requestId, Transcript transcript) {
		this.answer = answer;
		this.id = id;
		this.requestId = requestId;
		this.transcript = transcript;
	}

	/** The answer in one piece. */
	Mono<byte[]> whole() {
		return Mono.defer(
				() -> write(this.answer.completionTokens(), this.answer.isUsageReported(), Transcript.Ending.COMPLETE)
					.then(Mono.fromSupplier(this.answer::whole)));
	}

	/** The answer in one piece, which will not arrive whole. */
	byte[] draft() {
		return this.answer.whole();
	}

	/** The events of the stream at a pace, noted when they are about to leave. */
	Flux<byte[]> events(Duration delay) {
		Flux<byte[]> events = this.answer.events();
		return (delay.isZero() ? events : events.delayElements(delay)).concatMap(this::note, 0);
	}

	private Mono<byte[]> note(byte[] event) {
		int place = this.sent.getAndIncrement();
		if (place == this.answer.usagePlace()) {
			return write(this.answer.completionTokens(), true, Transcript.Ending.COMPLETE).thenReturn(event);
		}
		if (Arrays.equals(event, ChatAnswer.DONE)) {
			return write(this.answer.completionTokens(), false, Transcript.Ending.COMPLETE).thenReturn(event);
		}
		return Mono.just(event);
	}

	/** The answer ends here, if it has not ended already. */
	void end(Transcript.Ending ending) {
		int tokens = Math.max(0, Math.min(this.sent.get() - 1, this.answer.completionTokens()));
		write(tokens, false, ending).subscribe();
	}

	private Mono<Void> write(int tokens, boolean isReported, Transcript.Ending ending) {
		if (!this.isWritten.compareAndSet(false, true)) {
			return Mono.empty();
		}
		return this.transcript.add(new Transcript.Answer(this.id, this.requestId, this.answer.id(),
				this.answer.request().model().name(), this.answer.request().user(), this.answer.request().isStreamed(),
				this.answer.promptTokens(), tokens, isReported, ending));
	}

}
