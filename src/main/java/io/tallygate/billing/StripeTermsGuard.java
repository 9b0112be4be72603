package io.tallygate.billing;

import java.util.List;
import java.util.Optional;

import io.tallygate.agency.StripeConnection;
import io.tallygate.agency.StripeConnections;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.StripeGuard;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Problem;
import io.tallygate.stripe.StripeCatalogue;
import io.tallygate.stripe.StripeCustomer;
import io.tallygate.stripe.StripeMeter;
import io.tallygate.stripe.StripePrice;
import io.tallygate.stripe.StripeProblem;
import reactor.core.publisher.Mono;

/**
 * Looks at a client's terms with Stripe's eyes: fetches price, meter, customer and
 * subscriptions, and lets {@link TermsCheck} judge.
 */
class StripeTermsGuard implements StripeGuard {

	private final StripeConnections connections;

	private final StripeCatalogue catalogue;

	StripeTermsGuard(StripeConnections connections, StripeCatalogue catalogue) {
		this.connections = connections;
		this.catalogue = catalogue;
	}

	@Override
	public Mono<StripeTerms> check(AgencyId agency, StripeChoice choice, ChargePolicy policy) {
		return this.connections.find(agency)
			.switchIfEmpty(Mono.error(() -> new Problem(422, "stripe_not_connected",
					"The agency has no Stripe account yet: connect it with PUT /admin/v1/stripe_connection")))
			.flatMap((connection) -> Mono
				.zip(price(agency, choice.price()), customer(agency, choice.customer()),
						this.catalogue.subscriptions(agency, choice.customer())
							.onErrorResume(StripeProblem.class, StripeTermsGuard::noneIfUnknown))
				.flatMap((found) -> meter(agency, found.getT1()).map((meter) -> new TermsCheck(choice, policy,
						found.getT1(), meter.orElse(null), found.getT2(), found.getT3())))
				.map(TermsCheck::meterThatFits)
				.map((meter) -> terms(connection, choice, meter)))
			.onErrorMap(StripeProblems::told);
	}

	@Override
	public Mono<Boolean> livemode(AgencyId agency) {
		return this.connections.find(agency)
			.map(StripeConnection::livemode)
			.defaultIfEmpty(false)
			.onErrorMap(StripeProblems::told);
	}

	private Mono<StripePrice> price(AgencyId agency, String id) {
		return this.catalogue.price(agency, id)
			.onErrorMap(StripeProblem.class,
					(problem) -> missing(problem, "stripe_price_not_found", "price", "/stripe_price_id", id));
	}

	private Mono<StripeCustomer> customer(AgencyId agency, String id) {
		return this.catalogue.customer(agency, id)
			.onErrorMap(StripeProblem.class,
					(problem) -> missing(problem, "stripe_customer_not_found", "customer", "/stripe_customer_id", id));
	}

	private Mono<Optional<StripeMeter>> meter(AgencyId agency, StripePrice price) {
		return (price.meterId() == null) ? Mono.just(Optional.empty())
				: this.catalogue.meter(agency, price.meterId()).map(Optional::of);
	}

	private static StripeTerms terms(StripeConnection connection, StripeChoice choice, StripeMeter meter) {
		return new StripeTerms(connection.accountId(), connection.livemode(), choice.customer(), choice.price(),
				meter.id(), meter.eventName());
	}

	private static Throwable missing(StripeProblem problem, String code, String what, String pointer, String id) {
		if (problem.kind() != StripeProblem.Kind.NOT_FOUND) {
			return problem;
		}
		String message = "There is no " + what + " '" + id + "' in the connected Stripe account and mode";
		return new Problem(422, code, message, List.of(new Problem.Field(pointer, message)));
	}

	/** The unknown customer is reported where it is fetched. */
	private static <T> Mono<List<T>> noneIfUnknown(StripeProblem problem) {
		return switch (problem.kind()) {
			case NOT_FOUND, REFUSED -> Mono.just(List.of());
			default -> Mono.error(problem);
		};
	}

}
