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
 */
@ConfigurationProperties("tallygate.billing")
record BillingProperties(@DefaultValue("3") int termsCheckHour, @DefaultValue("1m") Duration termsCheckEvery,
		@DefaultValue("4") int termsChecksAtOnce, @DefaultValue("5m") Duration termsCheckLease,
		@DefaultValue("1h") Duration termsCheckAgain, @DefaultValue("5s") Duration webhooksEvery,
		@DefaultValue("8") int webhooksAtOnce, @DefaultValue("2m") Duration webhookLease) {

	BillingProperties {
		if (termsCheckHour < 0 || termsCheckHour > 21) {
			throw new IllegalArgumentException(
					"tallygate.billing.terms-check-hour must be from 0 to 21 but was " + termsCheckHour);
		}
	}

}
