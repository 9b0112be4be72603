package io.tallygate.metering;

import java.time.Instant;

import io.tallygate.client.ChargeBy;
import io.tallygate.core.ClientId;

/**
 * What a cap counts: one client's use in one period, of what it is charged by. Tokens and
 * messages are never added to each other, whatever changes within the period.
 *
 * @param client who uses
 * @param chargeBy what is counted
 * @param period when it starts
 */
record UsageKey(ClientId client, ChargeBy chargeBy, Instant period) {

	/** As it is written in Redis, beside the client: what, and since when. */
	String text() {
		return this.chargeBy.text() + ":" + this.period.getEpochSecond();
	}

}
