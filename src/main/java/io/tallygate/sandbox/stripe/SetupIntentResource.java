package io.tallygate.sandbox.stripe;

import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/setup_intents}: the promise of a card that nobody will ever enter here. */
final class SetupIntentResource {

	static final String KIND = "setup_intent";

	private static final String URL = "/v1/setup_intents";

	private static final Allowed CREATE = Allowed.of("customer", "usage", "payment_method_types[]", "metadata[*]",
			"description", "automatic_payment_methods[**]");

	List<Route> routes() {
		return List.of(new Route("POST", URL, "rak_setup_intent_write", CREATE, SetupIntentResource::create),
				new Route("GET", URL + "/{id}", "rak_setup_intent_read", Allowed.of("client_secret"),
						(call) -> call.subject(KIND, "setupintent")));
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
		return call.save(intent);
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
