package io.tallygate.billing;

import java.util.List;
import java.util.Locale;

import io.tallygate.agency.StripeConnection;
import io.tallygate.agency.StripeConnection.Permission;
import io.tallygate.core.Caller;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** The agency's Stripe account. The key goes in and never comes out. */
@RestController
@RequestMapping("/admin/v1/stripe_connection")
class StripeConnectionController {

	private final StripeConnecting connecting;

	StripeConnectionController(StripeConnecting connecting) {
		this.connecting = connecting;
	}

	/** Connects, or changes the key. */
	@PutMapping
	Mono<Shown> put(Caller.OfAgency caller, @RequestBody Entered entered) {
		owner(caller);
		if (entered.webhookSecrets() != null && !entered.webhookSecrets().isEmpty()) {
			throw Problem.notSupportedYet("/webhook_secrets");
		}
		return this.connecting.connect(caller.agency(), entered.secretKey(), entered.publishableKey()).map(Shown::of);
	}

	/** What is connected. */
	@GetMapping
	Mono<Shown> get(Caller.OfAgency caller) {
		return this.connecting.connection(caller.agency()).map(Shown::of);
	}

	/** Forgets the key. What is used from now on accrues. */
	@DeleteMapping
	@ResponseStatus(HttpStatus.NO_CONTENT)
	Mono<Void> delete(Caller.OfAgency caller) {
		owner(caller);
		return this.connecting.disconnect(caller.agency());
	}

	private static void owner(Caller.OfAgency caller) {
		if (caller.role() != Caller.Role.OWNER) {
			throw new Problem(403, "role_not_allowed", "Keys are changed with an admin token whose role is owner");
		}
	}

	/**
	 * What is entered.
	 *
	 * @param secretKey {@code rk_…} or {@code sk_…}
	 * @param publishableKey {@code pk_…}
	 * @param webhookSecrets not supported yet
	 */
	record Entered(@Nullable String secretKey, @Nullable String publishableKey, @Nullable List<String> webhookSecrets) {

		@Override
		public String toString() {
			return "Entered";
		}

	}

	/**
	 * What is shown.
	 *
	 * @param livemode whether real money moves
	 * @param accountId {@code acct_…}
	 * @param accountName as the account shows itself
	 * @param defaultCurrency lower case
	 * @param keyKind restricted or secret
	 * @param permissions what the key may do of what is needed, and how to mend the rest
	 * @param secretKeyLast4 by which a person recognises the key
	 * @param publishableKey {@code pk_…}
	 */
	record Shown(boolean livemode, String accountId, @Nullable String accountName, @Nullable String defaultCurrency,
			String keyKind, List<Permission> permissions, String secretKeyLast4, @Nullable String publishableKey) {

		static Shown of(StripeConnection connection) {
			return new Shown(connection.livemode(), connection.accountId(), connection.accountName(),
					connection.defaultCurrency(), connection.keyKind().name().toLowerCase(Locale.ROOT),
					connection.permissions(), connection.secretKey().last4(), connection.publishableKey());
		}

	}

}
