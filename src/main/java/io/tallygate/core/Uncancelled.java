package io.tallygate.core;

import reactor.core.publisher.Mono;

/**
 * Work that must reach its end although whoever waits for it has gone. A cancelled R2DBC
 * statement can wedge its connection, and money must not depend on a caller's patience.
 */
public final class Uncancelled {

	private Uncancelled() {
	}

	/**
	 * The same work and result; cancelling the result leaves the work running. A failure
	 * travels as a value, because Reactor prints one that nobody waits for any more with
	 * its whole stack: under load, and with PostgreSQL away, hundreds a second.
	 */
	public static <T> Mono<T> of(Mono<T> work) {
		return Mono.defer(() -> Mono.fromFuture(work.materialize().toFuture(), true)).dematerialize();
	}

}
