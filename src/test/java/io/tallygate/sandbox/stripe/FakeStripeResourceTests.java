package io.tallygate.sandbox.stripe;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Set;

import com.stripe.exception.InvalidRequestException;
import com.stripe.exception.AuthenticationException;
import com.stripe.exception.PermissionException;
import com.stripe.exception.StripeException;
import com.stripe.model.Customer;
import com.stripe.model.Price;
import com.stripe.model.Product;
import com.stripe.model.StripeCollection;
import com.stripe.model.Subscription;
import com.stripe.model.SubscriptionItem;
import com.stripe.model.billing.Meter;
import com.stripe.param.CustomerCreateParams;
import com.stripe.param.CustomerListParams;
import com.stripe.param.CustomerSearchParams;
import com.stripe.param.CustomerUpdateParams;
import com.stripe.param.PriceCreateParams;
import com.stripe.param.PriceListParams;
import com.stripe.param.PriceRetrieveParams;
import com.stripe.param.ProductCreateParams;
import com.stripe.param.ProductUpdateParams;
import com.stripe.param.SubscriptionCreateParams;
import com.stripe.param.SubscriptionListParams;
import com.stripe.param.billing.MeterListParams;
import com.stripe.param.billing.MeterUpdateParams;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import static org.assertj.core.api.Assertions.assertThat;

/** Accounts, customers, the catalogue and subscriptions, as the real client sees them. */
class FakeStripeResourceTests {

	@TempDir
	private Path directory;

	private FakeStripeFixture stripe;

	@BeforeEach
	void start() {
		this.stripe = new FakeStripeFixture(this.directory);
	}

	@AfterEach
	void stop() {
		this.stripe.close();
	}

	@Test
	void aKeyOpensItsAccount() throws StripeException {
		assertThat(this.stripe.client().v1().accounts().retrieveCurrent().getId()).isEqualTo("acct_one");
		assertThat(
				this.stripe.client().v1().accounts().retrieve("acct_one").getSettings().getDashboard().getDisplayName())
			.isEqualTo("One Agency");
	}

	@Test
	void aKeyThatWasNotMadeHereIs401() {
		assertThat(FakeStripeFixture
			.refusal(() -> this.stripe.client("sk_test_51RealLooking").v1().accounts().retrieveCurrent()))
			.isInstanceOf(AuthenticationException.class)
			.hasMessageContaining("Invalid API Key provided")
			.hasMessageNotContaining("sk_test_51RealLooking");
	}

	@Test
	void aKeyMayComeAsBasicCredentials() {
		String basic = Base64.getEncoder().encodeToString((FakeStripeFixture.KEY.secret().reveal() + ":").getBytes());

		assertThat(this.stripe.http("GET", "/v1/account", "text/plain", "", "Authorization", "Basic " + basic)
			.statusCode()).isEqualTo(200);
		assertThat(this.stripe.http("GET", "/v1/account", "text/plain", "").statusCode()).isEqualTo(401);
	}

	@Test
	void aRestrictedKeyMayWhatItsPermissionsSay() throws StripeException {
		SandboxKey key = this.stripe.stripe().newKey("acct_one", "One Agency", Set.of("rak_customer_write"));

		this.stripe.client(key).v1().customers().create(CustomerCreateParams.builder().build());
		this.stripe.client(key).v1().customers().list();

		assertThat(FakeStripeFixture
			.refusal(() -> this.stripe.client(key).v1().billing().meters().create(FakeStripeFixture.meterParams("m"))))
			.isInstanceOf(PermissionException.class)
			.hasMessageContaining("rak_billing_meter_write");
	}

	@Test
	void oneAccountDoesNotSeeAnother() throws StripeException {
		Customer customer = this.stripe.customer();

		assertThat(FakeStripeFixture
			.refusal(() -> this.stripe.client(FakeStripeFixture.OTHER_KEY).v1().customers().retrieve(customer.getId()))
			.getStatusCode()).isEqualTo(404);
	}

