package io.tallygate.support;

/**
 * Stripe's objects as they come over the wire in the pinned version of its API, with the
 * story's own names: what the stubs answer. Fields that nobody here reads are left out or
 * null; no field has another name or kind than Stripe gives it.
 */
public final class StripeShapes {

	/** A meter that adds up. */
	public static final String METER = """
			{"id": "mtr_alpaca", "object": "billing.meter", "created": 1795564800,
			 "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
			 "default_aggregation": {"formula": "sum"}, "display_name": "Alpaca AI tokens",
			 "event_name": "alpaca_ai_tokens", "event_time_window": null, "livemode": false, "status": "active",
			 "status_transitions": {"deactivated_at": null}, "updated": 1795564800,
			 "value_settings": {"event_payload_key": "value"}}""";

	/** A session of the meter event stream. */
	public static final String STREAM_SESSION = """
			{"id": "mes_alpaca", "object": "v2.billing.meter_event_session", "authentication_token": "token_alpaca",
			 "created": "2026-11-25T00:00:00.000Z", "expires_at": "2099-11-25T00:15:00.000Z", "livemode": false}""";

	/** A product. */
	public static final String PRODUCT = """
			{"id": "prod_alpaca", "object": "product", "active": true, "created": 1795564800, "default_price": null,
			 "description": "AI by use", "images": [], "livemode": false, "marketing_features": [], "metadata": {},
			 "name": "Alpaca AI", "package_dimensions": null, "shippable": null, "statement_descriptor": null,
			 "tax_code": null, "type": "service", "unit_label": null, "updated": 1795564800, "url": null}""";

	/** 4 cents for a thousand, begun thousands too, with its product. */
	public static final String PRICE = """
			{"id": "price_alpaca", "object": "price", "active": true, "billing_scheme": "per_unit",
			 "created": 1795564800, "currency": "usd", "custom_unit_amount": null, "livemode": false,
			 "lookup_key": null, "metadata": {}, "nickname": null, "product": %s,
			 "recurring": {"interval": "month", "interval_count": 1, "meter": "mtr_alpaca", "trial_period_days": null,
			   "usage_type": "metered"},
			 "tax_behavior": "exclusive", "tiers_mode": null, "transform_quantity": {"divide_by": 1000, "round": "up"},
			 "type": "recurring", "unit_amount": 4, "unit_amount_decimal": "4"}""".formatted(PRODUCT);

	/** A customer who was never billed. */
	public static final String CUSTOMER = """
			{"id": "cus_acme", "object": "customer", "address": null, "balance": 0, "created": 1795564800,
			 "currency": null, "default_source": null, "delinquent": false, "description": null, "discount": null,
			 "email": "billing@acme.example", "invoice_prefix": "ACME1",
			 "invoice_settings": {"custom_fields": null, "default_payment_method": null, "footer": null,
			   "rendering_options": null},
			 "livemode": false, "metadata": {}, "name": "Acme Dental", "next_invoice_sequence": 1, "phone": null,
			 "preferred_locales": [], "shipping": null, "tax_exempt": "none", "test_clock": null}""";

	/** A card in the making. */
	public static final String SETUP_INTENT = """
			{"id": "seti_acme", "object": "setup_intent", "application": null, "automatic_payment_methods": null,
			 "cancellation_reason": null, "client_secret": "seti_acme_secret_1", "created": 1795564800,
			 "customer": "cus_acme", "description": null, "flow_directions": null, "last_setup_error": null,
			 "latest_attempt": null, "livemode": false, "mandate": null, "metadata": {}, "next_action": null,
			 "on_behalf_of": null, "payment_method": null, "payment_method_options": null,
			 "payment_method_types": ["card"], "single_use_mandate": null, "status": "requires_payment_method",
			 "usage": "off_session"}""";

	/** Acme's subscription to the price, without a card yet. */
	public static final String SUBSCRIPTION = """
			{"id": "sub_acme", "object": "subscription", "application": null,
			 "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null},
			 "billing_cycle_anchor": 1798243200, "billing_mode": {"type": "flexible", "flexible": null},
			 "cancel_at": null, "cancel_at_period_end": false, "canceled_at": null,
			 "collection_method": "charge_automatically", "created": 1795564830, "currency": "usd",
			 "customer": "cus_acme", "days_until_due": null, "default_payment_method": null, "description": null,
			 "ended_at": null,
			 "items": {"object": "list", "has_more": false, "url": "/v1/subscription_items?subscription=sub_acme",
			   "data": [{"id": "si_acme", "object": "subscription_item", "created": 1795564830,
			     "current_period_end": 1798243200, "current_period_start": 1795564830, "discounts": [],
			     "metadata": {}, "price": %s, "subscription": "sub_acme", "tax_rates": []}]},
			 "latest_invoice": null, "livemode": false, "metadata": {}, "pending_setup_intent": %s,
			 "start_date": 1795564830, "status": "active", "test_clock": null, "trial_end": null, "trial_start": null}"""
		.formatted(PRICE.replace(PRODUCT, "\"prod_alpaca\""), SETUP_INTENT);

	/** A page to subscribe on. */
	public static final String CHECKOUT = """
			{"id": "cs_test_acme", "object": "checkout.session", "amount_subtotal": 0, "amount_total": 0,
			 "automatic_tax": {"enabled": false, "liability": null, "provider": null, "status": null},
			 "cancel_url": "https://agency.example/back", "client_reference_id": null, "client_secret": null,
			 "created": 1795564800, "currency": "usd", "customer": "cus_acme", "customer_email": null,
			 "expires_at": 1795651200, "livemode": false, "metadata": {}, "mode": "subscription",
			 "payment_intent": null, "payment_method_types": ["card"], "payment_status": "unpaid",
			 "setup_intent": null, "status": "open", "subscription": null,
			 "success_url": "https://agency.example/done", "ui_mode": "hosted_page",
			 "url": "https://checkout.stripe.com/c/pay/cs_test_acme"}""";

	/** A page to see invoices on. */
	public static final String PORTAL_SESSION = """
			{"id": "bps_acme", "object": "billing_portal.session", "configuration": "bpc_1", "created": 1795564800,
			 "customer": "cus_acme", "flow": null, "livemode": false, "locale": null, "on_behalf_of": null,
			 "return_url": "https://agency.example", "url": "https://billing.stripe.com/p/session/test_acme"}""";

	private StripeShapes() {
	}

	/** A list of these. */
	public static String list(boolean hasMore, String... data) {
		return "{\"object\": \"list\", \"url\": \"/v1/x\", \"has_more\": " + hasMore + ", \"data\": ["
				+ String.join(",", data) + "]}";
	}

	/** A refusal. */
	public static String error(String code, String param, String message) {
		return "{\"error\": {\"type\": \"" + (code.equals("idempotency_error") ? code : "invalid_request_error") + "\""
				+ (code.isEmpty() || code.equals("idempotency_error") ? "" : ", \"code\": \"" + code + "\"")
				+ (param.isEmpty() ? "" : ", \"param\": \"" + param + "\"") + ", \"message\": \"" + message + "\"}}";
	}

}
