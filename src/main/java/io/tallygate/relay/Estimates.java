package io.tallygate.relay;

import java.time.Duration;

import io.tallygate.provider.KeptText;
import io.tallygate.provider.TokenEstimate;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Counts tokens that no provider reported, away from the event loops. */
final class Estimates {

	/**
	 * Request bodies up to this size are kept for as long as an estimate may be needed.
	 */
	static final int BODY_BYTES_MAX = 256 * 1024;

	private static final int BYTES_PER_TOKEN = 4;

	private static final byte[] EMPTY_REQUEST = { '{', '}' };

	/** The end of an answer waits for its estimate no longer than this. */
	private static final Duration WAIT_MAX = Duration.ofSeconds(1);

	private final Mono<TokenEstimate> estimate;

	private final Scheduler workers;

	Estimates(Scheduler workers) {
		this.workers = workers;
		this.estimate = Mono.fromCallable(TokenEstimate::new).subscribeOn(workers).cache();
	}

	/** Loads what counts on a worker, so that the first estimate need not wait for it. */
	void load() {
		this.estimate.subscribe();
	}

	/**
	 * The tokens of an exchange; never fails, and falls back on a quarter of the bytes
	 * where there is nothing to count by.
	 * @param model asked for
	 * @param body the request's, {@code null} when it was too large to be kept
	 * @param bodyBytes how long it was
	 * @param text the answer's
	 */
	Mono<Usage> count(String model, byte @Nullable [] body, long bodyBytes, @Nullable KeptText text) {
		long textBytes = (text != null) ? text.length() : 0;
		Usage byBytes = Usage.of(bodyBytes / BYTES_PER_TOKEN, textBytes / BYTES_PER_TOKEN);
		Mono<Usage> counted = (body != null) ? counted(model, body, text)
				: counted(model, EMPTY_REQUEST, text).map((usage) -> plus(usage, bodyBytes / BYTES_PER_TOKEN));
		return counted.onErrorReturn(byBytes);
	}

	private Mono<Usage> counted(String model, byte[] body, @Nullable KeptText text) {
		return this.estimate.publishOn(this.workers)
			.map((estimate) -> estimate.estimate(model, body, text))
			.timeout(WAIT_MAX);
	}

	private static Usage plus(Usage usage, long input) {
		return Usage.of(Usage.orZero(usage.input()) + input, Usage.orZero(usage.output()));
	}

}
