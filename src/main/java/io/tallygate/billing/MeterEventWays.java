package io.tallygate.billing;

import io.tallygate.agency.StripeConnection.MeterEventWay;
import io.tallygate.agency.StripeConnections;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Problem;
import io.tallygate.stripe.MeterEventStream;
import reactor.core.publisher.Mono;

/**
 * Chooses by which of Stripe's ways an agency's meter events go. The stream is chosen
 * only where
 * <ol>
 * <li>webhooks are taken, because Stripe says nowhere else what it refuses of it;</li>
 * <li>the key opens a session for it;</li>
 * <li>and, as with the way back, no event is under way whose repeat would go another way
 * than itself.</li>
 * </ol>
 */
class MeterEventWays {

	private final StripeConnections connections;

	private final MeterEventStream stream;

	private final WebhookSecrets secrets;

	MeterEventWays(StripeConnections connections, MeterEventStream stream, WebhookSecrets secrets) {
		this.connections = connections;
		this.stream = stream;
		this.secrets = secrets;
	}

	/** Chooses the way of an agency that is connected. */
	Mono<Void> choose(AgencyId agency, MeterEventWay way) {
		Mono<Void> checked = (way == MeterEventWay.V2_STREAM)
				? isTold(agency).then(this.stream.tryOut(agency)).onErrorMap(StripeProblems::told) : Mono.empty();
		return checked.then(Mono.defer(() -> this.connections.sendBy(agency, way)))
			.filter((chosen) -> chosen)
			.switchIfEmpty(Mono.error(() -> new Problem(409, "delivery_under_way",
					"Meter events are under way to Stripe, and one that is repeated has to go the same way. "
							+ "Pause delivery with POST /admin/v1/delivery/pause, wait until none is sending or in doubt, "
							+ "and resume it afterwards")))
			.then();
	}

	private Mono<Void> isTold(AgencyId agency) {
		return this.secrets.list(agency)
			.filter((kept) -> kept.stream().anyMatch((secret) -> secret.retiredAt() == null))
			.switchIfEmpty(Mono.error(() -> new Problem(422, "webhooks_missing",
					"What Stripe refuses of its stream it says only in webhooks, and none are taken: register them with "
							+ "POST /admin/v1/stripe/webhook_endpoints")))
			.then();
	}

}
