package io.tallygate.billing;

import java.time.Clock;

import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.agency.StripeConnections;
import io.tallygate.client.BilledClients;
import io.tallygate.client.ClientAlarms;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.stripe.StripeCatalogue;
import io.tallygate.stripe.StripePayments;
import io.tallygate.stripe.StripeSetup;

import reactor.core.scheduler.Schedulers;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Furnishes the room of use cases on Stripe. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(BillingProperties.class)
class BillingConfiguration {

	@Bean
	StripeConnecting stripeConnecting(StripeConnections connections, StripeCatalogue catalogue,
			@Value("${tallygate.sandbox:false}") boolean sandbox) {
		return new StripeConnecting(connections, catalogue, sandbox);
	}

	@Bean
	StripeIntents stripeIntents(Database.OfTenant database, Clock clock, MeterRegistry metrics) {
		return new StripeIntents(database, clock, metrics);
	}

	@Bean
	TermsChecks termsChecks(Database.OfSystem database, BillingProperties properties) {
		return new TermsChecks(database, properties.termsCheckHour());
	}

	@Bean
	NightlyTermsCheck nightlyTermsCheck(TermsChecks checks, StripeTermsGuard guard, BilledClients clients,
			ClientAlarms alarms, BillingProperties properties, Clock clock, Ids ids, MeterRegistry metrics) {
		return new NightlyTermsCheck(checks, guard, clients, alarms, properties, clock, Schedulers.parallel(),
				ids.next("ins_"), metrics);
	}

	@Bean
	CatalogueSetUp catalogueSetUp(StripeIntents intents, StripeCatalogue catalogue, StripeSetup stripe,
			TermsChecks checks, Clock clock) {
		return new CatalogueSetUp(intents, catalogue, stripe, checks, clock);
	}

	@Bean
	SubscriptionSetUp subscriptionSetUp(StripeIntents intents, StripeCatalogue catalogue, StripeSetup stripe,
			StripePayments payments) {
		return new SubscriptionSetUp(intents, catalogue, stripe, payments);
	}

	@Bean
	StripeTermsGuard stripeTermsGuard(StripeConnections connections, StripeCatalogue catalogue,
			CatalogueSetUp catalogueSetUp, SubscriptionSetUp subscriptionSetUp) {
		return new StripeTermsGuard(connections, catalogue, catalogueSetUp, subscriptionSetUp);
	}

}
