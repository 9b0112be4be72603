package io.tallygate.metering;

import reactor.core.publisher.Mono;

/**
 * Each time that Redis was found to have lost something, or to be another Redis: the port
 * behind which that can be simulated.
 */
interface Generations {

	/** Keeps for good what Redis said before another generation begins. */
	Mono<Void> write(GenerationBegun begun);

}
