package io.tallygate.billing;

import io.tallygate.core.Problem;
import io.tallygate.core.SecretBox;
import io.tallygate.stripe.StripeProblem;

/** What a caller of the admin API is told when Stripe did not do what was asked. */
final class StripeProblems {

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

	private static Problem told(StripeProblem problem) {
		return switch (problem.kind()) {
			case NOT_CONNECTED -> new Problem(422, "stripe_not_connected",
					problem.reason() + ": connect Stripe with PUT /admin/v1/stripe_connection");
			case NOT_SENT, BUSY -> new Problem(503, "stripe_busy", problem.reason());
			case KEY_REFUSED ->
				new Problem(422, "stripe_key_rejected", "Stripe refuses the agency's key: " + problem.reason());
			case NOT_FOUND -> new Problem(404, "not_found", problem.reason());
			case REFUSED -> new Problem(422, "stripe_refused", problem.reason());
			case FAILED -> new Problem(502, "stripe_unavailable", "Stripe failed: " + problem.reason());
			case UNANSWERED -> new Problem(502, "stripe_unavailable", problem.reason());
		};
	}

}
