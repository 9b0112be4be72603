package io.tallygate.sandbox.stripe;

import java.util.List;

import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/payment_methods}: the cards that were made by using test cards. */
final class PaymentMethodResource {

	private static final String URL = "/v1/payment_methods";

	private static final Allowed LIST = Allowed.of("limit", "starting_after", "ending_before", "customer", "type");

	List<Route> routes() {
		return List.of(
				new Route("GET", URL, "rak_payment_method_read", LIST,
						(call) -> Listing.page(call, URL,
								call.account()
									.all(PaymentMethods.KIND)
									.stream()
									.filter((method) -> Listing.matches(call.params(), "customer", method))
									.toList())),
				new Route("GET", URL + "/{id}", "rak_payment_method_read", Allowed.of(),
						(call) -> call.subject(PaymentMethods.KIND, "PaymentMethod")),
				new Route("POST", URL + "/{id}/attach", "rak_payment_method_write", Allowed.of("customer"),
						PaymentMethodResource::attach));
	}

	private static ObjectNode attach(Call call) {
		String customer = call.params().required("customer", 100);
		call.named(CustomerResource.KIND, "customer", customer, "customer");
		return PaymentMethods.attach(call, PaymentMethods.named(call, call.pathId(), "payment_method"), customer);
	}

}
