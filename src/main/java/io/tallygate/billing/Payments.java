package io.tallygate.billing;

import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

import io.tallygate.agency.DirectoryChanges;
import io.tallygate.client.ClientAlarms;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Problem;
import io.tallygate.stripe.StripeInvoice;
import io.tallygate.stripe.StripeInvoices;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Keeps how clients stand with their payments, and acts on it:
 * <ol>
 * <li>what a customer's subscriptions are now is read from Stripe, whatever a webhook
 * said of them;</li>
 * <li>a client that owes gets an alarm, and by its policy a day from which its keys are
 * answered 402;</li>
 * <li>when that day comes they are, and when it has paid, or the policy is another, they
 * are not any more.</li>
 * </ol>
 */
class Payments {

	/** The alarms that are raised here. */
	static final String ALARMS = "payment";

	private static final Logger logger = LoggerFactory.getLogger(Payments.class);

	private final ClientPayments payments;

	private final ClientsAtStripe clients;

	private final StripeInvoices stripe;

	private final ClientAlarms alarms;

	private final DirectoryChanges changes;

	private final Clock clock;

	Payments(ClientPayments payments, ClientsAtStripe clients, StripeInvoices stripe, ClientAlarms alarms,
			DirectoryChanges changes, Clock clock) {
		this.payments = payments;
		this.clients = clients;
		this.stripe = stripe;
		this.alarms = alarms;
		this.changes = changes;
		this.clock = clock;
	}

	/**
	 * Reads how a client stands, because something happened.
	 * @param happenedAt when
	 */
	Mono<ClientPayments.Kept> refresh(AgencyId agency, ClientsAtStripe.Found client, Instant happenedAt) {
		Instant askedAt = this.clock.instant();
		return this.stripe.subscriptions(agency, client.customer())
			.flatMap((subscriptions) -> change(agency, client.id(), askedAt, (kept) -> kept.readAt().isAfter(askedAt)
					? kept.standing() : kept.standing().read(subscriptions, client.price(), happenedAt)));
	}

	/**
	 * Reads how a client stands although nothing was told, because a webhook may have
	 * been lost. What Stripe cannot say now it is asked for the next time.
	 */
	Mono<Void> refresh(AgencyId agency, ClientId client) {
		return this.clients.find(agency, client)
			.flatMap((found) -> refresh(agency, found, this.clock.instant()))
			.onErrorResume((error) -> {
				logger.warn("The payments of client {} could not be read: {}", client, error.getMessage());
				return Mono.empty();
			})
			.then();
	}

	/**
	 * Says what is to be done about a client that owes.
	 * @param own what is done about this one alone; nothing, where it is done with it as
	 * with the agency's others
	 */
	Mono<ClientPayments.Kept> decide(AgencyId agency, ClientId client, @Nullable PaymentPolicy own) {
		return change(agency, client, Instant.EPOCH,
				(kept) -> kept.standing().with((own != null) ? own : kept.ofAgency()));
	}

	/**
	 * Says what is to be done about every client that owes and about which nothing else
	 * was decided, those who owe already among them.
	 */
	Mono<Void> decide(AgencyId agency, PaymentPolicy policy) {
		return this.payments.decide(agency, policy)
			.thenMany(Flux.defer(() -> this.payments.following(agency)))
			.concatMap((client) -> change(agency, client, Instant.EPOCH, ClientPayments.Kept::standing))
			.then();
	}

	/** What is done about clients that owe and about which nothing else was decided. */
	Mono<PaymentPolicy> policy(AgencyId agency) {
		return this.payments.policy(agency);
	}

	/** The data plane is told only where it makes a difference to it. */
	private Mono<ClientPayments.Kept> change(AgencyId agency, ClientId client, Instant readAt,
			Function<ClientPayments.Kept, PaymentStanding> rule) {
		return Mono.defer(() -> {
			AtomicReference<Changed> written = new AtomicReference<>();
			Mono<Changed> changed = this.payments.lock(agency, client)
				.flatMap((before) -> write(client, before, readAt, rule.apply(before)))
				.doOnNext(written::set)
				.filter(Changed::concernsDataPlane);
			return this.changes.byTenant(agency, changed)
				.filter(Changed::concernsKeys)
				.doOnNext((change) -> tell(client, change))
				.then(Mono.fromSupplier(() -> Objects.requireNonNull(written.get()).after()));
		}).delayUntil((after) -> this.alarms.replace(agency, client, ALARMS, after.standing().alarms()));
	}

	private Mono<Changed> write(ClientId client, ClientPayments.Kept before, Instant readAt, PaymentStanding standing) {
		ClientPayments.Kept after = new ClientPayments.Kept(standing, before.ofAgency(),
				standing.isHeld(this.clock.instant()), before.readAt().isAfter(readAt) ? before.readAt() : readAt);
		return this.payments.write(client, after).thenReturn(new Changed(before, after));
	}

	private static void tell(ClientId client, Changed change) {
		logger.warn("Client {} is {}: its subscription is {}", client,
				change.after().held() ? "held, its keys are answered 402" : "released",
				change.after().standing().status());
	}

	/** Holds clients whose grace is over, and releases those whose policy says so. */
	Mono<Void> settle() {
		Instant now = this.clock.instant();
		return this.payments.toSettle(now)
			.concatMap((due) -> this.changes.bySystem(due.getKey(), this.payments.settle(due.getValue(), now))
				.doOnNext((held) -> logger.warn("Client {} is {}", due.getValue(),
						held ? "held, its keys are answered 402: its grace is over"
								: "released: its payment policy has changed")))
			.then();
	}

	/** How a client stands; a 404 for one that is not this agency's, or not billed. */
	Mono<Standing> standing(AgencyId agency, ClientId client) {
		return billed(agency, client).then(Mono.defer(() -> this.payments.find(agency, client)))
			.zipWith(this.payments.invoices(agency, client), Standing::new);
	}

	/** A client that Stripe bills, or a problem. */
	Mono<ClientsAtStripe.Found> billed(AgencyId agency, ClientId client) {
		return this.clients.find(agency, client)
			.switchIfEmpty(Mono.error(() -> new Problem(404, "not_found",
					"There is no client '" + client + "' that is billed at Stripe")));
	}

	/** Reads all invoices that these clients may have a part in. */
	Mono<Void> keep(AgencyId agency, List<ClientsAtStripe.Found> concerned, StripeInvoice invoice, Instant readAt) {
		return Flux.fromIterable(concerned)
			.concatMap((client) -> this.payments.keep(agency, client.id(), invoice, readAt))
			.then();
	}

	/** How many clients are held. */
	Mono<Long> held() {
		return this.payments.held();
	}

	/**
	 * How a client stands, and what it was asked for.
	 *
	 * @param kept as it was read last
	 * @param invoices its last ones
	 */
	record Standing(ClientPayments.Kept kept, List<ClientPayments.Invoice> invoices) {

		Standing {
			invoices = List.copyOf(invoices);
		}

	}

	/** Before and after. */
	private record Changed(ClientPayments.Kept before, ClientPayments.Kept after) {

		boolean concernsKeys() {
			return this.before.held() != this.after.held();
		}

		/** Caps hold for a billing period. */
		boolean concernsDataPlane() {
			return concernsKeys()
					|| !Objects.equals(this.before.standing().periodStart(), this.after.standing().periodStart())
					|| !Objects.equals(this.before.standing().periodEnd(), this.after.standing().periodEnd());
		}

	}

}
