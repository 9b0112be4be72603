package io.tallygate.metering;

import java.time.Instant;

import io.tallygate.client.Terms;
import io.tallygate.core.ChannelId;
import io.tallygate.core.RequestId;

/**
 * An exchange about to be relayed.
 *
 * @param request the exchange's id
 * @param channel how it came in
 * @param terms what it is charged under
 * @param reservation the most that it may add to the client's total, in thousandths: body
 * bytes / 4 and the bounded maximum output
 * @param at by the instance's clock
 */
public record Opening(RequestId request, ChannelId channel, Terms terms, long reservation, Instant at) {
}
