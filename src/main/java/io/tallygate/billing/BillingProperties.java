package io.tallygate.billing;

import java.time.Duration;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How clients' terms are held against Stripe each night, and how what Stripe tells is
 * worked off.
 *
 * @param termsCheckHour from which hour of the night, in the agency's time zone; the two
 * hours after it share the work
 * @param termsCheckEvery how often is looked for clients whose night has come
 * @param termsChecksAtOnce clients looked at at the same time, over all agencies; each
 * takes four calls to Stripe
 * @param termsCheckLease how long a client belongs to the instance that took it up; after
 * a crash it waits that long
 * @param termsCheckAgain when a client is looked at again whom Stripe could not be asked
 * about
 * @param webhooksEvery how often is looked for events that wait; what comes in is worked
 * off at once, so this is the delay only of what is tried again
 * @param webhooksAtOnce events worked off at the same time, over all agencies
 * @param webhookLease how long an event belongs to the instance that took it up; after a
 * crash it waits that long
 * @param reconciliationsEvery how often is looked for reconciliations that are due
 * @param reconciliationsAtOnce runs made at the same time, over all agencies
 * @param reconciliationLease how long a run belongs to the instance that took it up; it
 * is renewed with each customer and meter
 * @param reconciliationSettle how long Stripe may take to count what it accepted; a
 * difference that is younger is looked at again before anything is done
 * @param reconciliationSpread over which part of the hour the hourly runs are spread
 */
@ConfigurationProperties("tallygate.billing")
record BillingProperties(@DefaultValue("3") int termsCheckHour, @DefaultValue("1m") Duration termsCheckEvery,
		@DefaultValue("4") int termsChecksAtOnce, @DefaultValue("5m") Duration termsCheckLease,
		@DefaultValue("1h") Duration termsCheckAgain, @DefaultValue("5s") Duration webhooksEvery,
		@DefaultValue("8") int webhooksAtOnce, @DefaultValue("2m") Duration webhookLease,
		@DefaultValue("15s") Duration reconciliationsEvery, @DefaultValue("2") int reconciliationsAtOnce,
		@DefaultValue("5m") Duration reconciliationLease, @DefaultValue("6m") Duration reconciliationSettle,
		@DefaultValue("40m") Duration reconciliationSpread) {

	BillingProperties {
		if (termsCheckHour < 0 || termsCheckHour > 21) {
			throw new IllegalArgumentException(
					"tallygate.billing.terms-check-hour must be from 0 to 21 but was " + termsCheckHour);
		}
	}

}
