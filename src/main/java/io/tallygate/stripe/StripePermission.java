package io.tallygate.stripe;

import com.stripe.StripeClient;
import com.stripe.exception.StripeException;
import com.stripe.model.StripeObjectInterface;
import com.stripe.param.CustomerListParams;
import com.stripe.param.CustomerUpdateParams;
import com.stripe.param.EventListParams;
import com.stripe.param.InvoiceCreatePreviewParams;
import com.stripe.param.InvoiceListParams;
import com.stripe.param.PriceCreateParams;
import com.stripe.param.PriceListParams;
import com.stripe.param.ProductCreateParams;
import com.stripe.param.ProductListParams;
import com.stripe.param.SetupIntentListParams;
import com.stripe.param.SubscriptionListParams;
import com.stripe.param.SubscriptionUpdateParams;
import com.stripe.param.WebhookEndpointListParams;
import com.stripe.param.WebhookEndpointUpdateParams;
import com.stripe.param.billing.MeterEventAdjustmentCreateParams;
import com.stripe.param.billing.MeterEventCreateParams;
import com.stripe.param.billing.MeterListParams;
import com.stripe.param.checkout.SessionListParams;
import com.stripe.param.v2.core.EventDestinationListParams;
import org.jspecify.annotations.Nullable;

/**
 * What a restricted key has to be allowed (docs/guides/restricted-keys.md), and how that
 * is found out without changing anything: a right to read by reading one, a right to
 * write by a call that Stripe cannot serve, because it lacks what it needs or names
 * nothing that exists. Stripe looks at rights first.
 */
public enum StripePermission {

	/** Usage is counted by meters. */
	METERS("billing.meters", "Billing meters", Access.WRITE, "reading meters; making and deactivating them",
			(stripe) -> stripe.v1().billing().meters().list(MeterListParams.builder().setLimit(1L).build()),
			(stripe) -> stripe.v1().billing().meters().deactivate("mtr_" + Names.NONE)),

	/** Usage is reported by meter events. */
	METER_EVENTS("billing.meter_events", "Billing meter events", Access.WRITE, "reporting usage", null,
			(stripe) -> stripe.v1().billing().meterEvents().create(MeterEventCreateParams.builder().build())),

	/** Usage is taken back by adjustments. */
	ADJUSTMENTS("billing.meter_event_adjustments", "Billing meter event adjustments", Access.WRITE,
			"taking reported usage back", null,
			(stripe) -> stripe.v1()
				.billing()
				.meterEventAdjustments()
				.create(MeterEventAdjustmentCreateParams.builder().build())),

	/** Prices are of products. */
	PRODUCTS("products", "Products", Access.WRITE, "picking products; making them",
			(stripe) -> stripe.v1().products().list(ProductListParams.builder().setLimit(1L).build()),
			(stripe) -> stripe.v1().products().create(ProductCreateParams.builder().build())),

	/** Usage is billed by prices. */
	PRICES("prices", "Prices", Access.WRITE, "checking what a price bills; making prices",
			(stripe) -> stripe.v1().prices().list(PriceListParams.builder().setLimit(1L).build()),
			(stripe) -> stripe.v1().prices().create(PriceCreateParams.builder().build())),

	/** Customers are billed. */
	CUSTOMERS("customers", "Customers", Access.WRITE, "picking customers; making them",
			(stripe) -> stripe.v1().customers().list(CustomerListParams.builder().setLimit(1L).build()),
			(stripe) -> stripe.v1().customers().update("cus_" + Names.NONE, CustomerUpdateParams.builder().build())),

	/** Prices are subscribed to. */
	SUBSCRIPTIONS("subscriptions", "Subscriptions", Access.WRITE,
			"checking that a customer is subscribed; making subscriptions",
			(stripe) -> stripe.v1().subscriptions().list(SubscriptionListParams.builder().setLimit(1L).build()),
			(stripe) -> stripe.v1()
				.subscriptions()
				.update("sub_" + Names.NONE, SubscriptionUpdateParams.builder().build())),

	/** What is billed stands on invoices. */
	INVOICES("invoices", "Invoices", Access.READ, "showing invoices and what the next one will be",
			(stripe) -> stripe.v1().invoices().list(InvoiceListParams.builder().setLimit(1L).build()),
			(stripe) -> stripe.v1().invoices().createPreview(InvoiceCreatePreviewParams.builder().build())),

