package io.tallygate.stripe;

import java.util.List;
import java.util.function.Function;
import java.util.stream.StreamSupport;

import com.stripe.model.Account;
import com.stripe.model.HasId;
import com.stripe.model.StripeCollection;
import com.stripe.param.CustomerListParams;
import com.stripe.param.CustomerSearchParams;
import com.stripe.param.InvoiceListParams;
import com.stripe.param.PriceListParams;
import com.stripe.param.PriceRetrieveParams;
import com.stripe.param.ProductListParams;
import com.stripe.param.SubscriptionListParams;
import com.stripe.param.billing.MeterListParams;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What an agency has at Stripe: its account, and the products, prices, meters and
 * customers among which it picks. Everything fails with a {@link StripeProblem} only.
 */
public final class StripeCatalogue {

	/** The longest list: beyond it a person searches. */
	private static final int LISTED_MAX = 500;

	private static final long AT_ONCE = 100;

	private static final List<Probe> PROBES = List.of(
			new Probe("billing.meters",
					(stripe) -> stripe.v1().billing().meters().list(MeterListParams.builder().setLimit(1L).build())),
			new Probe("prices", (stripe) -> stripe.v1().prices().list(PriceListParams.builder().setLimit(1L).build())),
			new Probe("products",
					(stripe) -> stripe.v1().products().list(ProductListParams.builder().setLimit(1L).build())),
			new Probe("customers",
					(stripe) -> stripe.v1().customers().list(CustomerListParams.builder().setLimit(1L).build())),
			new Probe("subscriptions",
					(stripe) -> stripe.v1()
						.subscriptions()
						.list(SubscriptionListParams.builder().setLimit(1L).build())),
			new Probe("invoices",
					(stripe) -> stripe.v1().invoices().list(InvoiceListParams.builder().setLimit(1L).build())));

	private final StripeCalls calls;

	StripeCatalogue(StripeCalls calls) {
		this.calls = calls;
	}

	/** The account that {@code key} opens, and what the key may read there. */
	public Mono<StripeAccount> account(AgencyId agency, Secret key) {
		return this.calls.call(agency, key, (stripe) -> stripe.v1().accounts().retrieveCurrent())
			.flatMap((account) -> Flux.fromIterable(PROBES)
				.flatMapSequential((probe) -> access(agency, key, probe), 3)
				.collectList()
				.map((access) -> new StripeAccount(account.getId(), name(account), account.getDefaultCurrency(),
						access)));
	}

	/** A price and the name of its product. */
	public Mono<StripePrice> price(AgencyId agency, String id) {
		PriceRetrieveParams params = PriceRetrieveParams.builder().addExpand("product").build();
		return this.calls.call(agency, (stripe) -> StripePrice.of(stripe.v1().prices().retrieve(id, params)));
	}

	/** A meter. */
	public Mono<StripeMeter> meter(AgencyId agency, String id) {
		return this.calls.call(agency, (stripe) -> StripeMeter.of(stripe.v1().billing().meters().retrieve(id)));
	}

	/** A customer, perhaps a deleted one. */
	public Mono<StripeCustomer> customer(AgencyId agency, String id) {
		return this.calls.call(agency, (stripe) -> StripeCustomer.of(stripe.v1().customers().retrieve(id)));
	}

	/** The customer's subscriptions that have not ended. */
	public Mono<List<StripeSubscription>> subscriptions(AgencyId agency, String customer) {
		SubscriptionListParams params = SubscriptionListParams.builder()
			.setCustomer(customer)
			.setLimit(AT_ONCE)
			.build();
		return this.calls.call(agency,
				(stripe) -> all(stripe.v1().subscriptions().list(params), StripeSubscription::of));
	}

	/** The active products. */
	public Mono<List<StripeProduct>> products(AgencyId agency) {
		ProductListParams params = ProductListParams.builder().setActive(true).setLimit(AT_ONCE).build();
		return this.calls.call(agency, (stripe) -> all(stripe.v1().products().list(params), StripeProduct::of));
	}

