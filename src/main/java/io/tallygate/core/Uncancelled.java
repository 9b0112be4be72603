package io.tallygate.core;

import reactor.core.publisher.Mono;

/**
 * Work that must reach its end although whoever waits for it has gone. A cancelled R2DBC
 * statement can wedge its connection, and money must not depend on a caller's patience.
 */
public final class Uncancelled {

	private Uncancelled() {
	}

	/** The same work and result; cancelling the result leaves the work running. */
	public static <T> Mono<T> of(Mono<T> work) {
		return Mono.defer(() -> Mono.fromFuture(work.toFuture(), true));
	}

}