	/** A customer subscribes on Stripe's page. */
	CHECKOUT("checkout.sessions", "Checkout Sessions", Access.WRITE, "pages on which a customer subscribes",
			(stripe) -> stripe.v1().checkout().sessions().list(SessionListParams.builder().setLimit(1L).build()),
			(stripe) -> stripe.v1().checkout().sessions().expire("cs_test_" + Names.NONE)),

	/** A customer leaves a card on the agency's page. */
	SETUP_INTENTS("setup_intents", "SetupIntents", Access.WRITE, "cards that are entered on a page of yours",
			(stripe) -> stripe.v1().setupIntents().list(SetupIntentListParams.builder().setLimit(1L).build()),
			(stripe) -> stripe.v1().setupIntents().cancel("seti_" + Names.NONE)),

	/** A customer sees invoices on Stripe's page. */
	BILLING_PORTAL("billing_portal.sessions", "Customer portal", Access.WRITE,
			"pages on which a customer sees invoices and changes the card", null,
			(stripe) -> stripe.v1()
				.billingPortal()
				.sessions()
				.create(com.stripe.param.billingportal.SessionCreateParams.builder().build())),

	/** Events are read back. */
	EVENTS("events", "Events", Access.READ, "reading what Stripe tells later",
			(stripe) -> stripe.v1().events().list(EventListParams.builder().setLimit(1L).build()), null),

	/** Webhook endpoints are registered. */
	WEBHOOK_ENDPOINTS("webhook_endpoints", "Webhook Endpoints", Access.WRITE,
			"registering the gateway's webhooks from here",
			(stripe) -> stripe.v1().webhookEndpoints().list(WebhookEndpointListParams.builder().setLimit(1L).build()),
			(stripe) -> stripe.v1()
				.webhookEndpoints()
				.update("we_" + Names.NONE, WebhookEndpointUpdateParams.builder().build())),

	/**
	 * What Stripe says later about usage goes to an event destination of its newer API.
	 */
	EVENT_DESTINATIONS("event_destinations", "Event Destinations", Access.WRITE,
			"being told from here of usage that Stripe refuses later",
			(stripe) -> stripe.v2()
				.core()
				.eventDestinations()
				.list(EventDestinationListParams.builder().setLimit(1L).build()),
			(stripe) -> stripe.v2().core().eventDestinations().disable("ed_test_" + Names.NONE));

	private final String resource;

	private final String dashboardName;

	private final Access access;

	private final String neededFor;

	/** A probe is code alone, so the enum is as immutable as it should be. */
	@SuppressWarnings("ImmutableEnumChecker")
	private final @Nullable Probe read;

	@SuppressWarnings("ImmutableEnumChecker")
	private final @Nullable Probe write;

	StripePermission(String resource, String dashboardName, Access access, String neededFor, @Nullable Probe read,
			@Nullable Probe write) {
		this.resource = resource;
		this.dashboardName = dashboardName;
		this.access = access;
		this.neededFor = neededFor;
		this.read = read;
		this.write = write;
	}

	/** How much of it is needed; the right to write implies the one to read. */
	public enum Access {

		READ("Read"), WRITE("Write");

		private final String word;

		Access(String word) {
			this.word = word;
		}

		/** As the Dashboard writes it. */
		public String word() {
			return this.word;
		}

	}

	/** A harmless call that only who has the right gets past. */
	@FunctionalInterface
	interface Probe {

		StripeObjectInterface on(StripeClient stripe) throws StripeException;

	}

	/** Stripe's word for what it is about ("billing.meters"). */
	public String resource() {
		return this.resource;
	}

	/** What the Dashboard calls it where keys are edited. */
	public String dashboardName() {
		return this.dashboardName;
	}

	/** How much of it is needed. */
	public Access access() {
		return this.access;
	}

	/** For what it is needed. */
	public String neededFor() {
		return this.neededFor;
	}

	/** What a person does who wants to grant it. */
	public String fix() {
		return "In Stripe's Dashboard, under API keys, edit this restricted key and set '" + this.dashboardName
				+ "' to " + this.access.word();
	}

	@Nullable Probe read() {
		return this.read;
	}

	@Nullable Probe write() {
		return this.write;
	}

	/** Kept apart because an enum's constants come before its own fields. */
	private static final class Names {

		/** The end of an id that nothing has. */
		static final String NONE = "tallygate_asks_for_rights";

	}

}
