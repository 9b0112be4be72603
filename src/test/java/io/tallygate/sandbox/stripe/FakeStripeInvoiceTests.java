package io.tallygate.sandbox.stripe;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

import com.stripe.exception.StripeException;
import com.stripe.model.Event;
import com.stripe.model.Invoice;
import com.stripe.model.InvoiceLineItem;
import com.stripe.model.Subscription;
import com.stripe.param.InvoiceCreatePreviewParams;
import com.stripe.param.InvoiceListParams;
import com.stripe.param.SubscriptionCreateParams;
import com.stripe.param.SubscriptionCreateParams.PaymentBehavior;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

/** What use costs, as the real client sees it: to the cent. */
class FakeStripeInvoiceTests {

	private static final String TIERS = "billing_scheme=tiered&tiers[0][up_to]=1000&tiers[0][unit_amount_decimal]=0.5"
			+ "&tiers[1][up_to]=5000&tiers[1][unit_amount_decimal]=0.25&tiers[1][flat_amount]=100"
			+ "&tiers[2][up_to]=inf&tiers[2][unit_amount_decimal]=0.1&tiers_mode=";

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

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			# price                                                            | used    | cents
			unit_amount=10                                                     | 0       | 0
			unit_amount=10                                                     | 37      | 370
			unit_amount_decimal=0.004                                          | 12345   | 49
			unit_amount_decimal=0.004                                          | 125     | 1
			unit_amount_decimal=0.004                                          | 124     | 0
			unit_amount_decimal=0.000000000001                                 | 999999  | 0
			unit_amount=4&transform_quantity[divide_by]=1000&transform_quantity[round]=up   | 0    | 0
			unit_amount=4&transform_quantity[divide_by]=1000&transform_quantity[round]=up   | 1    | 4
			unit_amount=4&transform_quantity[divide_by]=1000&transform_quantity[round]=up   | 1000 | 4
			unit_amount=4&transform_quantity[divide_by]=1000&transform_quantity[round]=up   | 1001 | 8
			unit_amount=4&transform_quantity[divide_by]=1000&transform_quantity[round]=down | 999  | 0
			unit_amount=4&transform_quantity[divide_by]=1000&transform_quantity[round]=down | 2999 | 8
			unit_amount_decimal=4.5&transform_quantity[divide_by]=60&transform_quantity[round]=up | 150 | 14
			""")
	void aPeriodCostsWhatItsPriceSays(String price, long used, long cents) throws StripeException {
		assertThat(preview(price, used).getTotal()).isEqualTo(cents);
	}

	@ParameterizedTest
	@CsvSource({ "graduated, 1000, 500", "graduated, 1001, 600", "graduated, 5000, 1600", "graduated, 6000, 1700",
			"volume, 1000, 500", "volume, 1001, 350", "volume, 6000, 600" })
	void tiersCostWhatTheySay(String mode, long used, long cents) throws StripeException {
		assertThat(preview(TIERS + mode, used).getTotal()).isEqualTo(cents);
	}

	@Test
	void aLineSaysWhatItIsFor() throws StripeException {
		Invoice invoice = preview(
				"unit_amount=4&transform_quantity[divide_by]=1000&transform_quantity[round]=up&nickname=x", 2_500);

		assertThat(invoice.getStatus()).isEqualTo("draft");
		assertThat(invoice.getCurrency()).isEqualTo("usd");
		assertThat(invoice.getAmountDue()).isEqualTo(12);
		InvoiceLineItem line = invoice.getLines().getData().get(0);
		assertThat(line.getAmount()).isEqualTo(12);
		assertThat(line.getQuantity()).isEqualTo(2_500);
		assertThat(line.getDescription()).isEqualTo("2500 × AI (at USD 0.04 per 1000 / month)");
		assertThat(line.getPeriod().getStart()).isEqualTo(FakeStripeFixture.START.getEpochSecond());
		assertThat(line.getPricing().getPriceDetails().getPrice()).startsWith("price_");
		assertThat(line.getParent().getSubscriptionItemDetails().getSubscription()).startsWith("sub_");
	}

	@Test
	void whatIsNotAggregatedYetIsNotInThePreview() throws StripeException {
		Subscription subscription = subscribe("unit_amount=10");
		this.stripe.report("tokens", subscription.getCustomer(), "u:1", 5);

		assertThat(preview(subscription).getTotal()).isZero();
	}

	@Test
	void aPeriodThatEndedIsInvoicedWithWhatCameLateAndPaid() throws StripeException {
		Subscription subscription = subscribe("unit_amount=10", "&default_payment_method=pm_card_visa");
		report(subscription, "u:1", 5);

		this.stripe.pass(Duration.ofDays(30).plusMinutes(1));

		Invoice draft = awaitInvoice(subscription, "draft");
		assertThat(draft.getTotal()).isEqualTo(50);
		assertThat(draft.getPeriodEnd()).isEqualTo(FakeStripeFixture.START.plus(Duration.ofDays(30)).getEpochSecond());
		this.stripe.report(FakeStripeFixture.event("tokens", subscription.getCustomer(), "late", 2)
			.setTimestamp(FakeStripeFixture.START.plus(Duration.ofDays(29)).getEpochSecond())
			.build(), "late");
		this.stripe.pass(Duration.ofHours(1));
		Invoice paid = awaitInvoice(subscription, "paid");
		assertThat(paid.getAmountPaid()).isEqualTo(70);
		assertThat(types()).contains("invoice.created", "invoice.finalized", "invoice.paid");
		assertThat(preview(subscription).getTotal()).isZero();
	}

	@Test
	void aPeriodIsInvoicedOnceWhateverIsRestarted() throws StripeException {
		Subscription subscription = subscribe("unit_amount=10");
		this.stripe.pass(Duration.ofDays(31));
		awaitInvoice(subscription, "draft");

		this.stripe.restart();
		this.stripe.pass(Duration.ofHours(2));

		awaitInvoice(subscription, "paid");
		assertThat(this.stripe.client().v1().invoices().list().getData()).hasSize(1);
	}

	@Test
	void aPeriodThatIsEndedByHandIsInvoicedLikeAnyOtherAndTheNextBeginsThere() throws StripeException {
		Subscription subscription = subscribe("unit_amount=10", "&default_payment_method=pm_card_visa");
		report(subscription, "u:1", 5);

		long firstEnd = endPeriod(subscription);
		Invoice first = awaitInvoice(subscription, "draft");
		report(subscription, "u:2", 2);
		this.stripe.pass(Duration.ofHours(1));
		awaitInvoice(subscription, "paid");
		long secondEnd = endPeriod(subscription);
		Invoice second = awaitInvoice(subscription, "draft");

		assertThat(first.getTotal()).isEqualTo(50);
		assertThat(first.getBillingReason()).isEqualTo("subscription_cycle");
		assertThat(first.getPeriodStart()).isEqualTo(FakeStripeFixture.START.getEpochSecond());
		assertThat(first.getPeriodEnd()).isEqualTo(firstEnd);
		assertThat(second.getTotal()).isEqualTo(20);
		assertThat(second.getPeriodStart()).isEqualTo(firstEnd);
		assertThat(second.getPeriodEnd()).isEqualTo(secondEnd);
		Subscription running = this.stripe.client().v1().subscriptions().retrieve(subscription.getId());
		assertThat(running.getItems().getData().get(0).getCurrentPeriodStart()).isEqualTo(secondEnd);
		assertThat(types()).contains("customer.subscription.updated");
	}

	@Test
	void usageOfTheSecondInWhichAPeriodIsEndedBelongsToIt() throws StripeException {
		Subscription subscription = subscribe("unit_amount=10");
		this.stripe.report("tokens", subscription.getCustomer(), "u:1", 5);
		endPeriod(subscription);
		awaitInvoice(subscription, "draft");

		this.stripe.pass(Duration.ofHours(1));

		assertThat(awaitInvoice(subscription, "open").getTotal()).isEqualTo(50);
	}

	@Test
	void onlyAPeriodThatRunsCanBeEnded() throws StripeException {
		Subscription subscription = subscribe("unit_amount=10");
		this.stripe.client().v1().subscriptions().cancel(subscription.getId());

		assertThat(periods(subscription.getId()).statusCode()).isEqualTo(400);
		assertThat(periods("sub_of_nobody").body()).contains("There is no subscription sub_of_nobody");
	}

	/** Ends the period that runs, lets that second pass, and says when it was. */
	private long endPeriod(Subscription subscription) {
		long end = JsonMapper.shared().readTree(periods(subscription.getId()).body()).path("ends_at").asLong();
		this.stripe.pass(Duration.ofSeconds(1));
		return end;
	}

	private HttpResponse<String> periods(String subscription) {
		return this.stripe.http("POST", "/__periods", "application/json",
				"{\"subscription\":\"" + subscription + "\"}");
	}

	@Test
	void withoutACardTheSubscriptionIsPastDueUntilOneIsThere() throws StripeException {
		Subscription subscription = subscribe("unit_amount=10");
		report(subscription, "u:1", 5);
		this.stripe.pass(Duration.ofDays(30));
		awaitInvoice(subscription, "draft");

		this.stripe.pass(Duration.ofHours(1));

		Invoice open = awaitInvoice(subscription, "open");
		assertThat(status(subscription)).isEqualTo("past_due");
		this.stripe.post("/v1/invoices/" + open.getId() + "/pay", "payment_method=pm_card_visa");
		assertThat(awaitInvoice(subscription, "paid").getAmountPaid()).isEqualTo(50);
		assertThat(status(subscription)).isEqualTo("active");
		assertThat(types()).contains("invoice.payment_failed", "customer.subscription.updated");
	}

	@Test
	void aCardThatAlwaysFailsLeavesTheSubscriptionUnpaid() throws StripeException {
		Subscription subscription = subscribe("unit_amount=10", "&default_payment_method=pm_card_chargeCustomerFail");
		report(subscription, "u:1", 5);
		this.stripe.pass(Duration.ofDays(30));
		awaitInvoice(subscription, "draft");
		this.stripe.pass(Duration.ofHours(1));
		awaitInvoice(subscription, "open");

		for (int attempts = 2; attempts <= 4; attempts++) {
			this.stripe.pass(Duration.ofDays(3));
			long expected = attempts;
			await().until(() -> awaitInvoice(subscription, "open").getAttemptCount() == expected);
		}

		assertThat(status(subscription)).isEqualTo("unpaid");
	}

	@Test
	void aCustomerPaysInOneCurrency() throws StripeException {
		Subscription subscription = subscribe("unit_amount=10");
		String euros = price("words", "unit_amount=10", "eur");

		assertThat(this.stripe
			.post("/v1/subscriptions", "customer=" + subscription.getCustomer() + "&items[0][price]=" + euros)
			.body()).contains("cannot combine currencies");
	}

	@Test
	void anAnchorLiesWithinTheFirstPeriod() throws StripeException {
		String price = price("tokens", "unit_amount=10", "usd");
		String customer = this.stripe.customer().getId();
		String form = "customer=" + customer + "&items[0][price]=" + price + "&billing_cycle_anchor=";

		assertThat(this.stripe
			.post("/v1/subscriptions",
					form + FakeStripeFixture.START.plus(Duration.ofDays(30)).plusSeconds(1).getEpochSecond())
			.body()).contains("cannot be later than next natural billing date");
		assertThat(this.stripe
			.post("/v1/subscriptions", form + FakeStripeFixture.START.plus(Duration.ofDays(30)).getEpochSecond())
			.statusCode()).isEqualTo(200);
	}

	private Invoice preview(String price, long used) throws StripeException {
		Subscription subscription = subscribe(price);
		if (used > 0) {
			report(subscription, "u:1", used);
		}
		return preview(subscription);
	}

	private void report(Subscription subscription, String identifier, long used) throws StripeException {
		this.stripe.report("tokens", subscription.getCustomer(), identifier, used);
		this.stripe.pass(Duration.ofSeconds(3));
	}

	private Invoice preview(Subscription subscription) throws StripeException {
		return this.stripe.client()
			.v1()
			.invoices()
			.createPreview(InvoiceCreatePreviewParams.builder()
				.setCustomer(subscription.getCustomer())
				.setSubscription(subscription.getId())
				.build());
	}

	private Subscription subscribe(String price) throws StripeException {
		return subscribe(price, "");
	}

	private Subscription subscribe(String price, String more) throws StripeException {
		String priceId = price("tokens", price, "usd");
		SubscriptionCreateParams.Builder params = SubscriptionCreateParams.builder()
			.setCustomer(this.stripe.customer().getId())
			.addItem(SubscriptionCreateParams.Item.builder().setPrice(priceId).build())
			.setPaymentBehavior(PaymentBehavior.DEFAULT_INCOMPLETE);
		if (!more.isEmpty()) {
			String card = more.substring(more.indexOf('=') + 1);
			String customer = params.build().getCustomer();
			String attached = id(
					this.stripe.post("/v1/payment_methods/" + card + "/attach", "customer=" + customer).body());
			params.setDefaultPaymentMethod(attached);
		}
		return this.stripe.client().v1().subscriptions().create(params.build());
	}

	private String price(String eventName, String terms, String currency) throws StripeException {
		String meter = this.stripe.meter(eventName).getId();
		return id(this.stripe
			.post("/v1/prices",
					"product_data[name]=AI&currency=" + currency + "&recurring[interval]=month"
							+ "&recurring[usage_type]=metered&recurring[meter]=" + meter + "&" + terms)
			.body());
	}

	private static String id(String json) {
		return JsonMapper.shared().readTree(json).path("id").asString();
	}

	private Invoice awaitInvoice(Subscription subscription, String status) {
		return await().atMost(Duration.ofSeconds(10)).until(() -> {
			List<Invoice> found = this.stripe.client()
				.v1()
				.invoices()
				.list(InvoiceListParams.builder()
					.setSubscription(subscription.getId())
					.setStatus(InvoiceListParams.Status.valueOf(status.toUpperCase(java.util.Locale.ROOT)))
					.build())
				.getData();
			return found.isEmpty() ? null : found.get(0);
		}, (invoice) -> invoice != null);
	}

	private String status(Subscription subscription) throws StripeException {
		return this.stripe.client().v1().subscriptions().retrieve(subscription.getId()).getStatus();
	}

	private List<String> types() throws StripeException {
		return this.stripe.client().v1().events().list().getData().stream().map(Event::getType).toList();
	}

}
