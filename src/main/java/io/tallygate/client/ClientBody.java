package io.tallygate.client;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

import io.tallygate.core.Faults;
import io.tallygate.core.Problem;
import io.tallygate.provider.ModelPattern;
import org.jspecify.annotations.Nullable;

/**
 * All that the contract lets be said of a client, at its creation or in a change. The
 * fields are explained at {@link ClientSettings}; the others name what the client starts
 * with, or are known and refused, because their effect is not built yet.
 */
record ClientBody(@Nullable String nickname, @Nullable Platform platform, @Nullable String channelId,
		@Nullable String channelName, @Nullable String ghlLocationId, @Nullable String stripeCustomerId,
		@Nullable CustomerBody createCustomer, @Nullable String stripeProductId, @Nullable String stripePriceId,
		@Nullable ChargeBy chargeBy, @Nullable Long billingUnit, @Nullable Report report,
		@Nullable Instant billingStartsAt, @Nullable CapsBody caps, @Nullable RateLimitBody rateLimit,
		@Nullable List<String> modelsAllowed, @Nullable OnDisconnect onDisconnect,
		@Nullable OnMissingUsage onMissingUsage, @Nullable MessageCounts messageCounts, @Nullable Boolean replay,
		@Nullable OnEpochClose onEpochClose, @Nullable WeightsBody tokenWeights, @Nullable Boolean createSubscription) {

	static final int TEXT_LENGTH_MAX = 200;

	private static final int MODELS_MAX = 200;

	private static final long BILLING_UNIT_DEFAULT = 1000;

	static ClientBody of(ClientSettings settings) {
		StripeGuard.StripeChoice stripe = settings.stripe();
		ChargePolicy policy = settings.policy();
		return new ClientBody(settings.nickname(), Platform.API, null, null, null,
				(stripe != null) ? stripe.customer() : null, null, (stripe != null) ? stripe.product() : null,
				(stripe != null) ? stripe.price() : null, policy.chargeBy(), policy.billingUnit(), policy.report(),
				null, CapsBody.of(settings.limits()), RateLimitBody.of(settings.limits()), settings.modelsAllowed(),
				settings.onDisconnect(), settings.onMissingUsage(), null, null, settings.onEpochClose(),
				WeightsBody.of(policy.weights()), null);
	}

	/** What is set, with defaults for what is absent; a 422 that names all faults. */
	ClientSettings settings() {
		refuseUnbuilt();
		Faults faults = new Faults();
		String checkedNickname = faults.text("/nickname", this.nickname, TEXT_LENGTH_MAX);
		StripeGuard.StripeChoice stripe = stripe(faults);
		ChargePolicy policy = policy(faults, hasStripe());
		List<String> models = (this.modelsAllowed != null) ? this.modelsAllowed : List.of();
		checkModels(models, faults);
		Limits limits = limits(faults);
		faults.throwIfAny();
		return new ClientSettings(checkedNickname, stripe, policy, limits, models,
				(this.onDisconnect != null) ? this.onDisconnect : OnDisconnect.DRAIN,
				(this.onMissingUsage != null) ? this.onMissingUsage : OnMissingUsage.ESTIMATE,
				(this.onEpochClose != null) ? this.onEpochClose : OnEpochClose.DROP);
	}

	/**
	 * What is to be made at Stripe before the client can be billed; empty where all is
	 * there.
	 */
	Optional<StripeGuard.Wanted> wanted() {
		boolean subscribes = Boolean.TRUE.equals(this.createSubscription);
		if (this.createCustomer == null && !subscribes) {
			return Optional.empty();
		}
		Faults faults = new Faults();
		faults.unless(this.createCustomer == null || this.stripeCustomerId == null, "/create_customer",
				"Give stripe_customer_id or create_customer, not both");
		faults.unless(this.createCustomer != null || this.stripeCustomerId != null, "/create_subscription",
				"create_subscription needs a stripe_customer_id or create_customer");
		StripeGuard.CustomerToMake customer = (this.createCustomer != null)
				? this.createCustomer.checked(faults, "/create_customer") : null;
		String price = faults.text("/stripe_price_id", this.stripePriceId, TEXT_LENGTH_MAX);
		String product = faults.optionalText("/stripe_product_id", this.stripeProductId, TEXT_LENGTH_MAX);
		faults.throwIfAny();
		if (!subscribes) {
			throw unsubscribed();
		}
		return Optional.of(new StripeGuard.Wanted(customer, this.stripeCustomerId, product, price, subscribes));
	}

	/** Refused as a customer is that Stripe knows to have no subscription. */
	private static Problem unsubscribed() {
		String message = "A new customer has no subscription yet, and usage would never be billed: "
				+ "set create_subscription to true";
		return new Problem(422, "price_mode_mismatch", message,
				List.of(new Problem.Field("/create_subscription", message)));
	}

	private boolean hasStripe() {
		return this.createCustomer != null || this.stripeCustomerId != null || this.stripeProductId != null
				|| this.stripePriceId != null;
	}

	private StripeGuard.@Nullable StripeChoice stripe(Faults faults) {
		if (!hasStripe() || this.createCustomer != null) {
			return null;
		}
		String customer = faults.text("/stripe_customer_id", this.stripeCustomerId, TEXT_LENGTH_MAX);
		String price = faults.text("/stripe_price_id", this.stripePriceId, TEXT_LENGTH_MAX);
		String product = faults.optionalText("/stripe_product_id", this.stripeProductId, TEXT_LENGTH_MAX);
		return new StripeGuard.StripeChoice(customer, product, price);
	}

	/** Who is billed must say by what; who is only metered may leave it to us. */
	private ChargePolicy policy(Faults faults, boolean billed) {
		faults.unless(!billed || this.chargeBy != null, "/charge_by", "charge_by is required: tokens or messages");
		faults.unless(!billed || this.billingUnit != null, "/billing_unit", "billing_unit is required, at least 1");
		faults.unless(!billed || this.report != null, "/report", "report is required: units or usage");
		long unit = (this.billingUnit != null) ? this.billingUnit : BILLING_UNIT_DEFAULT;
		boolean unitHolds = unit >= 1 && unit <= ChargePolicy.BILLING_UNIT_MAX;
		faults.unless(unitHolds, "/billing_unit",
				"billing_unit must be at least 1 and at most " + ChargePolicy.BILLING_UNIT_MAX + " but was " + unit);
		TokenWeights weights = (this.tokenWeights != null) ? this.tokenWeights.weights(faults) : TokenWeights.ONE;
		return new ChargePolicy((this.chargeBy != null) ? this.chargeBy : ChargeBy.TOKENS,
				unitHolds ? unit : BILLING_UNIT_DEFAULT, (this.report != null) ? this.report : Report.UNITS, weights);
	}

	private Limits limits(Faults faults) {
		CapsBody quantities = (this.caps != null) ? this.caps : new CapsBody(null, null);
		RateLimitBody rates = (this.rateLimit != null) ? this.rateLimit : new RateLimitBody(null, null);
		return new Limits(quantities.soft(faults), quantities.hard(faults), rates.requests(faults),
				rates.tokens(faults));
	}

	private static void checkModels(List<String> patterns, Faults faults) {
		faults.unless(patterns.size() <= MODELS_MAX, "/models_allowed",
				"models_allowed must have at most " + MODELS_MAX + " patterns");
		for (int i = 0; i < patterns.size(); i++) {
			String pointer = "/models_allowed/" + i;
			String pattern = faults.text(pointer, patterns.get(i), TEXT_LENGTH_MAX);
			try {
				new ModelPattern(pattern.isEmpty() ? "*" : pattern);
			}
			catch (IllegalArgumentException ex) {
				faults.add(pointer, String.valueOf(ex.getMessage()));
			}
		}
	}

	private void refuseUnbuilt() {
		refuseIf(this.platform == Platform.GOHIGHLEVEL, "/platform");
		refuseIf(this.ghlLocationId != null, "/ghl_location_id");
		refuseIf(this.billingStartsAt != null, "/billing_starts_at");
		refuseIf(this.messageCounts == MessageCounts.FINAL_ANSWER, "/message_counts");
		refuseIf(Boolean.TRUE.equals(this.replay), "/replay");
	}

	private static void refuseIf(boolean isSet, String pointer) {
		if (isSet) {
			throw Problem.notSupportedYet(pointer);
		}
	}

}
