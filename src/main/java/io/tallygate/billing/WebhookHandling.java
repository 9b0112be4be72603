package io.tallygate.billing;

import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

import io.tallygate.core.AgencyId;
import io.tallygate.outbox.MeterEventDesk;
import io.tallygate.stripe.MeterErrorReport;
import io.tallygate.stripe.StripeInvoice;
import io.tallygate.stripe.StripeInvoices;
import io.tallygate.stripe.StripeProblem;
import io.tallygate.stripe.StripeWebhooks;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What follows from what Stripe tells. An event only says where to look: the state is
 * read from Stripe each time, so events may come in any order and any number.
 * <ul>
 * <li>subscriptions and invoices: how the client stands with its payments;</li>
 * <li>a new invoice: units that wait are sent, and the period is reconciled before it
 * becomes final;</li>
 * <li>customers, prices, products and meters: whether the clients' terms still fit;</li>
 * <li>usage that is refused later: the meter events that reported it are parked.</li>
 * </ul>
 */
class WebhookHandling {

	private static final Logger logger = LoggerFactory.getLogger(WebhookHandling.class);

	private final ClientsAtStripe clients;

	private final Payments payments;

	private final StripeInvoices invoices;

	private final StripeWebhooks stripe;

	private final NightlyTermsCheck terms;

	private final MeterEventDesk desk;

	private final List<BooksListener> listeners;

	private final Clock clock;

	WebhookHandling(ClientsAtStripe clients, Payments payments, StripeInvoices invoices, StripeWebhooks stripe,
			NightlyTermsCheck terms, MeterEventDesk desk, List<BooksListener> listeners, Clock clock) {
		this.clients = clients;
		this.payments = payments;
		this.invoices = invoices;
		this.stripe = stripe;
		this.terms = terms;
		this.desk = desk;
		this.listeners = List.copyOf(listeners);
		this.clock = clock;
	}

	/**
	 * Does what follows from an event.
	 * @return what that was; empty if nothing follows
	 * @throws NotYet (as the Mono's error) where it has to wait for something
	 */
	Mono<String> handle(WebhookEvent event) {
		String type = event.type();
		if (type.equals(MeterErrorReport.ERROR_REPORT) || type.equals(MeterErrorReport.NO_METER_FOUND)) {
			return refusals(event);
		}
		if (type.startsWith("invoice.")) {
			return invoice(event);
		}
		if (type.startsWith("customer.subscription.") || type.equals("checkout.session.completed")) {
			return ofCustomer(event).flatMap((found) -> standings(event, found))
				.flatMap((told) -> ofCustomer(event).flatMap((found) -> terms(event.agency(), found)).thenReturn(told));
		}
		boolean isCatalogue = type.equals("customer.deleted") || type.startsWith("price.")
				|| type.startsWith("product.") || type.startsWith("billing.meter.");
		return isCatalogue ? this.clients.concerned(event.agency(), event.objectType(), event.objectId())
			.filter((found) -> !found.isEmpty())
			.flatMap((found) -> terms(event.agency(), found)) : Mono.empty();
	}

	/** The clients of an event's customer; empty if it is nobody of ours. */
	private Mono<List<ClientsAtStripe.Found>> ofCustomer(WebhookEvent event) {
		String customer = event.customerId();
		return (customer == null) ? Mono.empty()
				: this.clients.ofCustomer(event.agency(), customer).filter((found) -> !found.isEmpty());
	}

	private Mono<String> standings(WebhookEvent event, List<ClientsAtStripe.Found> found) {
		return Flux.fromIterable(found)
			.concatMap((client) -> this.payments.refresh(event.agency(), client, event.createdAt())
				.map((kept) -> client.id() + " is " + kept.standing().status()))
			.collectList()
			.map((told) -> String.join(", ", told));
	}

	private Mono<String> terms(AgencyId agency, List<ClientsAtStripe.Found> found) {
		return Flux.fromIterable(found)
			.filter((client) -> !client.archived())
			.concatMap((client) -> this.terms.look(agency, client.id())
				.map((alarms) -> client.id() + (alarms.isEmpty() ? " fits" : " has " + alarms.size() + " alarms")))
			.collectList()
			.map((told) -> String.join(", ", told));
	}

	private Mono<String> invoice(WebhookEvent event) {
		Instant readAt = this.clock.instant();
		return ofCustomer(event).flatMap((found) -> readInvoice(event).flatMap((read) -> Mono.justOrEmpty(read)
			.flatMap((invoice) -> this.payments.keep(event.agency(), found, invoice, readAt)
				.then(told(event, found, invoice)))
			.then(standings(event, found))));
	}

	/** A draft may be deleted, and nothing is left to read of a preview. */
	private Mono<Optional<StripeInvoice>> readInvoice(WebhookEvent event) {
		String id = event.objectId();
		return (id == null || event.type().equals("invoice.upcoming")) ? Mono.just(Optional.empty())
				: this.invoices.invoice(event.agency(), id)
					.map(Optional::of)
					.onErrorResume(StripeProblem.class, (problem) -> (problem.kind() == StripeProblem.Kind.NOT_FOUND)
							? Mono.just(Optional.empty()) : Mono.error(problem));
	}

	private Mono<Void> told(WebhookEvent event, List<ClientsAtStripe.Found> found, StripeInvoice invoice) {
		boolean isNew = event.type().equals("invoice.created") && "draft".equals(invoice.status());
		return !isNew ? Mono.empty()
				: Flux.fromIterable(this.listeners)
					.concatMap((listener) -> Flux.fromIterable(found)
						.concatMap((client) -> listener.drafted(event.agency(), client.id(), invoice)))
					.then();
	}

	private Mono<String> refusals(WebhookEvent event) {
		return this.stripe.errorReport(event.agency(), event.eventId())
			.flatMap((report) -> Flux.fromIterable(report.refusals())
				.concatMap((refusal) -> this.desk.refusedLater(event.agency(), refusal.identifier(), refusal.refused()))
				.collectList()
				.flatMap((outcomes) -> refused(event, report, outcomes)));
	}

	private Mono<String> refused(WebhookEvent event, MeterErrorReport report,
			List<MeterEventDesk.RefusedLater> outcomes) {
		if (outcomes.contains(MeterEventDesk.RefusedLater.UNDER_WAY)) {
			return Mono.error(new NotYet("A meter event that Stripe refuses is still under way here"));
		}
		long parked = outcomes.stream().filter((each) -> each == MeterEventDesk.RefusedLater.PARKED).count();
		if (report.refused() > 0) {
			logger.error(
					"Stripe refuses {} meter events of {} that it had accepted, and names {}; {} were parked now: {}",
					report.refused(), event.agency(), report.refusals().size(), parked, report.summary());
		}
		Mono<Void> told = (report.unnamed() == 0) ? Mono.empty()
				: Flux.fromIterable(this.listeners)
					.concatMap((listener) -> listener.refusedUnnamed(event.agency(), event.eventId()))
					.then();
		String known = (report.known() > 0) ? ", " + report.known() + " known before" : "";
		return told.thenReturn(
				report.refused() + " refused, " + parked + " parked, " + report.unnamed() + " not named" + known);
	}

	/** It is too early: the event is worked off again later. */
	static final class NotYet extends RuntimeException {

		private static final long serialVersionUID = 1L;

		NotYet(String reason) {
			super(reason);
		}

	}

}
