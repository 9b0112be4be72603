package io.tallygate.stripe;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.StreamSupport;

import com.stripe.StripeClient;
import com.stripe.exception.StripeException;
import com.stripe.model.Customer;
import com.stripe.model.HasId;
import com.stripe.model.Price;
import com.stripe.model.Product;
import com.stripe.model.StripeCollection;
import com.stripe.model.Subscription;
import com.stripe.model.billing.Meter;
import com.stripe.net.RequestOptions;
import com.stripe.param.CustomerCreateParams;
import com.stripe.param.CustomerListParams;
import com.stripe.param.PriceCreateParams;
import com.stripe.param.PriceCreateParams.TransformQuantity;
import com.stripe.param.PriceListParams;
import com.stripe.param.PriceRetrieveParams;
import com.stripe.param.ProductCreateParams;
import com.stripe.param.ProductListParams;
import com.stripe.param.SubscriptionCreateParams;
import com.stripe.param.SubscriptionListParams;
import com.stripe.param.billing.MeterCreateParams;
import com.stripe.param.billing.MeterListParams;
import io.tallygate.core.AgencyId;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Makes at an agency's Stripe what usage is billed by. Each thing is made by one call
 * under an idempotency key of ours, and can be looked for where the answer to that call
 * was none. Everything fails with a {@link StripeProblem} only.
 */
public final class StripeSetup {

	private static final long AT_ONCE = 100;

	/** Our clock may be ahead of Stripe's, by which things are dated. */
	private static final Duration CLOCK_SLACK = Duration.ofMinutes(5);

	/** Things made since an intent began among which its own is looked for. */
	private static final int LOOKED_THROUGH_MAX = 1_000;

	private final StripeCalls calls;

	StripeSetup(StripeCalls calls) {
		this.calls = calls;
	}

	/** A meter that adds up what it is told under this event name. */
	public Mono<StripeMeter> createMeter(AgencyId agency, StripeWrite write, String displayName, String eventName) {
		MeterCreateParams params = MeterCreateParams.builder()
			.setDisplayName(displayName)
			.setEventName(eventName)
			.setDefaultAggregation(MeterCreateParams.DefaultAggregation.builder()
				.setFormula(MeterCreateParams.DefaultAggregation.Formula.SUM)
				.build())
			.setCustomerMapping(MeterCreateParams.CustomerMapping.builder()
				.setEventPayloadKey(StripeMeterEvents.CUSTOMER_KEY)
				.setType(MeterCreateParams.CustomerMapping.Type.BY_ID)
				.build())
			.setValueSettings(
					MeterCreateParams.ValueSettings.builder().setEventPayloadKey(StripeMeterEvents.VALUE_KEY).build())
			.build();
		return this.calls.call(agency,
				(stripe) -> StripeMeter.of(stripe.v1().billing().meters().create(params, options(write))));
	}

	/** The meter that takes events of this name, whether or not it is active. */
	public Mono<StripeMeter> meterOf(AgencyId agency, String eventName) {
		return firstMeter(agency, (meter) -> meter.getEventName().equals(eventName));
	}

	/** The meter of this event name, if this intent may have made it. */
	public Mono<StripeMeter> findMeter(AgencyId agency, StripeWrite write, String eventName) {
		return firstMeter(agency,
				(meter) -> meter.getEventName().equals(eventName) && meter.getCreated() >= since(write));
	}

	/** Lets a meter take events again, or no more. */
	public Mono<StripeMeter> switchMeter(AgencyId agency, StripeWrite write, String id, boolean active) {
		return this.calls.call(agency, (stripe) -> {
			var meters = stripe.v1().billing().meters();
			return StripeMeter
				.of(active ? meters.reactivate(id, options(write)) : meters.deactivate(id, options(write)));
		});
	}

	/** A product. */
	public Mono<StripeProduct> createProduct(AgencyId agency, StripeWrite write, String name,
			@Nullable String description) {
		ProductCreateParams params = ProductCreateParams.builder()
			.setName(name)
			.setDescription(description)
			.putMetadata(StripeWrite.METADATA, write.intent())
			.build();
		return this.calls.call(agency,
				(stripe) -> StripeProduct.of(stripe.v1().products().create(params, options(write))));
	}

