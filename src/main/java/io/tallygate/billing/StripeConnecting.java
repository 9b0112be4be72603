package io.tallygate.billing;

import java.util.List;
import java.util.Locale;

import io.tallygate.agency.StripeConnection;
import io.tallygate.agency.StripeConnection.KeyKind;
import io.tallygate.agency.StripeConnection.Permission;
import io.tallygate.agency.StripeConnections;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Problem;
import io.tallygate.stripe.StripeAccount;
import io.tallygate.stripe.StripeCatalogue;
import io.tallygate.stripe.StripePermission;
import io.tallygate.stripe.StripeProblem;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Connects an agency to its Stripe account:
 * <ol>
 * <li>the key is looked at, so that a wrong kind of key never leaves the house;</li>
 * <li>Stripe says whose it is, and what it may read;</li>
 * <li>clients that are bound to another account must not be led astray;</li>
 * <li>the key is stored, sealed.</li>
 * </ol>
 */
class StripeConnecting {

	private final StripeConnections connections;

	private final StripeCatalogue catalogue;

	private final boolean sandbox;

	StripeConnecting(StripeConnections connections, StripeCatalogue catalogue, boolean sandbox) {
		this.connections = connections;
		this.catalogue = catalogue;
		this.sandbox = sandbox;
	}

	/** Connects with this key, or puts it in place of the one before. */
	Mono<StripeConnection> connect(AgencyId agency, @Nullable String secretKey, @Nullable String publishableKey) {
		return Mono.defer(() -> {
			KeyCheck check = KeyCheck.of(secretKey, this.sandbox);
			checkPublishable(publishableKey, check.livemode());
			return this.catalogue.account(agency, check.key(), check.kind() == KeyKind.RESTRICTED)
				.onErrorMap(StripeProblem.class, StripeConnecting::rejected)
				.map((account) -> connection(check, account, publishableKey));
		})
			.flatMap((connection) -> this.connections
				.isBoundElsewhere(agency, connection.accountId(), connection.livemode())
				.flatMap((bound) -> bound ? Mono.error(mismatch(connection))
						: this.connections.save(agency, connection).thenReturn(connection)));
	}

	/** What is connected; a 404 without a connection. */
	Mono<StripeConnection> connection(AgencyId agency) {
		return this.connections.find(agency)
			.switchIfEmpty(Mono.error(() -> new Problem(404, "not_found", "Stripe is not connected")))
			.onErrorMap(StripeProblems::told);
	}

	/** Forgets the connection. */
	Mono<Void> disconnect(AgencyId agency) {
		return this.connections.delete(agency);
	}

	private static StripeConnection connection(KeyCheck check, StripeAccount account, @Nullable String publishableKey) {
		List<Permission> permissions = account.access().stream().map(StripeConnecting::permission).toList();
		return new StripeConnection(account.id(), account.name(), check.livemode(), account.defaultCurrency(),
				check.kind(), check.key(), publishableKey, permissions);
	}

	private static Permission permission(StripeAccount.Access access) {
		StripePermission needed = access.permission();
		String refusal = access.refusal();
		return new Permission(needed.resource(), refusal == null,
				(refusal != null) ? needed.fix() + ". Stripe says: " + refusal : null,
				needed.access().name().toLowerCase(Locale.ROOT), needed.neededFor());
	}

	private static void checkPublishable(@Nullable String key, boolean livemode) {
		String mode = livemode ? "live" : "test";
		String other = livemode ? "test" : "live";
		if (key != null && key.startsWith("pk_" + other + "_")) {
			throw Problem.invalid("/publishable_key", "The modes are mixed: secret_key is of " + mode
					+ " mode and publishable_key of " + other + " mode. Give both of one mode");
		}
		if (key != null && !key.startsWith("pk_" + mode + "_")) {
			throw Problem.invalid("/publishable_key",
					"publishable_key must begin with pk_" + mode + "_, like the secret key's mode");
		}
	}

	private static Throwable rejected(StripeProblem problem) {
		if (problem.isPermission()) {
			return KeyCheck.rejected("This key may not even say whose account it opens. In Stripe's Dashboard, under "
					+ "API keys, edit it and set 'Accounts' to Read. Stripe says: " + problem.reason());
		}
		return (problem.kind() == StripeProblem.Kind.KEY_REFUSED)
				? KeyCheck.rejected("Stripe refuses this key: " + problem.reason()) : StripeProblems.told(problem);
	}

	private static Problem mismatch(StripeConnection connection) {
		return new Problem(409, "stripe_account_mismatch",
				"This key opens account " + connection.accountId() + " in " + (connection.livemode() ? "live" : "test")
						+ " mode, but there are clients of another account or mode: the usage of those who are billed "
						+ "would reach customers who do not exist there, and the keys of all say the mode. "
						+ "Enter a key of the same account and mode, or archive those clients first; "
						+ "where none of them is billed, it is enough to remove the connection before");
	}

}
