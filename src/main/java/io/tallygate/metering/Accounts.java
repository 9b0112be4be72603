package io.tallygate.metering;

import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;

/** The accounts as PostgreSQL has them: the port behind which they can be simulated. */
interface Accounts {

	/**
	 * Accounts in their order, all that is committed.
	 * @param after which to go on; {@code null} to begin
	 * @param limit how many at most
	 */
	Flux<Account> list(@Nullable AccountKey after, int limit);

}
