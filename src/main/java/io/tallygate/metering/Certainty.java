package io.tallygate.metering;

import reactor.core.publisher.Mono;

/**
 * Whether PostgreSQL is known to hold all that was ever committed to it. While it is not,
 * nothing may be cut or sent: what it does not remember may be at Stripe already.
 */
public interface Certainty {

	/** Whether that is so at this moment. */
	boolean isCertain();

	/** {@code true} as soon as it is so; {@code false} when that takes too long. */
	Mono<Boolean> becomesCertain();

}
