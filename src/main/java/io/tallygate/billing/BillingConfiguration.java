package io.tallygate.billing;

import io.tallygate.agency.StripeConnections;
import io.tallygate.stripe.StripeCatalogue;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Furnishes the room of use cases on Stripe. */
@Configuration(proxyBeanMethods = false)
class BillingConfiguration {

	@Bean
	StripeConnecting stripeConnecting(StripeConnections connections, StripeCatalogue catalogue,
			@Value("${tallygate.sandbox:false}") boolean sandbox) {
		return new StripeConnecting(connections, catalogue, sandbox);
	}

	@Bean
	StripeTermsGuard stripeTermsGuard(StripeConnections connections, StripeCatalogue catalogue) {
		return new StripeTermsGuard(connections, catalogue);
	}

}
