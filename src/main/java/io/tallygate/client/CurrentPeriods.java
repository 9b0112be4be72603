package io.tallygate.client;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import reactor.core.publisher.Mono;

/**
 * Says in which period a client is now, for whoever reads what was used in it. It asks
 * the database: an instance that never met the client's keys has nothing of it in
 * {@link Periods}.
 */
@FunctionalInterface
public interface CurrentPeriods {

	/** The client's billing period where one is known, else the UTC month. */
	Mono<UsagePeriod> of(AgencyId agency, ClientId client);

}