	/** The product that this intent made. */
	public Mono<StripeProduct> findProduct(AgencyId agency, StripeWrite write) {
		ProductListParams params = ProductListParams.builder()
			.setCreated(ProductListParams.Created.builder().setGte(since(write)).build())
			.setLimit(AT_ONCE)
			.build();
		return this.calls
			.call(agency,
					(stripe) -> first(stripe.v1().products().list(params),
							(Product product) -> isOf(write, product.getMetadata())))
			.flatMap((found) -> Mono.justOrEmpty(found.map(StripeProduct::of)));
	}

	/** A metered price. */
	public Mono<StripePrice> createPrice(AgencyId agency, StripeWrite write, NewPrice wanted) {
		PriceCreateParams.Builder params = PriceCreateParams.builder()
			.setCurrency(wanted.currency())
			.setBillingScheme(PriceCreateParams.BillingScheme.PER_UNIT)
			.setRecurring(PriceCreateParams.Recurring.builder()
				.setInterval(PriceCreateParams.Recurring.Interval.valueOf(wanted.interval().toUpperCase(Locale.ROOT)))
				.setUsageType(PriceCreateParams.Recurring.UsageType.METERED)
				.setMeter(wanted.meterId())
				.build())
			.putMetadata(StripeWrite.METADATA, write.intent())
			.addExpand("product");
		amount(params, wanted.unitAmount());
		if (wanted.productId() != null) {
			params.setProduct(wanted.productId());
		}
		else {
			params.setProductData(PriceCreateParams.ProductData.builder().setName(wanted.productName()).build());
		}
		if (wanted.packageSize() > 1) {
			params.setTransformQuantity(TransformQuantity.builder()
				.setDivideBy(wanted.packageSize())
				.setRound(wanted.roundsUp() ? TransformQuantity.Round.UP : TransformQuantity.Round.DOWN)
				.build());
		}
		if (wanted.taxBehavior() != null) {
			params.setTaxBehavior(PriceCreateParams.TaxBehavior.valueOf(wanted.taxBehavior().toUpperCase(Locale.ROOT)));
		}
		return this.calls.call(agency,
				(stripe) -> StripePrice.of(stripe.v1().prices().create(params.build(), options(write))));
	}

	private static void amount(PriceCreateParams.Builder params, BigDecimal amount) {
		if (amount.stripTrailingZeros().scale() <= 0) {
			params.setUnitAmount(amount.longValueExact());
		}
		else {
			params.setUnitAmountDecimal(amount);
		}
	}

	/** The price that this intent made. */
	public Mono<StripePrice> findPrice(AgencyId agency, StripeWrite write) {
		PriceListParams params = PriceListParams.builder()
			.setCreated(PriceListParams.Created.builder().setGte(since(write)).build())
			.setLimit(AT_ONCE)
			.build();
		PriceRetrieveParams whole = PriceRetrieveParams.builder().addExpand("product").build();
		return this.calls
			.call(agency,
					(stripe) -> first(stripe.v1().prices().list(params),
							(Price price) -> isOf(write, price.getMetadata())))
			.flatMap(Mono::justOrEmpty)
			.flatMap((price) -> this.calls.call(agency,
					(stripe) -> StripePrice.of(stripe.v1().prices().retrieve(price.getId(), whole))));
	}

	/** A customer. */
	public Mono<StripeCustomer> createCustomer(AgencyId agency, StripeWrite write, NewCustomer wanted) {
		CustomerCreateParams.Builder params = CustomerCreateParams.builder()
			.setName(wanted.name())
			.setEmail(wanted.email())
			.putMetadata(StripeWrite.METADATA, write.intent());
		NewCustomer.Address address = wanted.address();
		if (address != null) {
			params.setAddress(CustomerCreateParams.Address.builder()
				.setLine1(address.line1())
				.setLine2(address.line2())
				.setCity(address.city())
				.setState(address.state())
				.setPostalCode(address.postalCode())
				.setCountry(address.country())
				.build());
		}
		return this.calls.call(agency,
				(stripe) -> StripeCustomer.of(stripe.v1().customers().create(params.build(), options(write))));
	}