	/** The active prices, of one product or of all. */
	public Mono<List<StripePrice>> prices(AgencyId agency, @Nullable String product) {
		PriceListParams.Builder params = PriceListParams.builder()
			.setActive(true)
			.setLimit(AT_ONCE)
			.addExpand("data.product");
		if (product != null) {
			params.setProduct(product);
		}
		return this.calls.call(agency, (stripe) -> all(stripe.v1().prices().list(params.build()), StripePrice::of));
	}

	/** The meters. */
	public Mono<List<StripeMeter>> meters(AgencyId agency) {
		MeterListParams params = MeterListParams.builder().setLimit(AT_ONCE).build();
		return this.calls.call(agency, (stripe) -> all(stripe.v1().billing().meters().list(params), StripeMeter::of));
	}

	/**
	 * The newest customers, or those with this id or e-mail address, or with these words
	 * in their name.
	 */
	public Mono<List<StripeCustomer>> customers(AgencyId agency, @Nullable String query) {
		if (query == null || query.isBlank()) {
			return customers(agency, CustomerListParams.builder());
		}
		if (query.startsWith("cus_")) {
			return customer(agency, query).map(List::of)
				.onErrorResume(StripeProblem.class, (problem) -> noneIfNotFound(problem));
		}
		return query.contains("@") ? customers(agency, CustomerListParams.builder().setEmail(query))
				: named(agency, query);
	}

	private Mono<List<StripeCustomer>> customers(AgencyId agency, CustomerListParams.Builder params) {
		return this.calls.call(agency,
				(stripe) -> stripe.v1()
					.customers()
					.list(params.setLimit(AT_ONCE).build())
					.getData()
					.stream()
					.map(StripeCustomer::of)
					.toList());
	}

	private Mono<List<StripeCustomer>> named(AgencyId agency, String words) {
		String quoted = words.replace("\\", "\\\\").replace("\"", "\\\"");
		CustomerSearchParams params = CustomerSearchParams.builder()
			.setQuery("name~\"" + quoted + "\"")
			.setLimit(AT_ONCE)
			.build();
		return this.calls.call(agency,
				(stripe) -> stripe.v1().customers().search(params).getData().stream().map(StripeCustomer::of).toList());
	}

	/**
	 * A read that fails, for whatever reason, is shown and not fatal: the key is good.
	 */
	private Mono<StripeAccount.Access> access(AgencyId agency, Secret key, Probe probe) {
		return this.calls.call(agency, key, probe.call())
			.map((found) -> new StripeAccount.Access(probe.resource(), null))
			.onErrorResume(StripeProblem.class,
					(problem) -> Mono.just(new StripeAccount.Access(probe.resource(), problem.reason())));
	}

	private static @Nullable String name(Account account) {
		Account.BusinessProfile profile = account.getBusinessProfile();
		if (profile != null && profile.getName() != null) {
			return profile.getName();
		}
		Account.Settings settings = account.getSettings();
		return (settings != null && settings.getDashboard() != null) ? settings.getDashboard().getDisplayName() : null;
	}

	private static <S extends HasId, T> List<T> all(StripeCollection<S> first, Function<S, T> slim) {
		return StreamSupport.stream(first.autoPagingIterable().spliterator(), false)
			.limit(LISTED_MAX)
			.map(slim)
			.toList();
	}

	private static <T> Mono<List<T>> noneIfNotFound(StripeProblem problem) {
		return (problem.kind() == StripeProblem.Kind.NOT_FOUND) ? Mono.just(List.of()) : Mono.error(problem);
	}

	/**
	 * A harmless read that tells whether the key may read one kind of object.
	 *
	 * @param resource what is read
	 * @param call the read
	 */
	private record Probe(String resource, StripeCalls.Call<StripeCollection<?>> call) {
	}

}
