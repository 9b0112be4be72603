package io.tallygate.agency;

import java.util.List;
import java.util.Locale;

import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;

/**
 * The Stripe account that an agency bills through, and the key that opens it.
 *
 * @param accountId {@code acct_…}
 * @param accountName as the account shows itself
 * @param livemode whether real money moves
 * @param defaultCurrency the account's, lower case
 * @param keyKind how much the key may do
 * @param secretKey restricted or secret, never publishable
 * @param publishableKey {@code pk_…}, if the agency gave it
 * @param permissions what was found when the key was entered
 * @param meterEvents by which way meter events go
 */
public record StripeConnection(String accountId, @Nullable String accountName, boolean livemode,
		@Nullable String defaultCurrency, KeyKind keyKind, Secret secretKey, @Nullable String publishableKey,
		List<Permission> permissions, MeterEventWay meterEvents) {

	public StripeConnection {
		permissions = List.copyOf(permissions);
	}

	/** One whose meter events go one by one. */
	public StripeConnection(String accountId, @Nullable String accountName, boolean livemode,
			@Nullable String defaultCurrency, KeyKind keyKind, Secret secretKey, @Nullable String publishableKey,
			List<Permission> permissions) {
		this(accountId, accountName, livemode, defaultCurrency, keyKind, secretKey, publishableKey, permissions,
				MeterEventWay.V1);
	}

	/** By which of Stripe's ways meter events go. */
	public enum MeterEventWay {

		/** One a call, and each answered for itself. */
		V1,
		/** Many a call, and what is refused of them told later. */
		V2_STREAM;

		/** The name in JSON and in the database: lower case. */
		public String text() {
			return name().toLowerCase(Locale.ROOT);
		}

		/** The way of this name. */
		public static MeterEventWay of(String text) {
			return valueOf(text.toUpperCase(Locale.ROOT));
		}

	}

	/** How much a Stripe key may do. */
	public enum KeyKind {

		/** What was ticked when it was made ({@code rk_…}). */
		RESTRICTED,
		/** Everything ({@code sk_…}). */
		SECRET

	}

	/**
	 * Whether the key has one of the permissions that are needed.
	 *
	 * @param resource Stripe's word ("prices")
	 * @param ok whether it has
	 * @param fix what to do when it has not
	 * @param access how much is needed: read or write
	 * @param neededFor what does not work without it
	 */
	public record Permission(String resource, boolean ok, @Nullable String fix, @Nullable String access,
			@Nullable String neededFor) {
	}

}
