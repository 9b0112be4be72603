package io.tallygate.client;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;

/**
 * Under what an exchange is admitted and charged: fixed when it opens, whatever is
 * changed while it runs.
 *
 * @param agency whose client it is
 * @param client who is billed
 * @param epoch the client's epoch, counted from 1
 * @param policy what holds in that epoch
 * @param limits how much the client may use
 */
public record Terms(AgencyId agency, ClientId client, int epoch, ChargePolicy policy, Limits limits) {

	/** Terms of a client without limits. */
	public Terms(AgencyId agency, ClientId client, int epoch, ChargePolicy policy) {
		this(agency, client, epoch, policy, Limits.NONE);
	}

}