	@Test
	void anUnknownParameterIsRefusedByName() {
		assertThat(this.stripe.post("/v1/customers", "name=Acme&nickname=A").body()).contains("\"parameter_unknown\"",
				"Received unknown parameter: nickname");
		assertThat(this.stripe.get("/v1/prices?recurring[foo]=1").statusCode()).isEqualTo(400);
	}

	@Test
	void anUnknownPathIs404() {
		assertThat(this.stripe.get("/v1/charges").statusCode()).isEqualTo(404);
	}

	@Test
	void theVersionAskedForIsTheVersionAnswered() {
		assertThat(this.stripe.post("/v1/customers", "", "Stripe-Version", "2026-07-29.dahlia")
			.headers()
			.firstValue("Stripe-Version")).hasValue("2026-07-29.dahlia");
	}

	@Test
	void aCustomerIsCreatedChangedAndDeleted() throws StripeException {
		Customer created = this.stripe.client()
			.v1()
			.customers()
			.create(CustomerCreateParams.builder()
				.setName("Zoë & Söhne")
				.setEmail("zoe@example.com")
				.putMetadata("client", "cli_1")
				.setAddress(CustomerCreateParams.Address.builder().setCity("Köln").build())
				.build());
		assertThat(created.getId()).startsWith("cus_");

		Customer updated = this.stripe.client()
			.v1()
			.customers()
			.update(created.getId(), CustomerUpdateParams.builder().putMetadata("plan", "pro").build());

		assertThat(updated.getName()).isEqualTo("Zoë & Söhne");
		assertThat(updated.getAddress().getCity()).isEqualTo("Köln");
		assertThat(updated.getMetadata()).containsEntry("client", "cli_1").containsEntry("plan", "pro");
		assertThat(this.stripe.client().v1().customers().delete(created.getId()).getDeleted()).isTrue();
		assertThat(this.stripe.client().v1().customers().retrieve(created.getId()).getDeleted()).isTrue();
		assertThat(this.stripe.client().v1().customers().list().getData()).isEmpty();
	}

	@Test
	void aListComesInPagesNewestFirst() throws StripeException {
		String first = this.stripe.customer().getId();
		String second = this.stripe.customer().getId();
		String third = this.stripe.customer().getId();

		StripeCollection<Customer> page = list(CustomerListParams.builder().setLimit(2L).build());
		StripeCollection<Customer> next = list(CustomerListParams.builder().setStartingAfter(second).build());
		StripeCollection<Customer> before = list(
				CustomerListParams.builder().setEndingBefore(first).setLimit(1L).build());

		assertThat(page.getData()).extracting(Customer::getId).containsExactly(third, second);
		assertThat(page.getHasMore()).isTrue();
		assertThat(page.getUrl()).isEqualTo("/v1/customers");
		assertThat(next.getData()).extracting(Customer::getId).containsExactly(first);
		assertThat(next.getHasMore()).isFalse();
		assertThat(before.getData()).extracting(Customer::getId).containsExactly(second);
		assertThat(before.getHasMore()).isTrue();
		assertThat(FakeStripeFixture.refusal(() -> list(CustomerListParams.builder().setLimit(101L).build()))
			.getStripeError()
			.getParam()).isEqualTo("limit");
	}

	private StripeCollection<Customer> list(CustomerListParams params) throws StripeException {
		return this.stripe.client().v1().customers().list(params);
	}

	@Test
	void customersAreFoundByEmailAndPartOfTheName() throws StripeException {
		this.stripe.client()
			.v1()
			.customers()
			.create(CustomerCreateParams.builder().setName("Bolt Fitness").setEmail("b@example.com").build());
		this.stripe.customer();

		assertThat(search("name~'fit' AND email:'B@example.com'")).containsExactly("Bolt Fitness");
		assertThat(search("name:'Nobody'")).isEmpty();
		assertThat(FakeStripeFixture.refusal(() -> search("name='x'"))).isInstanceOf(InvalidRequestException.class);
	}

