package io.tallygate.client;

import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * What an agency has decided about a client.
 *
 * @param nickname the agency's name for it
 * @param stripe whom Stripe bills, at which price; {@code null} means metered only
 * @param policy how use becomes quantity and units
 * @param limits how much it may use
 * @param modelsAllowed patterns; empty means all
 * @param onDisconnect what becomes of an answer whose client hung up
 * @param onMissingUsage what an answer without usage costs
 * @param onEpochClose what becomes of an incomplete unit that cannot be carried on
 */
record ClientSettings(String nickname, StripeGuard.@Nullable StripeChoice stripe, ChargePolicy policy, Limits limits,
		List<String> modelsAllowed, OnDisconnect onDisconnect, OnMissingUsage onMissingUsage,
		OnEpochClose onEpochClose) {

	ClientSettings {
		modelsAllowed = List.copyOf(modelsAllowed);
	}

	/** The same, billed so. */
	ClientSettings billed(StripeGuard.StripeChoice choice) {
		return new ClientSettings(this.nickname, choice, this.policy, this.limits, this.modelsAllowed,
				this.onDisconnect, this.onMissingUsage, this.onEpochClose);
	}

	/**
	 * Whether {@code next} must be counted apart: totals mean something else under
	 * another policy, and go elsewhere under another price or customer.
	 */
	boolean opensAnEpoch(ClientSettings next) {
		return !this.policy.equals(next.policy) || !java.util.Objects.equals(billedTo(), next.billedTo());
	}

	private @Nullable List<String> billedTo() {
		return (this.stripe != null) ? List.of(this.stripe.customer(), this.stripe.price()) : null;
	}

}
