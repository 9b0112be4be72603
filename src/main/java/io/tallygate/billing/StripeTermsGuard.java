package io.tallygate.billing;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

import io.tallygate.agency.StripeConnection;
import io.tallygate.agency.StripeConnections;
import io.tallygate.billing.TermsFinding.Kind;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.ClientAlarm;
import io.tallygate.client.CustomerBody;
import io.tallygate.client.NewSubscription;
import io.tallygate.client.StripeGuard;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Problem;
import io.tallygate.stripe.NewCustomer;
import io.tallygate.stripe.StripeCatalogue;
import io.tallygate.stripe.StripeCustomer;
import io.tallygate.stripe.StripeMeter;
import io.tallygate.stripe.StripePrice;
import io.tallygate.stripe.StripeProblem;
import io.tallygate.stripe.StripeSetupIntent;
import io.tallygate.stripe.StripeSubscription;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Looks at a client's terms with Stripe's eyes: fetches price, meter, customer and
 * subscriptions, and lets {@link TermsCheck} judge. What is still to be made is made only
 * after the rest was found to fit.
 */
class StripeTermsGuard implements StripeGuard {

	/** Before a customer has an id. */
	private static final String TO_BE_MADE = "(new)";

	private final StripeConnections connections;

	private final StripeCatalogue catalogue;

	private final CatalogueSetUp catalogueSetUp;

	private final SubscriptionSetUp subscriptionSetUp;

	StripeTermsGuard(StripeConnections connections, StripeCatalogue catalogue, CatalogueSetUp catalogueSetUp,
			SubscriptionSetUp subscriptionSetUp) {
		this.connections = connections;
		this.catalogue = catalogue;
		this.catalogueSetUp = catalogueSetUp;
		this.subscriptionSetUp = subscriptionSetUp;
	}

	@Override
	public Mono<StripeTerms> check(AgencyId agency, StripeChoice choice, ChargePolicy policy) {
		return connected(agency)
			.flatMap((connection) -> look(agency, choice, policy).map((check) -> terms(connection, choice, check)))
			.onErrorMap(StripeProblems::told);
	}

	/** All that speaks against a client's terms as Stripe has them now. */
	Mono<List<TermsFinding>> findings(AgencyId agency, StripeChoice choice, ChargePolicy policy) {
		return look(agency, choice, policy).map(TermsCheck::findings)
			.onErrorResume(Problem.class, (problem) -> missing(problem));
	}

	private static Mono<List<TermsFinding>> missing(Problem problem) {
		Kind kind = switch (problem.code()) {
			case "stripe_price_not_found" -> Kind.PRICE_MISSING;
			case "stripe_customer_not_found" -> Kind.CUSTOMER_MISSING;
			default -> null;
		};
		String consequence = (kind == Kind.PRICE_MISSING) ? ": what is used cannot be told apart on any invoice"
				: ": nothing is billed to anyone";
		return (kind == null) ? Mono.error(problem) : Mono.just(
				List.of(new TermsFinding(kind, problem.errors().get(0).pointer(), problem.getMessage() + consequence)));
	}

	@Override
	public Mono<SetUp> setUp(AgencyId agency, Wanted wanted, ChargePolicy policy, AdminRequest request) {
		return connected(agency)
			.flatMap((connection) -> fitting(agency, wanted, policy)
				.flatMap((found) -> customer(agency, wanted, request).flatMap((customer) -> this.subscriptionSetUp
					.subscribeWhoIsNot(agency, request, customer, wanted.price())
					.map(Optional::of)
					.defaultIfEmpty(Optional.empty())
					.map((subscription) -> setUp(connection, wanted, customer, found, subscription.orElse(null))))))
			.onErrorMap((trouble) -> StripeProblems.told(trouble, request));
	}

	/** What is there already fits; nothing has been made yet. */
	private Mono<TermsCheck> fitting(AgencyId agency, Wanted wanted, ChargePolicy policy) {
		String known = wanted.customerId();
		StripeChoice choice = new StripeChoice((known != null) ? known : TO_BE_MADE, wanted.product(), wanted.price());
		Mono<Optional<StripeCustomer>> customer = (known == null) ? Mono.just(Optional.empty())
				: customer(agency, known).map(Optional::of);
		return Mono.zip(price(agency, wanted.price()), customer)
			.flatMap((found) -> meter(agency, found.getT1()).map((meter) -> new TermsCheck(choice, policy,
					found.getT1(), meter.orElse(null), found.getT2().orElse(null), null)))
			.doOnNext(TermsCheck::meterThatFits);
	}

