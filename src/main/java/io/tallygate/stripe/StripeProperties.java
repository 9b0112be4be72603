package io.tallygate.stripe;

import java.time.Duration;

import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How Stripe is called.
 *
 * @param apiBase where every key is taken, for tests; unset means Stripe
 * @param sandboxApiBase where the sandbox's own keys (sk_test_sandbox_…) are taken; set
 * by the sandbox, to its built-in fake
 * @param connectTimeout longest wait for a connection
 * @param readTimeout longest silence within an answer; the fate of a call that runs into
 * it is unknown, so too short is worse than too long
 * @param waitMax longest wait of a call for its turn; one that waits longer is not sent
 * @param threads calls at once, over all agencies
 * @param callsPerAccountMax calls at once to one account, so that one that hangs leaves
 * threads for the others
 * @param waitingPerAccountMax calls to one account that may wait for their turn
 * @param queueMax calls that may wait for their turn, over all agencies
 */
@ConfigurationProperties("tallygate.stripe")
record StripeProperties(@Nullable String apiBase, @Nullable String sandboxApiBase,
		@DefaultValue("5s") Duration connectTimeout, @DefaultValue("10s") Duration readTimeout,
		@DefaultValue("10s") Duration waitMax, @DefaultValue("16") int threads,
		@DefaultValue("4") int callsPerAccountMax, @DefaultValue("100") int waitingPerAccountMax,
		@DefaultValue("1000") int queueMax) {

	private static final String STRIPE = "https://api.stripe.com";

	private static final String STREAM = "https://meter-events.stripe.com";

	StripeProperties {
		apiBase = (apiBase != null && !apiBase.isBlank()) ? apiBase : null;
		sandboxApiBase = (sandboxApiBase != null && !sandboxApiBase.isBlank()) ? sandboxApiBase : null;
	}

	/** Where a call with this key goes. */
	String baseFor(Secret key) {
		if (this.apiBase != null) {
			return this.apiBase;
		}
		return (this.sandboxApiBase != null && isOfSandbox(key.reveal())) ? this.sandboxApiBase : STRIPE;
	}

	/** Where a call over the stream of meter events goes: a host of its own at Stripe. */
	String meterEventsBaseFor(Secret key) {
		String base = baseFor(key);
		return base.equals(STRIPE) ? STREAM : base;
	}

	private static boolean isOfSandbox(String key) {
		return key.startsWith("sk_test_sandbox_") || key.startsWith("rk_test_sandbox_");
	}

}
