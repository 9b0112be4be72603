package io.tallygate.sandbox.stripe;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/checkout/sessions}: a page of Stripe's on which a customer subscribes, or
 * leaves a card.
 */
final class CheckoutSessionResource {

	static final String KIND = "checkout.session";

	/** Where the pages are, below this Stripe's own address. */
	static final String PAGES = "/pay/";

	private static final String URL = "/v1/checkout/sessions";

	private static final String READ = "rak_checkout_session_read";

	private static final String WRITE = "rak_checkout_session_write";

	private static final Duration LIFE = Duration.ofHours(24);

	private static final Allowed CREATE = Allowed.of("allow_promotion_codes", "automatic_tax[**]",
			"billing_address_collection", "cancel_url", "client_reference_id", "currency", "customer", "customer_email",
			"customer_update[**]", "expires_at", "line_items[][price]", "line_items[][quantity]", "locale",
			"metadata[*]", "mode", "payment_method_collection", "payment_method_types[]", "return_url",
			"setup_intent_data[**]", "subscription_data[**]", "success_url", "tax_id_collection[**]", "ui_mode");

	private static final Allowed LIST = Allowed.of("limit", "starting_after", "ending_before", "customer",
			"subscription", "status", "created", "created[**]");

	List<Route> routes() {
		return List.of(new Route("POST", URL, WRITE, CREATE, CheckoutSessionResource::create),
				new Route("GET", URL, READ, LIST, CheckoutSessionResource::list),
				new Route("GET", URL + "/{id}", READ, Allowed.of(), CheckoutSessionResource::session),
				new Route("POST", URL + "/{id}/expire", WRITE, Allowed.of(), CheckoutSessionResource::expire));
	}

	private static ObjectNode create(Call call) {
		Params params = call.params();
		params.required("mode", 20);
		String mode = params.choice("mode", "setup", "subscription");
		boolean subscribes = "subscription".equals(mode);
		String customer = params.text("customer");
		if (customer != null) {
			call.named(CustomerResource.KIND, "customer", customer, "customer");
		}
		String success = params.required("success_url", 5_000);
		if (!success.matches("https?://.+")) {
			throw StripeProblem.invalid("url_invalid", "success_url", "Not a valid URL");
		}
		params.choice("ui_mode", "hosted_page", "embedded_page", "elements", "form");
		ObjectNode session = call.create(KIND, "cs_test_");
		String id = Json.text(session, "id");
		session.putObject("automatic_tax")
			.put("enabled", Boolean.TRUE.equals(params.child("automatic_tax").flag("enabled")));
		session.put("amount_subtotal", 0)
			.put("amount_total", 0)
			.put("cancel_url", params.text("cancel_url"))
			.put("client_reference_id", params.text("client_reference_id"))
			.put("customer", customer)
			.put("customer_email", params.text("customer_email"))
			.put("expires_at", call.now().plus(LIFE).getEpochSecond());
		session.putObject("metadata");
		session.put("mode", mode)
			.put("payment_status", subscribes ? "unpaid" : "no_payment_required")
			.put("setup_intent",
					subscribes ? null : Json.text(call.save(SetupIntentResource.fresh(call, customer)), "id"))
			.put("status", "open")
			.putNull("subscription")
			.put("success_url", success)
			.put("ui_mode", "hosted_page")
			.put("url", call.origin() + PAGES + id);
		call.mergeMetadata(session);
		if (subscribes) {
			session.put("currency", currency(call));
			session.put(FORM, subscriptionForm(call));
		}
		return shown(call.save(session));
	}

	/** How the subscription will be asked for; ours, never shown. */
	private static final String FORM = "sandbox_form";

	private static String currency(Call call) {
		List<Params> items = call.params().children("line_items");
		if (items.isEmpty()) {
			throw StripeProblem.invalid("parameter_missing", "line_items",
					"You must provide line_items in subscription mode.");
		}
		return items.stream()
			.map((item) -> Json.text(NewSubscription.price(call, item), "currency"))
			.distinct()
			.reduce((one, other) -> {
				throw StripeProblem.invalid(null, "line_items", "All prices must have the same currency.");
			})
			.orElseThrow();
	}