	/** The customer that this intent made. */
	public Mono<StripeCustomer> findCustomer(AgencyId agency, StripeWrite write) {
		CustomerListParams params = CustomerListParams.builder()
			.setCreated(CustomerListParams.Created.builder().setGte(since(write)).build())
			.setLimit(AT_ONCE)
			.build();
		return this.calls
			.call(agency,
					(stripe) -> first(stripe.v1().customers().list(params),
							(Customer customer) -> isOf(write, customer.getMetadata())))
			.flatMap((found) -> Mono.justOrEmpty(found.map(StripeCustomer::of)));
	}

	/**
	 * A subscription to a metered price. Nothing is owed when it begins, so it is active
	 * at once and asks for a card by its pending setup intent.
	 * @param anchor the end of its first period, which all later ones follow
	 */
	public Mono<StripeSubscription> createSubscription(AgencyId agency, StripeWrite write, String customer,
			String price, Instant anchor, boolean automaticTax) {
		SubscriptionCreateParams.Builder params = SubscriptionCreateParams.builder()
			.setCustomer(customer)
			.addItem(SubscriptionCreateParams.Item.builder().setPrice(price).build())
			.setBillingCycleAnchor(anchor.getEpochSecond())
			.setProrationBehavior(SubscriptionCreateParams.ProrationBehavior.NONE)
			.setPaymentBehavior(SubscriptionCreateParams.PaymentBehavior.DEFAULT_INCOMPLETE)
			.setPaymentSettings(SubscriptionCreateParams.PaymentSettings.builder()
				.setSaveDefaultPaymentMethod(
						SubscriptionCreateParams.PaymentSettings.SaveDefaultPaymentMethod.ON_SUBSCRIPTION)
				.build())
			.putMetadata(StripeWrite.METADATA, write.intent())
			.addExpand("pending_setup_intent");
		if (automaticTax) {
			params.setAutomaticTax(SubscriptionCreateParams.AutomaticTax.builder().setEnabled(true).build());
		}
		return this.calls.call(agency,
				(stripe) -> StripeSubscription.of(stripe.v1().subscriptions().create(params.build(), options(write))));
	}

	/** The subscription that this intent made. */
	public Mono<StripeSubscription> findSubscription(AgencyId agency, StripeWrite write, String customer) {
		SubscriptionListParams params = SubscriptionListParams.builder()
			.setCustomer(customer)
			.setLimit(AT_ONCE)
			.addExpand("data.pending_setup_intent")
			.build();
		return this.calls
			.call(agency,
					(stripe) -> first(stripe.v1().subscriptions().list(params),
							(Subscription subscription) -> isOf(write, subscription.getMetadata())))
			.flatMap((found) -> Mono.justOrEmpty(found.map(StripeSubscription::of)));
	}

	private Mono<StripeMeter> firstMeter(AgencyId agency, Predicate<Meter> wanted) {
		MeterListParams params = MeterListParams.builder().setLimit(AT_ONCE).build();
		return this.calls.call(agency, (stripe) -> first(stripe.v1().billing().meters().list(params), wanted))
			.flatMap((found) -> Mono.justOrEmpty(found.map(StripeMeter::of)));
	}

	private static <T extends HasId> Optional<T> first(StripeCollection<T> list, Predicate<T> wanted) {
		return StreamSupport.stream(list.autoPagingIterable().spliterator(), false)
			.limit(LOOKED_THROUGH_MAX)
			.filter(wanted)
			.findFirst();
	}

	private static long since(StripeWrite write) {
		return write.since().minus(CLOCK_SLACK).getEpochSecond();
	}

	static boolean isOf(StripeWrite write, @Nullable Map<String, String> metadata) {
		return metadata != null && write.intent().equals(metadata.get(StripeWrite.METADATA));
	}

	static RequestOptions options(StripeWrite write) {
		return RequestOptions.builder().setIdempotencyKey(write.idempotencyKey()).build();
	}

}
