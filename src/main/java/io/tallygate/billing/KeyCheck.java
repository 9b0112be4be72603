package io.tallygate.billing;

import java.util.List;

import io.tallygate.agency.StripeConnection.KeyKind;
import io.tallygate.core.Problem;
import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;

/**
 * What a Stripe key says about itself before Stripe is asked: whether it is one that can
 * bill at all, how much it may do, and whether real money moves.
 *
 * @param key the key
 * @param kind how much it may do
 * @param livemode whether real money moves
 */
record KeyCheck(Secret key, KeyKind kind, boolean livemode) {

	private static final String POINTER = "/secret_key";

	private static final int LENGTH_MAX = 255;

	/**
	 * The key behind what was entered, or a 422 that names what was entered by its kind.
	 * @param sandbox whether live keys are refused
	 */
	static KeyCheck of(@Nullable String entered, boolean sandbox) {
		String text = (entered != null) ? entered.strip() : "";
		if (text.isEmpty()) {
			throw rejected("secret_key is missing: give a restricted key (rk_…) or a secret key (sk_…)");
		}
		String wrong = wrongKind(text);
		if (wrong != null) {
			throw rejected(
					"This is " + wrong + ", which cannot bill: give a restricted key (rk_…) or a secret key (sk_…)");
		}
		boolean livemode = text.startsWith("sk_live_") || text.startsWith("rk_live_");
		if (livemode && sandbox) {
			throw new Problem(422, "live_key_in_sandbox",
					"This is a live key, and the sandbox's usage is made up: give a test key, or leave the sandbox");
		}
		return new KeyCheck(Secret.of(text), text.startsWith("rk_") ? KeyKind.RESTRICTED : KeyKind.SECRET, livemode);
	}

	static Problem rejected(String message) {
		return new Problem(422, "stripe_key_rejected", message, List.of(new Problem.Field(POINTER, message)));
	}

	private static @Nullable String wrongKind(String text) {
		if (text.startsWith("pk_")) {
			return "a publishable key (pk_…)";
		}
		if (text.startsWith("whsec_")) {
			return "a webhook signing secret (whsec_…)";
		}
		if (text.startsWith("sk_org_")) {
			return "a key of an organisation (sk_org_…), not of one account";
		}
		if (text.startsWith("ek_")) {
			return "an ephemeral key (ek_…)";
		}
		if (text.startsWith("acct_")) {
			return "an account id (acct_…)";
		}
		return text.matches("[sr]k_(live|test)_[!-~]+") && text.length() <= LENGTH_MAX ? null : "no Stripe API key";
	}

}
