package io.tallygate.sandbox.stripe;

import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Set;

import com.stripe.exception.StripeException;
import com.stripe.model.SetupIntent;
import com.stripe.model.Subscription;
import com.stripe.model.checkout.Session;
import com.stripe.param.SetupIntentConfirmParams;
import com.stripe.param.SetupIntentCreateParams;
import com.stripe.param.SubscriptionCreateParams;
import com.stripe.param.checkout.SessionCreateParams;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/** How a customer comes to pay: checkout, setup intents and the billing portal. */
class FakeStripePaymentTests {

	@TempDir
	private Path directory;

	private FakeStripeFixture stripe;

	private String customer;

	private String price;

	@BeforeEach
	void start() throws StripeException {
		this.stripe = new FakeStripeFixture(this.directory);
		this.customer = this.stripe.customer().getId();
		this.price = JsonMapper.shared()
			.readTree(this.stripe
				.post("/v1/prices", "product_data[name]=AI&currency=usd&unit_amount=4&recurring[interval]=month"
						+ "&recurring[usage_type]=metered&recurring[meter]=" + this.stripe.meter("tokens").getId())
				.body())
			.path("id")
			.asString();
	}

	@AfterEach
	void stop() {
		this.stripe.close();
	}

	@Test
	void aCheckoutPageSubscribesAndLeadsBack() throws StripeException {
		Session session = checkout();

		HttpResponse<String> page = visit("GET", session.getUrl(), "");
		HttpResponse<String> done = visit("POST", session.getUrl(), "card=pm_card_visa");

		assertThat(page.statusCode()).isEqualTo(200);
		assertThat(page.body()).contains("<h1>Subscribe</h1>", "AI: 0.04 USD per unit used, billed each month");
		assertThat(done.statusCode()).isEqualTo(303);
		assertThat(done.headers().firstValue("Location"))
			.hasValue("https://agency.example/done?session=" + session.getId());
		Session complete = this.stripe.client().v1().checkout().sessions().retrieve(session.getId());
		assertThat(complete.getStatus()).isEqualTo("complete");
		assertThat(complete.getUrl()).isNull();
		Subscription subscription = this.stripe.client().v1().subscriptions().retrieve(complete.getSubscription());
		assertThat(subscription.getStatus()).isEqualTo("active");
		assertThat(subscription.getDefaultPaymentMethod()).startsWith("pm_");
		assertThat(subscription.getPendingSetupIntent()).isNull();
		assertThat(visit("GET", session.getUrl(), "").body()).contains("This session is complete");
	}

	@Test
	void aDeclinedCardSubscribesNobody() throws StripeException {
		Session session = checkout();

		HttpResponse<String> page = visit("POST", session.getUrl(), "card=pm_card_chargeDeclined");

		assertThat(page.body()).contains("Your card was declined.");
		assertThat(this.stripe.client().v1().checkout().sessions().retrieve(session.getId()).getStatus())
			.isEqualTo("open");
		assertThat(this.stripe.client().v1().subscriptions().list().getData()).isEmpty();
	}

	@Test
	void aMeteredPriceTakesNoQuantity() {
		assertThat(FakeStripeFixture.refusal(() -> this.stripe.client()
			.v1()
			.checkout()
			.sessions()
			.create(SessionCreateParams.builder()
				.setMode(SessionCreateParams.Mode.SUBSCRIPTION)
				.setSuccessUrl("https://agency.example")
				.addLineItem(SessionCreateParams.LineItem.builder().setPrice(this.price).setQuantity(1L).build())
				.build())))
			.hasMessageContaining("Quantity should not be specified where usage_type is `metered`");
	}

	@ParameterizedTest
	@CsvSource({ "mode=subscription&success_url=https://a.example, line_items",
			"mode=payment&success_url=https://a.example, mode", "mode=setup, success_url",
			"mode=setup&success_url=nowhere, success_url",
			"mode=setup&success_url=https://a.example&customer=cus_x, customer", "success_url=https://a.example, mode",
			"mode=setup&success_url=https://a.example&sucess=1, sucess" })
	void aSessionThatCannotWorkIsRefused(String form, String param) {
		HttpResponse<String> answer = this.stripe.post("/v1/checkout/sessions", form);

		assertThat(answer.statusCode()).isEqualTo(400);
		assertThat(JsonMapper.shared().readTree(answer.body()).at("/error/param").asString()).isEqualTo(param);
	}

	@Test
	void anExpiredSessionSubscribesNobody() throws StripeException {
		Session session = checkout();

		this.stripe.client().v1().checkout().sessions().expire(session.getId());

		assertThat(visit("POST", session.getUrl(), "").body()).contains("This session is expired");
		assertThat(this.stripe.client().v1().subscriptions().list().getData()).isEmpty();
	}

	@Test
	void aSetupIntentThatIsConfirmedPaysItsSubscription() throws StripeException {
		Subscription subscription = subscribe();

		SetupIntent confirmed = this.stripe.client()
			.v1()
			.setupIntents()
			.confirm(subscription.getPendingSetupIntent(),
					SetupIntentConfirmParams.builder().setPaymentMethod("pm_card_visa").build());

		assertThat(confirmed.getStatus()).isEqualTo("succeeded");
		Subscription now = this.stripe.client().v1().subscriptions().retrieve(subscription.getId());
		assertThat(now.getPendingSetupIntent()).isNull();
		assertThat(now.getDefaultPaymentMethod()).isEqualTo(confirmed.getPaymentMethod());
	}