	private List<String> search(String query) throws StripeException {
		return this.stripe.client()
			.v1()
			.customers()
			.search(CustomerSearchParams.builder().setQuery(query).build())
			.getData()
			.stream()
			.map(Customer::getName)
			.toList();
	}

	@Test
	void aProductIsCreatedAndChanged() throws StripeException {
		Product product = product();

		Product updated = this.stripe.client()
			.v1()
			.products()
			.update(product.getId(), ProductUpdateParams.builder().setName("AI plus").setActive(false).build());

		assertThat(product.getId()).startsWith("prod_");
		assertThat(updated.getName()).isEqualTo("AI plus");
		assertThat(updated.getActive()).isFalse();
	}

	@Test
	void aMeterIsUniqueByEventNameEvenWhenDeactivated() throws StripeException {
		Meter meter = this.stripe.meter("tokens");
		this.stripe.client().v1().billing().meters().deactivate(meter.getId());

		assertThat(FakeStripeFixture.refusal(() -> this.stripe.meter("tokens")).getStatusCode()).isEqualTo(400);

		assertThat(meter.getId()).startsWith("mtr_");
		assertThat(meter.getCustomerMapping().getEventPayloadKey()).isEqualTo("stripe_customer_id");
		assertThat(meter.getValueSettings().getEventPayloadKey()).isEqualTo("value");
		assertThat(this.stripe.client()
			.v1()
			.billing()
			.meters()
			.list(MeterListParams.builder().setStatus(MeterListParams.Status.INACTIVE).build())
			.getData()).extracting(Meter::getId).containsExactly(meter.getId());
	}

	@Test
	void aMeterChangesNothingButItsDisplayName() throws StripeException {
		Meter meter = this.stripe.meter("tokens");

		Meter updated = this.stripe.client()
			.v1()
			.billing()
			.meters()
			.update(meter.getId(), MeterUpdateParams.builder().setDisplayName("Words").build());

		assertThat(updated.getDisplayName()).isEqualTo("Words");
		assertThat(this.stripe.post("/v1/billing/meters/" + meter.getId(), "event_name=other").body())
			.contains("parameter_unknown");
	}

	@Test
	void aPackagePriceKeepsItsTerms() throws StripeException {
		Price price = price(metered("tokens").setUnitAmount(4L)
			.setTransformQuantity(PriceCreateParams.TransformQuantity.builder()
				.setDivideBy(1_000L)
				.setRound(PriceCreateParams.TransformQuantity.Round.UP)
				.build())
			.setLookupKey("package")
			.setTaxBehavior(PriceCreateParams.TaxBehavior.EXCLUSIVE));

		Price found = this.stripe.client()
			.v1()
			.prices()
			.retrieve(price.getId(), PriceRetrieveParams.builder().addExpand("product").build());

		assertThat(found.getUnitAmount()).isEqualTo(4);
		assertThat(found.getTransformQuantity().getDivideBy()).isEqualTo(1_000);
		assertThat(found.getRecurring().getUsageType()).isEqualTo("metered");
		assertThat(found.getTaxBehavior()).isEqualTo("exclusive");
		assertThat(found.getProductObject().getName()).isEqualTo("AI");
	}

	@Test
	void aDecimalPriceHasNoWholeAmount() throws StripeException {
		Price price = price(metered("tokens").setUnitAmountDecimal(new BigDecimal("0.004")));

		assertThat(price.getUnitAmount()).isNull();
		assertThat(price.getUnitAmountDecimal()).isEqualByComparingTo("0.004");
	}

