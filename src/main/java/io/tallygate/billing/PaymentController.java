package io.tallygate.billing;

import java.time.Instant;
import java.util.List;

import io.tallygate.core.Caller;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** How a client stands with its payments, and what is done when it owes. */
@RestController
@RequestMapping("/admin/v1/clients/{id}/payment")
class PaymentController {

	private final Payments payments;

	PaymentController(Payments payments) {
		this.payments = payments;
	}

	/**
	 * How a client stands.
	 *
	 * @param clientId whose
	 * @param status of its subscription in Stripe's word; none before Stripe told
	 * @param subscriptionId that bills it
	 * @param currentPeriodStart of the period that runs
	 * @param currentPeriodEnd of the period that runs, exclusive
	 * @param owingSince since when it owes
	 * @param onOwing what is done about that
	 * @param graceHours how long it may go on, where it is suspended
	 * @param decidedBy whether that was decided about this client, or for all of the
	 * agency's
	 * @param suspendedFrom when its keys are answered 402
	 * @param suspended whether they are
	 * @param readAt when Stripe was asked last
	 * @param invoices the last ones, newest first
	 */
	record Shown(String clientId, @Nullable String status, @Nullable String subscriptionId,
			@Nullable Instant currentPeriodStart, @Nullable Instant currentPeriodEnd, @Nullable Instant owingSince,
			PaymentPolicy.OnOwing onOwing, long graceHours, PaymentPolicy.DecidedBy decidedBy,
			@Nullable Instant suspendedFrom, boolean suspended, @Nullable Instant readAt,
			List<ClientPayments.Invoice> invoices) {

		Shown {
			invoices = List.copyOf(invoices);
		}

		static Shown of(ClientId client, Payments.Standing found) {
			PaymentStanding standing = found.kept().standing();
			PaymentPolicy policy = standing.policy();
			Instant readAt = found.kept().readAt();
			return new Shown(client.value(), standing.status(), standing.subscription(), standing.periodStart(),
					standing.periodEnd(), standing.owingSince(), policy.onOwing(), policy.graceHours(),
					policy.decidedBy(), standing.heldFrom(), found.kept().held(),
					(standing.status() != null) ? readAt : null, found.invoices());
		}

	}

	/** What may be decided about a client. */
	enum Choice {

		WARN, SUSPEND,
		/** Nothing: it is done with it as with the agency's others. */
		AGENCY

	}

	/**
	 * What is to be done about a client that owes.
	 *
	 * @param onOwing warn or suspend, or agency: what is done about all
	 * @param graceHours how long it may go on until then; 72 if absent
	 */
	record Decided(@Nullable Choice onOwing, @Nullable Long graceHours) {

		/** A policy of the client's own; none where the agency's is to hold. */
		@Nullable PaymentPolicy own() {
			if (this.onOwing == null) {
				throw Problem.invalid("/on_owing", "on_owing is required: warn, suspend or agency");
			}
			if (this.onOwing != Choice.AGENCY) {
				return PaymentPolicy.of(PaymentPolicy.OnOwing.valueOf(this.onOwing.name()), this.graceHours,
						PaymentPolicy.DecidedBy.CLIENT);
			}
			if (this.graceHours != null) {
				throw Problem.invalid("/grace_hours",
						"grace_hours is the agency's where on_owing is agency: leave it out");
			}
			return null;
		}

	}

	@GetMapping
	Mono<Shown> read(Caller.OfAgency caller, @PathVariable String id) {
		return shown(caller, client(id));
	}

	@PutMapping
	Mono<Shown> decide(Caller.OfAgency caller, @PathVariable String id, @RequestBody Decided body) {
		ClientId client = client(id);
		PaymentPolicy own = body.own();
		return this.payments.billed(caller.agency(), client)
			.then(Mono.defer(() -> this.payments.decide(caller.agency(), client, own)))
			.then(shown(caller, client));
	}

	private Mono<Shown> shown(Caller.OfAgency caller, ClientId client) {
		return this.payments.standing(caller.agency(), client).map((found) -> Shown.of(client, found));
	}

	private static ClientId client(String id) {
		if (!Ids.isId(ClientId.PREFIX, id)) {
			throw Problem.notFound("client", id);
		}
		return new ClientId(id);
	}

}
