package io.tallygate.stripe;

import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.StreamSupport;

import com.stripe.model.Account;
import com.stripe.model.HasId;
import com.stripe.model.Customer;
import com.stripe.model.StripeCollection;
import com.stripe.model.StripeSearchResult;
import com.stripe.param.CustomerListParams;
import com.stripe.param.CustomerSearchParams;
import com.stripe.param.PriceListParams;
import com.stripe.param.PriceRetrieveParams;
import com.stripe.param.ProductListParams;
import com.stripe.param.SubscriptionListParams;
import com.stripe.param.billing.MeterListParams;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What an agency has at Stripe: its account, and the products, prices, meters and
 * customers among which it picks. What Stripe does not do fails with a
 * {@link StripeProblem} only.
 */
public final class StripeCatalogue {

	/** The longest list: beyond it a person searches. */
	private static final int LISTED_MAX = 500;

	private static final long AT_ONCE = 100;

	private static final int PROBES_AT_ONCE = 3;

	private final StripeCalls calls;

	StripeCatalogue(StripeCalls calls) {
		this.calls = calls;
	}

	/**
	 * The account that {@code key} opens, and what the key may do there.
	 * @param restricted whether the key may perhaps not everything
	 */
	public Mono<StripeAccount> account(AgencyId agency, Secret key, boolean restricted) {
		return this.calls.call(agency, key, (stripe) -> stripe.v1().accounts().retrieveCurrent())
			.flatMap((account) -> Flux.fromArray(StripePermission.values())
				.flatMapSequential((permission) -> access(agency, key, permission, restricted), PROBES_AT_ONCE)
				.collectList()
				.map((access) -> new StripeAccount(account.getId(), name(account), account.getDefaultCurrency(),
						access)));
	}