	@Test
	void tiersAreShownToWhoAsksForThem() throws StripeException {
		PriceCreateParams.Builder params = metered("tokens").setBillingScheme(PriceCreateParams.BillingScheme.TIERED)
			.setTiersMode(PriceCreateParams.TiersMode.GRADUATED)
			.addTier(PriceCreateParams.Tier.builder().setUpTo(100L).setUnitAmount(5L).build())
			.addTier(PriceCreateParams.Tier.builder()
				.setUpTo(PriceCreateParams.Tier.UpTo.INF)
				.setUnitAmountDecimal(new BigDecimal("2.5"))
				.build());

		Price price = price(params);
		Price whole = this.stripe.client()
			.v1()
			.prices()
			.retrieve(price.getId(), PriceRetrieveParams.builder().addExpand("tiers").build());

		assertThat(price.getTiers()).isNull();
		assertThat(whole.getTiers()).extracting((tier) -> tier.getUpTo()).containsExactly(100L, null);
	}

	@Test
	void termsThatDoNotGoTogetherAreRefused() throws StripeException {
		String meter = this.stripe.meter("tokens").getId();
		String product = "product=" + product().getId() + "&currency=usd";
		String metered = product + "&recurring[interval]=month&recurring[usage_type]=metered";

		assertThat(paramRefused(metered + "&unit_amount=1")).contains("recurring[meter]");
		assertThat(paramRefused(product + "&recurring[interval]=month&recurring[meter]=" + meter + "&unit_amount=1"))
			.contains("recurring[meter]");
		assertThat(paramRefused(metered + "&recurring[meter]=" + meter)).contains("unit_amount");
		assertThat(paramRefused(metered + "&recurring[meter]=" + meter + "&unit_amount=1&unit_amount_decimal=1"))
			.contains("unit_amount");
		assertThat(paramRefused(metered + "&recurring[meter]=" + meter + "&tiers_mode=volume&billing_scheme=tiered"
				+ "&tiers[0][up_to]=inf&tiers[0][unit_amount]=1&transform_quantity[divide_by]=2"
				+ "&transform_quantity[round]=up"))
			.contains("transform_quantity");
		this.stripe.client().v1().billing().meters().deactivate(meter);
		assertThat(paramRefused(metered + "&recurring[meter]=" + meter + "&unit_amount=1"))
			.contains("recurring[meter]");
	}

	private String paramRefused(String form) {
		var answer = this.stripe.post("/v1/prices", form);
		assertThat(answer.statusCode()).isEqualTo(400);
		return answer.body().replaceAll("(?s).*\"param\":\"([^\"]*)\".*", "$1");
	}

	@Test
	void pricesAreListedByProductAndMeter() throws StripeException {
		Price price = price(metered("tokens").setUnitAmount(4L));
		price(metered("words").setUnitAmount(4L));

		assertThat(this.stripe.client()
			.v1()
			.prices()
			.list(PriceListParams.builder()
				.setProduct(price.getProduct())
				.setActive(true)
				.setRecurring(PriceListParams.Recurring.builder()
					.setUsageType(PriceListParams.Recurring.UsageType.METERED)
					.setMeter(price.getRecurring().getMeter())
					.build())
				.build())
			.getData()).extracting(Price::getId).containsExactly(price.getId());
	}

	@Test
	void aSubscriptionByUseIsActiveAndAsksForACard() throws StripeException {
		Price price = price(metered("tokens").setUnitAmount(4L));
		Subscription subscription = subscribe(this.stripe.customer().getId(), price.getId());

		assertThat(subscription.getStatus()).isEqualTo("active");
		assertThat(subscription.getPendingSetupIntentObject().getStatus()).isEqualTo("requires_payment_method");
		assertThat(subscription.getPendingSetupIntentObject().getClientSecret()).contains("_secret_");
		SubscriptionItem item = subscription.getItems().getData().get(0);
		assertThat(item.getId()).startsWith("si_");
		assertThat(item.getPrice().getId()).isEqualTo(price.getId());
		assertThat(item.getCurrentPeriodStart()).isEqualTo(FakeStripeFixture.START.getEpochSecond());
		assertThat(item.getCurrentPeriodEnd())
			.isEqualTo(java.time.Instant.parse("2026-12-02T00:00:00Z").getEpochSecond());
	}