	private Mono<String> customer(AgencyId agency, Wanted wanted, AdminRequest request) {
		StripeGuard.CustomerToMake customer = wanted.customer();
		return (customer == null) ? Mono.justOrEmpty(wanted.customerId())
				: this.catalogueSetUp.customer(agency, request, inStripesWords(customer)).map(StripeCustomer::id);
	}

	private static SetUp setUp(StripeConnection connection, Wanted wanted, String customer, TermsCheck found,
			@Nullable StripeSubscription subscription) {
		StripeChoice choice = new StripeChoice(customer, wanted.product(), wanted.price());
		return new SetUp(choice, terms(connection, choice, found), (subscription != null) ? shown(subscription) : null);
	}

	/** A subscription as the admin API shows it. */
	static NewSubscription shown(StripeSubscription subscription) {
		StripeSubscription.Item item = subscription.items().isEmpty() ? null : subscription.items().get(0);
		StripeSetupIntent pending = subscription.pendingSetupIntent();
		Instant start = (item != null) ? item.periodStart() : null;
		Instant end = (item != null) ? item.periodEnd() : null;
		return new NewSubscription(subscription.id(), subscription.status(), start, end, (pending != null)
				? new NewSubscription.SetupIntent(pending.id(), pending.status(), pending.clientSecret()) : null);
	}

	/** The same customer in the words of the room that makes it. */
	static NewCustomer inStripesWords(StripeGuard.CustomerToMake customer) {
		CustomerBody.Address address = customer.address();
		return new NewCustomer(customer.name(), customer.email(),
				(address != null) ? new NewCustomer.Address(address.line1(), address.line2(), address.city(),
						address.state(), address.postalCode(), address.country()) : null);
	}

	@Override
	public Mono<Boolean> livemode(AgencyId agency) {
		return this.connections.find(agency)
			.map(StripeConnection::livemode)
			.defaultIfEmpty(false)
			.onErrorMap(StripeProblems::told);
	}

	private Mono<StripeConnection> connected(AgencyId agency) {
		return this.connections.find(agency)
			.switchIfEmpty(Mono.error(() -> new Problem(422, "stripe_not_connected",
					"The agency has no Stripe account yet: connect it with PUT /admin/v1/stripe_connection")));
	}

	private Mono<TermsCheck> look(AgencyId agency, StripeChoice choice, ChargePolicy policy) {
		return Mono
			.zip(price(agency, choice.price()), customer(agency, choice.customer()),
					this.catalogue.subscriptions(agency, choice.customer())
						.onErrorResume(StripeProblem.class, StripeTermsGuard::noneIfUnknown))
			.flatMap((found) -> meter(agency, found.getT1()).map((meter) -> new TermsCheck(choice, policy,
					found.getT1(), meter.orElse(null), found.getT2(), found.getT3())));
	}

	private Mono<StripePrice> price(AgencyId agency, String id) {
		return this.catalogue.price(agency, id)
			.onErrorMap(missing("stripe_price_not_found", "price", "/stripe_price_id", id));
	}

	private Mono<StripeCustomer> customer(AgencyId agency, String id) {
		return this.catalogue.customer(agency, id)
			.onErrorMap(missing("stripe_customer_not_found", "customer", "/stripe_customer_id", id));
	}

	private Mono<Optional<StripeMeter>> meter(AgencyId agency, StripePrice price) {
		return (price.meterId() == null) ? Mono.just(Optional.empty())
				: this.catalogue.meter(agency, price.meterId()).map(Optional::of);
	}

	private static StripeTerms terms(StripeConnection connection, StripeChoice choice, TermsCheck check) {
		StripeMeter meter = check.meterThatFits();
		return new StripeTerms(connection.accountId(), connection.livemode(), choice.customer(), choice.price(),
				meter.id(), meter.eventName(), alarms(check.findings()));
	}

	/** Findings as they are raised. */
	static List<ClientAlarm> alarms(List<TermsFinding> findings) {
		return findings.stream()
			.map((finding) -> new ClientAlarm(finding.kind().text(), finding.message()))
			.distinct()
			.toList();
	}

	/** What a body names and Stripe does not know is a fault of the body. */
	static Function<Throwable, Throwable> missing(String code, String what, String pointer, String id) {
		String message = "There is no " + what + " '" + id + "' in the connected Stripe account and mode";
		return (trouble) -> (trouble instanceof StripeProblem problem && problem.kind() == StripeProblem.Kind.NOT_FOUND)
				? new Problem(422, code, message, List.of(new Problem.Field(pointer, message))) : trouble;
	}

	/** The unknown customer is reported where it is fetched. */
	private static <T> Mono<List<T>> noneIfUnknown(StripeProblem problem) {
		return switch (problem.kind()) {
			case NOT_FOUND, REFUSED -> Mono.just(List.of());
			default -> Mono.error(problem);
		};
	}

}
