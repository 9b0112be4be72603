package io.tallygate.stripe;

import java.time.Clock;

import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.agency.StripeConnections;

import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Furnishes the room that talks to Stripe. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(StripeProperties.class)
class StripeConfiguration {

	@Bean
	StripeCalls stripeCalls(StripeProperties properties, StripeConnections connections, Clock clock,
			MeterRegistry metrics) {
		return new StripeCalls(properties, connections::find, clock, metrics);
	}

	@Bean
	MeterEventStream meterEventStream(StripeCalls calls, Clock clock) {
		return new MeterEventStream(calls, clock);
	}

	@Bean
	MeterEvents meterEvents(StripeCalls calls, MeterEventStream stream) {
		return new StripeMeterEvents(calls, stream);
	}

	@Bean
	StripeSetup stripeSetup(StripeCalls calls) {
		return new StripeSetup(calls);
	}

	@Bean
	StripePayments stripePayments(StripeCalls calls) {
		return new StripePayments(calls);
	}

	@Bean
	StripeInvoices stripeInvoices(StripeCalls calls) {
		return new StripeInvoices(calls);
	}

	@Bean
	StripeWebhooks stripeWebhooks(StripeCalls calls) {
		return new StripeWebhooks(calls);
	}

	@Bean
	StripeCatalogue stripeCatalogue(StripeCalls calls) {
		return new StripeCatalogue(calls);
	}

}
