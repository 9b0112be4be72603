package io.tallygate.client;

import java.time.Instant;

import io.tallygate.core.ClientId;

/**
 * Says which period an instant falls into, for a client. Everything that counts by period
 * asks here and nowhere else. Asked on the hot path, so it answers from memory.
 */
@FunctionalInterface
public interface Periods {

	/** The UTC month, for every client: the answer where no billing period is known. */
	Periods UTC_MONTHS = (client, at) -> UsagePeriod.monthOf(at);

	/** The client's period at that instant. */
	UsagePeriod at(ClientId client, Instant instant);

}
