package io.tallygate.billing;

import java.time.Clock;

import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.agency.DirectoryChanges;
import io.tallygate.agency.StripeConnections;
import io.tallygate.client.BilledClients;
import io.tallygate.client.ClientAlarms;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.SecretBox;
import io.tallygate.outbox.LaneAudit;
import io.tallygate.outbox.MeterEventDesk;
import io.tallygate.stripe.MeterEventStream;
import io.tallygate.stripe.MeterEvents;
import io.tallygate.stripe.StripeCatalogue;
import io.tallygate.stripe.StripeInvoices;
import io.tallygate.stripe.StripePayments;
import io.tallygate.stripe.StripeSetup;
import io.tallygate.stripe.StripeWebhooks;

import reactor.core.scheduler.Schedulers;

import org.springframework.beans.factory.ObjectProvider;
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
	MeterEventWays meterEventWays(StripeConnections connections, MeterEventStream stream, WebhookSecrets secrets) {
		return new MeterEventWays(connections, stream, secrets);
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
	WebhookSecrets webhookSecrets(Database.OfSystem system, Database.OfTenant tenant, SecretBox box, Ids ids,
			Clock clock) {
		return new WebhookSecrets(system, tenant, box, ids, clock);
	}

	@Bean
	WebhookInbox webhookInbox(Database.OfSystem system, Database.OfTenant tenant, Ids ids, Clock clock) {
		return new WebhookInbox(system, tenant, ids, clock);
	}

	@Bean
	WebhookReception webhookReception(WebhookSecrets secrets, WebhookInbox inbox, WebhookProcessing processing,
			Clock clock, MeterRegistry metrics) {
		return new WebhookReception(secrets, inbox, processing, clock, metrics);
	}

	@Bean
	WebhookRegistration webhookRegistration(StripeIntents intents, StripeWebhooks stripe, WebhookSecrets secrets,
			@Value("${tallygate.public-url}") String publicUrl) {
		return new WebhookRegistration(intents, stripe, secrets, publicUrl);
	}

	@Bean
	ClientsAtStripe clientsAtStripe(Database.OfTenant database) {
		return new ClientsAtStripe(database);
	}

	@Bean
	ClientPayments clientPayments(Database.OfSystem system, Database.OfTenant tenant) {
		return new ClientPayments(system, tenant);
	}

	@Bean
	Payments payments(ClientPayments payments, ClientsAtStripe clients, StripeInvoices stripe, ClientAlarms alarms,
			DirectoryChanges changes, Clock clock) {
		return new Payments(payments, clients, stripe, alarms, changes, clock);
	}

	@Bean
	WebhookHandling webhookHandling(ClientsAtStripe clients, Payments payments, StripeInvoices invoices,
			StripeWebhooks stripe, NightlyTermsCheck terms, MeterEventDesk desk,
			ObjectProvider<BooksListener> listeners, Clock clock) {
		return new WebhookHandling(clients, payments, invoices, stripe, terms, desk, listeners.orderedStream().toList(),
				clock);
	}

	@Bean
	WebhookProcessing webhookProcessing(WebhookInbox inbox, WebhookHandling handling, Payments payments,
			BillingProperties properties, Clock clock, Ids ids, MeterRegistry metrics) {
		return new WebhookProcessing(inbox, handling, payments, properties, clock, Schedulers.parallel(),
				ids.next("ins_"), metrics);
	}

	@Bean
	Reconciliations reconciliations(Database.OfSystem system, Database.OfTenant tenant, Ids ids, Clock clock) {
		return new Reconciliations(system, tenant, ids, clock);
	}

	@Bean
	Reconciling reconciling(LaneAudit audit, MeterEvents stripe, Reconciliations runs, BillingProperties properties,
			Clock clock) {
		return new Reconciling(audit, stripe, runs, properties.reconciliationSettle(), clock);
	}

	@Bean
	ReconciliationJobs reconciliationJobs(Reconciliations runs, Reconciling reconciling, Payments payments,
			BillingProperties properties, Clock clock, Ids ids, MeterRegistry metrics) {
		return new ReconciliationJobs(runs, reconciling, payments, properties, clock, Schedulers.parallel(),
				ids.next("ins_"), metrics);
	}

	@Bean
	Preview preview(Payments payments, StripeCatalogue catalogue, StripeInvoices invoices, MeterEvents meterEvents,
			LaneAudit audit, Clock clock) {
		return new Preview(payments, catalogue, invoices, meterEvents, audit, clock);
	}

	@Bean
	StripeTermsGuard stripeTermsGuard(StripeConnections connections, StripeCatalogue catalogue,
			CatalogueSetUp catalogueSetUp, SubscriptionSetUp subscriptionSetUp) {
		return new StripeTermsGuard(connections, catalogue, catalogueSetUp, subscriptionSetUp);
	}

}
