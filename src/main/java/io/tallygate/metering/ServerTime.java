package io.tallygate.metering;

import java.time.Instant;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

import io.tallygate.core.AgreedClock;
import reactor.core.publisher.Mono;

/**
 * Hears what time it is from the answers of one server.
 *
 * @param clock that is told
 * @param isHeard whether this server's word counts now, because all replicas should hear
 * the same one; before any server has spoken each one's does
 */
record ServerTime(AgreedClock clock, BooleanSupplier isHeard) {

	/** The call, whose answer tells {@code time}. */
	<T> Mono<T> hear(Mono<T> call, Function<T, Instant> time) {
		return Mono.defer(() -> {
			long asked = this.clock.nanos();
			return call.doOnNext((answer) -> {
				if (this.isHeard.getAsBoolean() || !this.clock.isTold()) {
					this.clock.told(asked, time.apply(answer));
				}
			});
		});
	}

}
