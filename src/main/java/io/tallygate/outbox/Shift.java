package io.tallygate.outbox;

import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The lanes at work, from start to stop.
 *
 * @param bell holds one ring while a round runs
 * @param scans rings it by the clock
 * @param finished when the last call in flight is written down
 */
record Shift(Sinks.Many<Boolean> bell, Disposable scans, Mono<Void> finished) {

	/** A ring that finds one waiting is the same ring. */
	void ring() {
		while (this.bell.tryEmitNext(Boolean.TRUE) == Sinks.EmitResult.FAIL_NON_SERIALIZED) {
			Thread.onSpinWait();
		}
	}

	void end() {
		this.scans.dispose();
		while (this.bell.tryEmitComplete() == Sinks.EmitResult.FAIL_NON_SERIALIZED) {
			Thread.onSpinWait();
		}
	}

}
