package io.tallygate.outbox;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How meter events leave the outbox.
 *
 * @param scanEvery how often PostgreSQL is asked for lanes with units due; folds hasten
 * it, so this is the delay only of what a wake-up was lost for
 * @param lanesAtOnce lanes read by a scan at a time
 * @param cutsAtOnce lanes cut at the same time; each holds a connection to PostgreSQL
 * @param cutRest how long units collect after lanes were cut, so that a busy lane sends
 * so often at most; what comes due after that is cut at once
 * @param claimRest how long hands that become free wait for each other after meter events
 * were taken up, so that many are taken up by one statement
 * @param wokenMax accounts remembered until lanes are cut, and lanes that became free;
 * what is beyond waits for the scan
 * @param deliveriesAtOnce calls to Stripe in flight
 * @param deliveriesPerAgency calls to Stripe in flight for one agency, so that a slow or
 * throttled one does not slow the others
 * @param streamDeliveriesPerAgency meter events in flight for one agency that sends by
 * Stripe's stream; they share calls, of at most 100 each
 * @param restMax how long an agency is left alone at most after a try of its was in vain;
 * such rests begin with a second and double
 * @param callTimeout after which a call counts as unanswered; less than the lease
 * @param recoverEvery how often lanes are looked at that are in doubt since PostgreSQL
 * lost commits
 * @param testUsageWaitMax how long the report of test usage waits until Stripe has it and
 * has aggregated it
 * @param lease how long a meter event belongs to the instance that took it up; after a
 * crash it waits that long
 */
@ConfigurationProperties("tallygate.outbox")
record OutboxProperties(@DefaultValue("5s") Duration scanEvery, @DefaultValue("500") int lanesAtOnce,
		@DefaultValue("4") int cutsAtOnce, @DefaultValue("500ms") Duration cutRest,
		@DefaultValue("20ms") Duration claimRest, @DefaultValue("10000") int wokenMax,
		@DefaultValue("64") int deliveriesAtOnce, @DefaultValue("4") int deliveriesPerAgency,
		@DefaultValue("16") int streamDeliveriesPerAgency, @DefaultValue("10s") Duration restMax,
		@DefaultValue("30s") Duration callTimeout, @DefaultValue("30s") Duration recoverEvery,
		@DefaultValue("15s") Duration testUsageWaitMax, @DefaultValue("60s") Duration lease) {

	OutboxProperties {
		if (callTimeout.compareTo(lease) >= 0) {
			throw new IllegalArgumentException("tallygate.outbox.call-timeout must be less than the lease of " + lease
					+ " but was " + callTimeout);
		}
		atLeastZero("cut-rest", cutRest);
		atLeastZero("claim-rest", claimRest);
		atLeastZero("rest-max", restMax);
	}

	private static void atLeastZero(String name, Duration value) {
		if (value.isNegative()) {
			throw new IllegalArgumentException("tallygate.outbox." + name + " must be at least 0 but was " + value);
		}
	}

}
