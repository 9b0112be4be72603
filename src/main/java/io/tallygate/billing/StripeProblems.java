package io.tallygate.billing;

import java.util.List;
import java.util.Map;

import io.tallygate.core.AdminRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.SecretBox;
import io.tallygate.stripe.StripeProblem;
import org.jspecify.annotations.Nullable;

/** What a caller of the admin API is told when Stripe did not do what was asked. */
final class StripeProblems {

	/** Where our fields stand that become Stripe's parameters. */
	private static final Map<String, String> POINTERS = Map.ofEntries(Map.entry("customer", "/customer_id"),
			Map.entry("items[0][price]", "/price_id"), Map.entry("line_items[0][price]", "/price_id"),
			Map.entry("price", "/price_id"), Map.entry("product", "/product_id"),
			Map.entry("product_data[name]", "/product_name"), Map.entry("recurring[meter]", "/meter_id"),
			Map.entry("recurring[interval]", "/interval"), Map.entry("transform_quantity[divide_by]", "/package_size"),
			Map.entry("automatic_tax[enabled]", "/automatic_tax"), Map.entry("starting_after", "/starting_after"),
			Map.entry("ending_before", "/ending_before"));

	private static final List<String> SAME = List.of("event_name", "display_name", "name", "description", "email",
			"currency", "unit_amount", "unit_amount_decimal", "tax_behavior", "success_url", "cancel_url", "return_url",
			"address", "url");

	private static final Map<String, String> MISSING = Map.of("/customer_id", "stripe_customer_not_found", "/price_id",
			"stripe_price_not_found", "/product_id", "stripe_product_not_found", "/meter_id", "stripe_meter_not_found");

	private StripeProblems() {
	}

	/**
	 * The same trouble in the admin API's words; what is no trouble with Stripe stays.
	 */
	static Throwable told(Throwable trouble) {
		if (trouble instanceof SecretBox.CannotOpen sealed) {
			return new Problem(422, "stripe_key_sealed", String.valueOf(sealed.getMessage()));
		}
		return (trouble instanceof StripeProblem problem) ? told(problem) : trouble;
	}

	/** The same, of a request that makes something: a call without an answer may have. */
	static Throwable told(Throwable trouble, AdminRequest request) {
		boolean isUnknown = trouble instanceof StripeProblem problem && switch (problem.kind()) {
			case FAILED, UNANSWERED -> true;
			default -> false;
		};
		if (!isUnknown || !(told(trouble) instanceof Problem told)) {
			return told(trouble);
		}
		return new Problem(told.status(), told.code(),
				told.getMessage() + (request.isRepeatable()
						? ". Repeat the request with the same Idempotency-Key: what it may have made is found again"
						: ". It may have been made all the same: look before you repeat the request, "
								+ "and send an Idempotency-Key to make repeats safe"));
	}

	private static Problem told(StripeProblem problem) {
		return switch (problem.kind()) {
			case NOT_CONNECTED -> new Problem(422, "stripe_not_connected",
					problem.reason() + ": connect Stripe with PUT /admin/v1/stripe_connection");
			case NOT_SENT, BUSY -> new Problem(503, "stripe_busy", problem.reason());
			case KEY_REFUSED -> problem.isPermission()
					? new Problem(422, "stripe_permission_missing",
							"The agency's Stripe key may not do this: " + problem.reason()
									+ " Edit the key in Stripe's Dashboard under API keys, or enter another one")
					: new Problem(422, "stripe_key_rejected", "Stripe refuses the agency's key: " + problem.reason());
			case NOT_FOUND -> missing(problem);
			case REFUSED -> new Problem(422, "stripe_refused", problem.reason(), fields(problem));
			case FAILED -> new Problem(502, "stripe_unavailable", "Stripe failed: " + problem.reason());
			case UNANSWERED -> new Problem(502, "stripe_unavailable", problem.reason());
		};
	}

	/** What a body names and Stripe does not know is a fault of the body. */
	private static Problem missing(StripeProblem problem) {
		String pointer = pointer(problem.param());
		String code = (pointer != null) ? MISSING.get(pointer) : null;
		return (code != null) ? new Problem(422, code, problem.reason() + " in the connected Stripe account and mode",
				fields(problem)) : new Problem(404, "not_found", problem.reason());
	}

	private static List<Problem.Field> fields(StripeProblem problem) {
		String pointer = pointer(problem.param());
		return (pointer != null) ? List.of(new Problem.Field(pointer, problem.reason())) : List.of();
	}

	private static @Nullable String pointer(String param) {
		return SAME.contains(param) ? "/" + param : POINTERS.get(param);
	}

}
