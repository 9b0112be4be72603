package io.tallygate.sandbox.stripe;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Test cards. {@code pm_card_visa} pays for ever, {@code pm_card_chargeCustomerFail} can
 * be saved and then pays nothing, and {@code pm_card_chargeDeclined} cannot even be
 * saved; each use of one of these names makes a card of its own, as at Stripe.
 */
final class PaymentMethods {

	static final String KIND = "payment_method";

	private static final String VISA = "pm_card_visa";

	private static final String FAILS_LATER = "pm_card_chargeCustomerFail";

	private static final String DECLINED = "pm_card_chargeDeclined";

	private PaymentMethods() {
	}

	/** The card of this id, or a new one where a test card is named. */
	static ObjectNode named(Call call, String id, String param) {
		return switch (id) {
			case VISA -> fresh(call, "4242");
			case FAILS_LATER -> fresh(call, "0341");
			case DECLINED ->
				throw new StripeProblem(402, "card_error", "card_declined", param, "Your card was declined.");
			default -> call.named(KIND, "PaymentMethod", id, param).deepCopy();
		};
	}

	private static ObjectNode fresh(Call call, String last4) {
		ObjectNode method = call.create(KIND, "pm_").put("customer", (String) null).put("type", "card");
		method.putObject("billing_details").putNull("email").putNull("name");
		method.putObject("card")
			.put("brand", "visa")
			.put("exp_month", 12)
			.put("exp_year", call.now().atZone(java.time.ZoneOffset.UTC).getYear() + 3)
			.put("last4", last4);
		method.putObject("metadata");
		return method;
	}

	/** Gives the card to a customer, who pays with it from now on. */
	static ObjectNode attach(Call call, ObjectNode method, String customerId) {
		String owner = method.path("customer").stringValue(null);
		if (owner != null && !owner.equals(customerId)) {
			throw StripeProblem.invalid(null, "payment_method",
					"The payment method you provided has already been attached to a customer.");
		}
		return call.emit("payment_method.attached", call.save(method.put("customer", customerId)));
	}

	/** Whether a charge of this card succeeds. */
	static boolean pays(@Nullable ObjectNode method) {
		return method != null && !Json.text(method.path("card"), "last4").equals("0341");
	}

}
