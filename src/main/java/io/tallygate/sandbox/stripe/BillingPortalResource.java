package io.tallygate.sandbox.stripe;

import java.util.List;

import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/billing_portal/sessions}: a page of Stripe's on which a customer sees
 * subscriptions and invoices, and leaves a card.
 */
final class BillingPortalResource {

	static final String KIND = "billing_portal.session";

	/** Where the pages are, below this Stripe's own address. */
	static final String PAGES = "/p/session/";

	private static final Allowed CREATE = Allowed.of("configuration", "customer", "flow_data[**]", "locale",
			"on_behalf_of", "return_url");

	List<Route> routes() {
		return List.of(new Route("POST", "/v1/billing_portal/sessions", "rak_customer_portal_write", CREATE,
				BillingPortalResource::create));
	}

	private static ObjectNode create(Call call) {
		String customer = call.params().required("customer", 100);
		call.named(CustomerResource.KIND, "customer", customer, "customer");
		ObjectNode session = call.create(KIND, "bps_");
		return call.save(session.put("configuration", "bpc_sandbox")
			.put("customer", customer)
			.putNull("flow")
			.put("locale", call.params().text("locale"))
			.putNull("on_behalf_of")
			.put("return_url", call.params().text("return_url"))
			.put("url", call.origin() + PAGES + Json.text(session, "id")));
	}

	/** The customer leaves a card, with which everything is paid from then on. */
	static void addCard(Call call, String customerId, String card) {
		ObjectNode method = PaymentMethods.named(call, card, "payment_method");
		call.save(method);
		PaymentMethods.attach(call, method, customerId);
		ObjectNode customer = call.named(CustomerResource.KIND, "customer", customerId, "customer").deepCopy();
		customer.withObjectProperty("invoice_settings").put("default_payment_method", Json.text(method, "id"));
		call.emit("customer.updated", call.save(customer));
		for (ObjectNode subscription : call.account().all(SubscriptionResource.KIND)) {
			if (Json.text(subscription, "customer").equals(customerId) && !SubscriptionResource.isOver(subscription)) {
				SubscriptionResource.changed(call,
						subscription.deepCopy()
							.put("default_payment_method", Json.text(method, "id"))
							.putNull("pending_setup_intent"));
			}
		}
	}

}
