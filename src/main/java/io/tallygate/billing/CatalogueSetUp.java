package io.tallygate.billing;

import java.time.Clock;
import java.util.List;

import io.tallygate.core.AdminRequest;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Problem;
import io.tallygate.stripe.NewCustomer;
import io.tallygate.stripe.NewPrice;
import io.tallygate.stripe.StripeCatalogue;
import io.tallygate.stripe.StripeCustomer;
import io.tallygate.stripe.StripeMeter;
import io.tallygate.stripe.StripePrice;
import io.tallygate.stripe.StripeProblem;
import io.tallygate.stripe.StripeProduct;
import io.tallygate.stripe.StripeSetup;
import io.tallygate.stripe.StripeWrite;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Makes what an agency sells by use: meters, products, prices, and its customers. */
class CatalogueSetUp {

	private final StripeIntents intents;

	private final StripeCatalogue catalogue;

	private final StripeSetup stripe;

	private final TermsChecks checks;

	private final Clock clock;

	CatalogueSetUp(StripeIntents intents, StripeCatalogue catalogue, StripeSetup stripe, TermsChecks checks,
			Clock clock) {
		this.intents = intents;
		this.catalogue = catalogue;
		this.stripe = stripe;
		this.checks = checks;
		this.clock = clock;
	}

	/** A meter; an event name that is taken is answered with the meter that has it. */
	Mono<StripeMeter> meter(AgencyId agency, AdminRequest request, String displayName, String eventName) {
		return this.intents
			.make(agency, request, "meter",
					new StripeIntents.Making<>(
							(write) -> this.stripe.createMeter(agency, write, displayName, eventName),
							(write) -> this.stripe.findMeter(agency, write, eventName), StripeMeter::id))
			.onErrorResume(StripeProblem.class,
					(problem) -> (problem.kind() == StripeProblem.Kind.REFUSED) ? taken(agency, eventName, problem)
							: Mono.error(problem))
			.onErrorMap((trouble) -> StripeProblems.told(trouble, request));
	}

	private Mono<StripeMeter> taken(AgencyId agency, String eventName, StripeProblem refusal) {
		return this.stripe.meterOf(agency, eventName)
			.flatMap((owner) -> Mono.<StripeMeter>error(taken(eventName, owner)))
			.switchIfEmpty(Mono.error(refusal));
	}

	private static Problem taken(String eventName, StripeMeter owner) {
		String message = "The event name '" + eventName + "' is taken by the meter " + owner.id() + " ('"
				+ owner.displayName() + "', " + (owner.active() ? "active" : "inactive") + "): "
				+ (owner.active() ? "use that one, or choose another name"
						: "reactivate it with POST /admin/v1/stripe/meters/" + owner.id()
								+ "/reactivate, or choose another name");
		return new Problem(409, "already_in_use", message, List.of(new Problem.Field("/event_name", message)));
	}

	/**
	 * Lets a meter take events again, or no more; one that is so already stays so. The
	 * terms of clients that report to it are looked at soon.
	 */
	Mono<StripeMeter> switchMeter(AgencyId agency, AdminRequest request, String id, boolean active) {
		StripeWrite write = Intent.begun(request, active ? "reactivate" : "deactivate", this.clock.instant()).write();
		return this.catalogue.meter(agency, id)
			.flatMap((meter) -> (meter.active() == active) ? Mono.just(meter)
					: this.stripe.switchMeter(agency, write, id, active))
			.delayUntil((meter) -> this.checks.dueNow(agency, id, this.clock.instant()))
			.onErrorMap((trouble) -> StripeProblems.told(trouble, request));
	}

	Mono<StripeProduct> product(AgencyId agency, AdminRequest request, String name, @Nullable String description) {
		return this.intents
			.make(agency, request, "product",
					new StripeIntents.Making<>((write) -> this.stripe.createProduct(agency, write, name, description),
							(write) -> this.stripe.findProduct(agency, write), StripeProduct::id))
			.onErrorMap((trouble) -> StripeProblems.told(trouble, request));
	}

	Mono<StripePrice> price(AgencyId agency, AdminRequest request, NewPrice price) {
		return this.intents
			.make(agency, request, "price",
					new StripeIntents.Making<>((write) -> this.stripe.createPrice(agency, write, price),
							(write) -> this.stripe.findPrice(agency, write), StripePrice::id))
			.onErrorMap((trouble) -> StripeProblems.told(trouble, request));
	}

	Mono<StripeCustomer> customer(AgencyId agency, AdminRequest request, NewCustomer customer) {
		return this.intents
			.make(agency, request, "customer",
					new StripeIntents.Making<>((write) -> this.stripe.createCustomer(agency, write, customer),
							(write) -> this.stripe.findCustomer(agency, write), StripeCustomer::id))
			.onErrorMap((trouble) -> StripeProblems.told(trouble, request));
	}

}