	/** A price, its tiers and the name of its product. */
	public Mono<StripePrice> price(AgencyId agency, String id) {
		PriceRetrieveParams params = PriceRetrieveParams.builder().addExpand("product").addExpand("tiers").build();
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

	/** A page of the active products. */
	public Mono<Page<StripeProduct>> products(AgencyId agency, PageRequest page) {
		ProductListParams params = ProductListParams.builder()
			.setActive(true)
			.setLimit((long) page.limit())
			.setStartingAfter(after(page))
			.setEndingBefore(before(page))
			.build();
		return this.calls.call(agency, (stripe) -> page(stripe.v1().products().list(params), StripeProduct::of));
	}

	/**
	 * A page of the active prices with their tiers, of one product or of all, only those
	 * that bill by use if so wanted.
	 */
	public Mono<Page<StripePrice>> prices(AgencyId agency, @Nullable String product, boolean metered,
			PageRequest page) {
		PriceListParams.Builder params = PriceListParams.builder()
			.setActive(true)
			.setProduct(product)
			.setLimit((long) page.limit())
			.setStartingAfter(after(page))
			.setEndingBefore(before(page))
			.addExpand("data.product")
			.addExpand("data.tiers");
		if (metered) {
			params.setRecurring(PriceListParams.Recurring.builder()
				.setUsageType(PriceListParams.Recurring.UsageType.METERED)
				.build());
		}
		return this.calls.call(agency, (stripe) -> page(stripe.v1().prices().list(params.build()), StripePrice::of));
	}

	/** A page of the meters, active or not. */
	public Mono<Page<StripeMeter>> meters(AgencyId agency, PageRequest page) {
		MeterListParams params = MeterListParams.builder()
			.setLimit((long) page.limit())
			.setStartingAfter(after(page))
			.setEndingBefore(before(page))
			.build();
		return this.calls.call(agency, (stripe) -> page(stripe.v1().billing().meters().list(params), StripeMeter::of));
	}

	/**
	 * A page of the customers, or of those with this id or e-mail address, or with these
	 * words in their name.
	 */
	public Mono<Page<StripeCustomer>> customers(AgencyId agency, @Nullable String query, PageRequest page) {
		if (query == null || query.isBlank()) {
			return customers(agency, CustomerListParams.builder(), page);
		}
		if (query.startsWith("cus_")) {
			return customer(agency, query).map(List::of)
				.onErrorResume(StripeProblem.class, (problem) -> noneIfNotFound(problem))
				.map((found) -> page.of(found, StripeCustomer::id));
		}
		return query.contains("@") ? customers(agency, CustomerListParams.builder().setEmail(query), page)
				: named(agency, query, page);
	}

	private Mono<Page<StripeCustomer>> customers(AgencyId agency, CustomerListParams.Builder params, PageRequest page) {
		params.setLimit((long) page.limit()).setStartingAfter(after(page)).setEndingBefore(before(page));
		return this.calls.call(agency,
				(stripe) -> page(stripe.v1().customers().list(params.build()), StripeCustomer::of));
	}

	/**
	 * Stripe's search is not offered everywhere; where it is not, the newest are
	 * searched. Nor does it know our cursors: what it finds is read as far as the page
	 * needs, and the page cut out of that.
	 */
	private Mono<Page<StripeCustomer>> named(AgencyId agency, String words, PageRequest page) {
		String quoted = words.replace("\\", "\\\\").replace("\"", "\\\"");
		CustomerSearchParams params = CustomerSearchParams.builder()
			.setQuery("name~\"" + quoted + "\"")
			.setLimit(AT_ONCE)
			.build();
		int most = (page.cursor() == null) ? page.limit() + 1 : LISTED_MAX;
		return this.calls.call(agency, (stripe) -> found(stripe.v1().customers().search(params), most))
			.onErrorResume(StripeProblem.class, (problem) -> switch (problem.kind()) {
				case NOT_FOUND, REFUSED -> amongTheNewest(agency, words);
				default -> Mono.error(problem);
			})
			.map((found) -> page.of(found, StripeCustomer::id));
	}

	private static List<StripeCustomer> found(StripeSearchResult<Customer> first, int most) {
		return StreamSupport.stream(first.autoPagingIterable().spliterator(), false)
			.limit(most)
			.map(StripeCustomer::of)
			.toList();
	}

	private Mono<List<StripeCustomer>> amongTheNewest(AgencyId agency, String words) {
		String wanted = words.toLowerCase(Locale.ROOT);
		CustomerListParams params = CustomerListParams.builder().setLimit(AT_ONCE).build();
		return this.calls.call(agency, (stripe) -> all(stripe.v1().customers().list(params), StripeCustomer::of))
			.map((newest) -> newest.stream()
				.filter((customer) -> customer.name() != null
						&& customer.name().toLowerCase(Locale.ROOT).contains(wanted))
				.toList());
	}

	/**
	 * A right that could not be looked into, for whatever reason, is shown and not fatal:
	 * the key is good.
	 */
	private Mono<StripeAccount.Access> access(AgencyId agency, Secret key, StripePermission permission,
			boolean restricted) {
		Mono<StripeAccount.Access> write = probed(agency, key, permission, restricted ? permission.write() : null);
		return probed(agency, key, permission, permission.read())
			.flatMap((read) -> (read.refusal() != null) ? Mono.just(read) : write);
	}

	private Mono<StripeAccount.Access> probed(AgencyId agency, Secret key, StripePermission permission,
			StripePermission.@Nullable Probe probe) {
		StripeAccount.Access granted = new StripeAccount.Access(permission, null);
		return (probe == null) ? Mono.just(granted)
				: this.calls.call(agency, key, probe::on)
					.thenReturn(granted)
					.onErrorResume(StripeProblem.class, (problem) -> switch (problem.kind()) {
						// Stripe looked into the call, so the key has the right to make
						// it.
						case NOT_FOUND, REFUSED -> Mono.just(granted);
						default -> Mono.just(new StripeAccount.Access(permission, problem.reason()));
					});
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

	private static <S extends HasId, T> Page<T> page(StripeCollection<S> found, Function<S, T> slim) {
		return new Page<>(found.getData().stream().map(slim).toList(), Boolean.TRUE.equals(found.getHasMore()));
	}

	private static @Nullable String after(PageRequest page) {
		return page.isBackward() ? null : page.cursor();
	}

	private static @Nullable String before(PageRequest page) {
		return page.isBackward() ? page.cursor() : null;
	}

	private static <T> Mono<List<T>> noneIfNotFound(StripeProblem problem) {
		return (problem.kind() == StripeProblem.Kind.NOT_FOUND) ? Mono.just(List.of()) : Mono.error(problem);
	}

}