	private static String subscriptionForm(Call call) {
		StringBuilder form = new StringBuilder();
		List<Params> items = call.params().children("line_items");
		for (int i = 0; i < items.size(); i++) {
			form.append("&items[").append(i).append("][price]=").append(encoded(items.get(i).text("price", "")));
			String quantity = items.get(i).text("quantity");
			if (quantity != null) {
				form.append("&items[").append(i).append("][quantity]=").append(encoded(quantity));
			}
		}
		call.params()
			.child("subscription_data")
			.leaves()
			.forEach((name, value) -> form.append('&').append(name).append('=').append(encoded(value)));
		if (Boolean.TRUE.equals(call.params().child("automatic_tax").flag("enabled"))) {
			form.append("&automatic_tax[enabled]=true");
		}
		return form.substring(1);
	}

	private static String encoded(String text) {
		return URLEncoder.encode(text, StandardCharsets.UTF_8);
	}

	/** The customer confirms with this card: subscribes, or leaves it. */
	static ObjectNode complete(Call call, String card) {
		ObjectNode session = open(call);
		String customer = session.path("customer").stringValue(null);
		ObjectNode method = PaymentMethods.named(call, card, "payment_method");
		if (customer == null) {
			customer = guest(call, session.path("customer_email").stringValue(null));
		}
		call.save(method);
		PaymentMethods.attach(call, method, customer);
		String methodId = Json.text(method, "id");
		if (Json.text(session, "mode").equals("setup")) {
			String intent = Json.text(session, "setup_intent");
			ObjectNode kept = Objects.requireNonNull(call.find(intent), intent).deepCopy();
			call.emit("setup_intent.succeeded", call
				.save(kept.put("customer", customer).put("payment_method", methodId).put("status", "succeeded")));
		}
		else {
			Params asked = Params.parse(Json.text(session, FORM),
					"customer=" + customer + "&default_payment_method=" + methodId);
			ObjectNode subscription = NewSubscription.from(call.with(asked));
			call.emit("customer.subscription.created", SubscriptionResource.render(call, call.save(subscription)));
			session.put("subscription", Json.text(subscription, "id")).put("payment_status", "paid");
		}
		session.put("status", "complete").put("customer", customer);
		return call.emit("checkout.session.completed", shown(call.save(session)));
	}

	private static String guest(Call call, @Nullable String email) {
		ObjectNode guest = CustomerResource
			.create(call.with(Params.parse((email != null) ? "email=" + encoded(email) : "name=Guest")));
		return Json.text(guest, "id");
	}

	private static ObjectNode expire(Call call) {
		return call.emit("checkout.session.expired", shown(call.save(open(call).put("status", "expired"))));
	}

	private static ObjectNode open(Call call) {
		ObjectNode session = call.subject(KIND, "checkout.session");
		if (!Json.text(session, "status").equals("open")
				|| session.path("expires_at").asLong() <= call.now().getEpochSecond()) {
			throw StripeProblem.invalid(null, null, "This Checkout Session is not open any more.");
		}
		return session;
	}

	private static ObjectNode session(Call call) {
		return shown(call.subject(KIND, "checkout.session"));
	}

	private static ObjectNode list(Call call) {
		return Listing.page(call, URL,
				call.account()
					.all(KIND)
					.stream()
					.filter((session) -> List.of("customer", "subscription", "status")
						.stream()
						.allMatch((field) -> Listing.matches(call.params(), field, session)))
					.filter((session) -> Listing.isCreatedWithin(call.params(), session))
					.map(CheckoutSessionResource::shown)
					.toList());
	}

	private static ObjectNode shown(ObjectNode kept) {
		ObjectNode shown = kept.deepCopy();
		shown.remove(FORM);
		if (!Json.text(shown, "status").equals("open")) {
			shown.putNull("url");
		}
		return shown;
	}

}
