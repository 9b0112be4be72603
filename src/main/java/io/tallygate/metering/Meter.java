package io.tallygate.metering;

import reactor.core.publisher.Mono;

/**
 * What the relay asks of metering: leave to relay, and a promise that an exchange is
 * counted.
 */
public interface Meter {

	/**
	 * Admits an exchange within its client's limits and marks it open, before the
	 * provider is called, or refuses it. Cancelling the wait does not undo the mark:
	 * whoever was admitted must close.
	 * @return whether it may be relayed
	 * @throws MeteringUnavailable (as the Mono's error) when neither Redis nor PostgreSQL
	 * can hold the mark, or too much waits to be written
	 */
	Mono<Admission> open(Opening opening);

	/**
	 * Counts an exchange that was opened, exactly once, whoever asks again. Completes
	 * when the answer's last byte may be shown to the client: Redis has the entry (at
	 * most 100 ms are waited for that) or else PostgreSQL has it. Cancelling the wait
	 * does not stop the count.
	 * @throws MeteringUnavailable (as the Mono's error) when neither answered within 2 s.
	 * The entry stays billed: it is kept in memory and written when a store returns.
	 */
	Mono<Void> close(Opening opening, Outcome outcome);

}
