package io.tallygate.stripe;

import java.math.BigDecimal;
import java.time.Instant;

import io.tallygate.core.AgencyId;
import reactor.core.publisher.Mono;

/**
 * Stripe's meter events and their summaries, for one agency's account. The port behind
 * which Stripe can be simulated.
 */
public interface MeterEvents {

	/**
	 * Hands one meter event to Stripe: one call, no retry of its own. Never fails for
	 * what Stripe or the network said: that is the answer.
	 */
	Mono<MeterEventAnswer> send(AgencyId agency, MeterEvent event);

	/**
	 * What Stripe has aggregated for a customer and meter, from (inclusive, on a minute)
	 * to (exclusive, on a minute). Fails when Stripe does not answer.
	 */
	Mono<BigDecimal> summary(AgencyId agency, String meterId, String customer, Instant from, Instant to);

}
