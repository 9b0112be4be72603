package io.tallygate.stripe;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;

import io.tallygate.core.AgencyId;
import reactor.core.publisher.Flux;
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

	/**
	 * Takes an event back that Stripe received within the last day: refused when it knows
	 * none of that identifier. One call, no retry of its own; never fails, as
	 * {@link #send}.
	 */
	default Mono<MeterEventAnswer> cancel(AgencyId agency, String eventName, String identifier, String idempotencyKey) {
		return Mono.error(new UnsupportedOperationException("Nothing is taken back here"));
	}

	/**
	 * What Stripe has aggregated for a customer and meter in each of these UTC hours, 0
	 * where it has nothing. Fails when Stripe does not answer.
	 */
	default Mono<Map<Instant, BigDecimal>> summaries(AgencyId agency, String meterId, String customer,
			List<Instant> hours) {
		return Flux.fromIterable(hours)
			.concatMap((hour) -> summary(agency, meterId, customer, hour, hour.plus(Duration.ofHours(1)))
				.map((seen) -> Map.entry(hour, seen)))
			.collectMap(Map.Entry::getKey, Map.Entry::getValue);
	}

}