	@Test
	void aDeclinedCardLeavesTheSetupIntentOpen() throws StripeException {
		String intent = subscribe().getPendingSetupIntent();

		assertThat(FakeStripeFixture
			.refusal(() -> this.stripe.client()
				.v1()
				.setupIntents()
				.confirm(intent, SetupIntentConfirmParams.builder().setPaymentMethod("pm_card_chargeDeclined").build()))
			.getCode()).isEqualTo("card_declined");
		assertThat(this.stripe.client().v1().setupIntents().retrieve(intent).getStatus())
			.isEqualTo("requires_payment_method");
	}

	@Test
	void thePageForASetupIntentStandsForTheAgencysOwn() throws StripeException {
		SetupIntent intent = this.stripe.client()
			.v1()
			.setupIntents()
			.create(SetupIntentCreateParams.builder().setCustomer(this.customer).build());
		String page = this.stripe.stripe().baseUrl() + "/setup/" + intent.getId();

		visit("POST", page, "card=pm_card_visa");

		assertThat(intent.getClientSecret()).startsWith(intent.getId() + "_secret_");
		assertThat(this.stripe.client().v1().setupIntents().retrieve(intent.getId()).getStatus())
			.isEqualTo("succeeded");
		assertThat(visit("GET", page, "").body()).contains("This is succeeded");
	}

	@Test
	void inTheBillingPortalACardIsLeftForAllThatIsOwed() throws StripeException {
		Subscription subscription = subscribe();
		var session = this.stripe.client()
			.v1()
			.billingPortal()
			.sessions()
			.create(com.stripe.param.billingportal.SessionCreateParams.builder()
				.setCustomer(this.customer)
				.setReturnUrl("https://agency.example/billing?a=1&b=2")
				.build());

		assertThat(visit("GET", session.getUrl(), "").body()).contains(subscription.getId())
			.contains("href=\"https://agency.example/billing?a=1&amp;b=2\"");
		visit("POST", session.getUrl(), "card=pm_card_visa");

		assertThat(this.stripe.client().v1().subscriptions().retrieve(subscription.getId()).getDefaultPaymentMethod())
			.startsWith("pm_");
		assertThat(this.stripe.client()
			.v1()
			.customers()
			.retrieve(this.customer)
			.getInvoiceSettings()
			.getDefaultPaymentMethod()).startsWith("pm_");
	}

	@ParameterizedTest
	@CsvSource({ "/pay/cs_test_x", "/p/session/bps_x", "/setup/seti_x" })
	void whoDoesNotKnowTheIdFindsNothing(String path) {
		assertThat(visit("GET", this.stripe.stripe().baseUrl() + path, "").statusCode()).isEqualTo(404);
		assertThat(visit("POST", this.stripe.stripe().baseUrl() + path, "card=pm_card_visa").statusCode())
			.isEqualTo(404);
	}

	@Test
	void anIdOfAnotherKindOpensNoPage() {
		assertThat(visit("POST", this.stripe.stripe().baseUrl() + "/p/session/" + this.customer, "").statusCode())
			.isEqualTo(404);
	}

	@ParameterizedTest
	@CsvSource({ "/v1/checkout/sessions, rak_checkout_session_write",
			"/v1/billing_portal/sessions, rak_customer_portal_write", "/v1/setup_intents, rak_setup_intent_write",
			"/v1/invoices/create_preview, rak_invoice_read", "/v1/webhook_endpoints, rak_webhook_write",
			"/v1/billing/meter_event_adjustments, rak_billing_meter_event_adjustment_write" })
	void aRestrictedKeyIsToldWhichPermissionItLacks(String path, String permission) {
		SandboxKey key = this.stripe.stripe().newKey("acct_one", "One Agency", Set.of("rak_customer_read"));

		HttpResponse<String> answer = this.stripe.http("POST", path, "application/x-www-form-urlencoded", "",
				"Authorization", "Bearer " + key.secret().reveal());

		assertThat(answer.statusCode()).isEqualTo(403);
		assertThat(answer.body()).contains("'" + permission + "'");
	}

	private Session checkout() throws StripeException {
		return this.stripe.client()
			.v1()
			.checkout()
			.sessions()
			.create(SessionCreateParams.builder()
				.setMode(SessionCreateParams.Mode.SUBSCRIPTION)
				.setCustomer(this.customer)
				.setSuccessUrl("https://agency.example/done?session={CHECKOUT_SESSION_ID}")
				.setCancelUrl("https://agency.example/back")
				.addLineItem(SessionCreateParams.LineItem.builder().setPrice(this.price).build())
				.build());
	}

	private Subscription subscribe() throws StripeException {
		return this.stripe.client()
			.v1()
			.subscriptions()
			.create(SubscriptionCreateParams.builder()
				.setCustomer(this.customer)
				.addItem(SubscriptionCreateParams.Item.builder().setPrice(this.price).build())
				.setPaymentBehavior(SubscriptionCreateParams.PaymentBehavior.DEFAULT_INCOMPLETE)
				.build());
	}

	/** As a browser would, without a key. */
	private HttpResponse<String> visit(String method, String url, String form) {
		return this.stripe.http(method, URI.create(url).getRawPath(), "application/x-www-form-urlencoded", form);
	}

}
