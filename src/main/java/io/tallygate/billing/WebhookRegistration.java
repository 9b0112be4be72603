package io.tallygate.billing;

import java.util.List;

import io.tallygate.core.AdminRequest;
import io.tallygate.core.AgencyId;
import io.tallygate.stripe.StripeEndpoint;
import io.tallygate.stripe.StripeWebhooks;
import io.tallygate.stripe.StripeWrite;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Registers the gateway at an agency's Stripe, for events with their object and for those
 * without:
 * <ol>
 * <li>both endpoints are made, in the version of the API that we read;</li>
 * <li>their secrets are kept, sealed, beside the ones before, which are believed for
 * another day;</li>
 * <li>the endpoints that these take the place of are removed.</li>
 * </ol>
 */
class WebhookRegistration {

	private static final String PATH = "/webhooks/stripe/";

	private final StripeIntents intents;

	private final StripeWebhooks stripe;

	private final WebhookSecrets secrets;

	private final String publicUrl;

	WebhookRegistration(StripeIntents intents, StripeWebhooks stripe, WebhookSecrets secrets, String publicUrl) {
		this.intents = intents;
		this.stripe = stripe;
		this.secrets = secrets;
		this.publicUrl = publicUrl;
	}

	/**
	 * What was registered.
	 *
	 * @param snapshot for events with their object
	 * @param thin for events without
	 */
	record Registered(StripeEndpoint snapshot, StripeEndpoint thin) {
	}

	/**
	 * Registers both.
	 * @param base under which the world reaches us, if not under the configured one
	 */
	Mono<Registered> register(AgencyId agency, AdminRequest request, @Nullable String base) {
		String url = url(agency, base);
		return this.secrets.list(agency)
			.flatMap((before) -> make(agency, request, WebhookSecrets.Source.SNAPSHOT,
					(write) -> this.stripe.createSnapshot(agency, write, url))
				.zipWhen((snapshot) -> make(agency, request, WebhookSecrets.Source.THIN,
						(write) -> this.stripe.createThin(agency, write, url)), Registered::new)
				.delayUntil((made) -> removeOthers(agency, before, made)))
			.onErrorMap((trouble) -> StripeProblems.told(trouble, request));
	}

	/** Where this agency's webhooks are to be posted. */
	String url(AgencyId agency, @Nullable String base) {
		String root = (base != null) ? base : this.publicUrl;
		return (root.endsWith("/") ? root.substring(0, root.length() - 1) : root) + PATH + agency.value();
	}

	private Mono<StripeEndpoint> make(AgencyId agency, AdminRequest request, WebhookSecrets.Source source,
			java.util.function.Function<StripeWrite, Mono<StripeEndpoint>> create) {
		return this.intents
			.make(agency, request, "webhook_" + source.text(),
					new StripeIntents.Making<>(create,
							(write) -> this.stripe.removeLost(agency, write).then(Mono.empty()), StripeEndpoint::id))
			.delayUntil((endpoint) -> this.secrets.keep(agency, source, endpoint));
	}

	private Mono<Void> removeOthers(AgencyId agency, List<WebhookSecrets.Kept> before, Registered made) {
		List<String> ours = List.of(made.snapshot().id(), made.thin().id());
		return Flux.fromIterable(before)
			.mapNotNull(WebhookSecrets.Kept::endpointId)
			.filter((endpoint) -> !ours.contains(endpoint))
			.distinct()
			.concatMap((endpoint) -> this.stripe.remove(agency, endpoint))
			.then();
	}

}
