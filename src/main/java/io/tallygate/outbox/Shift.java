package io.tallygate.outbox;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * The lanes at work, from start to stop. Hands of all threads ring, event loops among
 * them, and nobody waits for another: whoever comes while somebody rings leaves the ring
 * to them.
 *
 * @param bell holds one ring while a round runs
 * @param scans rings it by the clock
 * @param finished when the last call in flight is written down
 * @param rings that nobody has passed on yet
 * @param isEnding whether the next one is the last
 */
record Shift(Sinks.Many<Boolean> bell, Disposable scans, Mono<Void> finished, AtomicInteger rings,
		AtomicBoolean isEnding) {

	Shift(Sinks.Many<Boolean> bell, Disposable scans, Mono<Void> finished) {
		this(bell, scans, finished, new AtomicInteger(), new AtomicBoolean());
	}

	/** A ring that finds one waiting is the same ring. */
	void ring() {
		if (this.rings.getAndIncrement() > 0) {
			return;
		}
		int left = 1;
		while (left > 0) {
			if (this.isEnding.get()) {
				this.bell.tryEmitComplete();
			}
			else {
				this.bell.tryEmitNext(Boolean.TRUE);
			}
			left = this.rings.addAndGet(-left);
		}
	}

	void end() {
		this.scans.dispose();
		this.isEnding.set(true);
		ring();
	}

}