	@Test
	void thePeriodMovesOnWithTheTime() throws StripeException {
		Price price = price(metered("tokens").setUnitAmount(4L));
		String id = subscribe(this.stripe.customer().getId(), price.getId()).getId();

		this.stripe.pass(Duration.ofDays(31));

		assertThat(this.stripe.client()
			.v1()
			.subscriptions()
			.retrieve(id)
			.getItems()
			.getData()
			.get(0)
			.getCurrentPeriodStart()).isEqualTo(java.time.Instant.parse("2026-12-02T00:00:00Z").getEpochSecond());
	}

	@Test
	void aSubscriptionThatOwesAtOnceIsIncomplete() throws StripeException {
		Price price = price(PriceCreateParams.builder()
			.setCurrency("usd")
			.setProduct(product().getId())
			.setUnitAmount(900L)
			.setRecurring(PriceCreateParams.Recurring.builder()
				.setInterval(PriceCreateParams.Recurring.Interval.MONTH)
				.build()));

		assertThat(subscribe(this.stripe.customer().getId(), price.getId()).getStatus()).isEqualTo("incomplete");
	}

	@Test
	void subscriptionsAreListedByCustomerPriceAndStatusAndCanceledOnesOnRequest() throws StripeException {
		Price price = price(metered("tokens").setUnitAmount(4L));
		String customer = this.stripe.customer().getId();
		Subscription gone = subscribe(customer, price.getId());
		Subscription kept = subscribe(customer, price.getId());

		assertThat(this.stripe.client().v1().subscriptions().cancel(gone.getId()).getStatus()).isEqualTo("canceled");

		assertThat(subscriptions(SubscriptionListParams.builder().setCustomer(customer).setPrice(price.getId())))
			.containsExactly(kept.getId());
		assertThat(subscriptions(
				SubscriptionListParams.builder().setCustomer(customer).setStatus(SubscriptionListParams.Status.ALL)))
			.containsExactly(kept.getId(), gone.getId());
		assertThat(subscriptions(SubscriptionListParams.builder().setCustomer("cus_other"))).isEmpty();
	}

	private List<String> subscriptions(SubscriptionListParams.Builder params) throws StripeException {
		return this.stripe.client()
			.v1()
			.subscriptions()
			.list(params.build())
			.getData()
			.stream()
			.map(Subscription::getId)
			.toList();
	}

	private Subscription subscribe(String customer, String price) throws StripeException {
		return this.stripe.client()
			.v1()
			.subscriptions()
			.create(SubscriptionCreateParams.builder()
				.setCustomer(customer)
				.addItem(SubscriptionCreateParams.Item.builder().setPrice(price).build())
				.setPaymentBehavior(SubscriptionCreateParams.PaymentBehavior.DEFAULT_INCOMPLETE)
				.addExpand("pending_setup_intent")
				.build());
	}

	private Product product() throws StripeException {
		return this.stripe.client().v1().products().create(ProductCreateParams.builder().setName("AI").build());
	}

	private PriceCreateParams.Builder metered(String eventName) throws StripeException {
		return PriceCreateParams.builder()
			.setCurrency("usd")
			.setProduct(product().getId())
			.setRecurring(PriceCreateParams.Recurring.builder()
				.setInterval(PriceCreateParams.Recurring.Interval.MONTH)
				.setUsageType(PriceCreateParams.Recurring.UsageType.METERED)
				.setMeter(this.stripe.meter(eventName).getId())
				.build());
	}

	private Price price(PriceCreateParams.Builder params) throws StripeException {
		return this.stripe.client().v1().prices().create(params.build());
	}

}
