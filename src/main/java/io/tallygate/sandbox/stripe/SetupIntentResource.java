package io.tallygate.sandbox.stripe;

import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/setup_intents}: the promise of a card. It is kept by confirming it with a
 * test card, over the API or on the page that stands for the agency's own.
 */
final class SetupIntentResource {

	static final String KIND = "setup_intent";

	private static final String URL = "/v1/setup_intents";

	private static final Allowed CREATE = Allowed.of("customer", "usage", "payment_method_types[]", "metadata[*]",
			"description", "automatic_payment_methods[**]");

	private static final Allowed CONFIRM = Allowed.of("payment_method", "return_url", "use_stripe_sdk",
			"mandate_data[**]");

	private static final Allowed LIST = Allowed.of("limit", "starting_after", "ending_before", "customer",
			"payment_method", "created", "created[**]");

	List<Route> routes() {
		return List.of(new Route("POST", URL, "rak_setup_intent_write", CREATE, SetupIntentResource::create),
				new Route("GET", URL, "rak_setup_intent_read", LIST, SetupIntentResource::list),
				new Route("GET", URL + "/{id}", "rak_setup_intent_read", Allowed.of("client_secret"),
						(call) -> call.subject(KIND, "setupintent")),
				new Route("POST", URL + "/{id}/confirm", "rak_setup_intent_write", CONFIRM,
						(call) -> confirm(call, call.params().required("payment_method", 100))),
				new Route("POST", URL + "/{id}/cancel", "rak_setup_intent_write", Allowed.of("cancellation_reason"),
						SetupIntentResource::cancel));
	}

	private static ObjectNode list(Call call) {
		return Listing.page(call, URL,
				call.account()
					.all(KIND)
					.stream()
					.filter((intent) -> Listing.matches(call.params(), "customer", intent))
					.filter((intent) -> Listing.matches(call.params(), "payment_method", intent))
					.filter((intent) -> Listing.isCreatedWithin(call.params(), intent))
					.toList());
	}

	/** Keeps the promise with this card. */
	static ObjectNode confirm(Call call, String card) {
		ObjectNode intent = open(call);
		ObjectNode method = PaymentMethods.named(call, card, "payment_method");
		String customer = intent.path("customer").stringValue(null);
		call.save(method);
		if (customer != null) {
			PaymentMethods.attach(call, method, customer);
		}
		intent.put("status", "succeeded").put("payment_method", Json.text(method, "id"));
		for (ObjectNode subscription : call.account().all(SubscriptionResource.KIND)) {
			if (Json.text(subscription, "pending_setup_intent").equals(Json.text(intent, "id"))) {
				SubscriptionResource.changed(call,
						subscription.deepCopy()
							.putNull("pending_setup_intent")
							.put("default_payment_method", Json.text(method, "id")));
			}
		}
		return call.emit("setup_intent.succeeded", call.save(intent));
	}

	/** The promise is broken: the card was declined. */
	static ObjectNode fail(Call call, StripeProblem declined) {
		ObjectNode intent = open(call);
		intent.putObject("last_setup_error").put("code", "card_declined").put("message", declined.getMessage());
		return call.emit("setup_intent.setup_failed", call.save(intent));
	}

	private static ObjectNode cancel(Call call) {
		return call.emit("setup_intent.canceled", call.save(open(call).put("status", "canceled")));
	}

	private static ObjectNode open(Call call) {
		ObjectNode intent = call.subject(KIND, "setupintent");
		if (!Json.text(intent, "status").equals("requires_payment_method")) {
			throw StripeProblem.invalid("setup_intent_unexpected_state", null,
					"You cannot do this to a SetupIntent whose status is " + Json.text(intent, "status") + ".");
		}
		return intent;
	}

	private static ObjectNode create(Call call) {
		String customer = call.params().text("customer");
		if (customer != null) {
			call.named(CustomerResource.KIND, "customer", customer, "customer");
		}
		ObjectNode intent = fresh(call, customer);
		String usage = call.params().choice("usage", "off_session", "on_session");
		if (usage != null) {
			intent.put("usage", usage);
		}
		call.mergeTexts(intent, "description");
		call.mergeMetadata(intent);
		return call.emit("setup_intent.created", call.save(intent));
	}

	/** An intent that waits for a payment method. */
	static ObjectNode fresh(Call call, @Nullable String customer) {
		ObjectNode intent = call.create(KIND, "seti_");
		intent.put("client_secret", Json.text(intent, "id") + "_secret_" + call.newId(""))
			.put("customer", customer)
			.putNull("description")
			.putNull("last_setup_error")
			.putNull("latest_attempt")
			.putNull("mandate");
		intent.putObject("metadata");
		intent.putNull("next_action").putNull("payment_method").putArray("payment_method_types").add("card");
		return intent.put("status", "requires_payment_method").put("usage", "off_session");
	}

}
