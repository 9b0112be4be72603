package io.tallygate.billing;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

import io.tallygate.agency.StripeConnection;
import io.tallygate.agency.StripeConnection.MeterEventWay;
import io.tallygate.agency.StripeConnection.Permission;
import io.tallygate.core.Caller;
import io.tallygate.core.Faults;
import io.tallygate.core.Problem;
import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** The agency's Stripe account. The key goes in and never comes out. */
@RestController
@RequestMapping("/admin/v1/stripe_connection")
class StripeConnectionController {

	/** Enough to roll a few endpoints at once. */
	private static final int SECRETS_MAX = 10;

	private final StripeConnecting connecting;

	private final WebhookSecrets secrets;

	private final MeterEventWays ways;

	StripeConnectionController(StripeConnecting connecting, WebhookSecrets secrets, MeterEventWays ways) {
		this.connecting = connecting;
		this.secrets = secrets;
		this.ways = ways;
	}

	/** Connects, or changes the key. */
	@PutMapping
	Mono<Shown> put(Caller.OfAgency caller, @RequestBody Entered entered) {
		owner(caller);
		Optional<List<Secret>> secrets = Optional.ofNullable(entered.webhookSecrets())
			.map(StripeConnectionController::checked);
		return this.connecting.connect(caller.agency(), entered.secretKey(), entered.publishableKey())
			.flatMap((connection) -> Mono.justOrEmpty(secrets)
				.flatMap((given) -> this.secrets.enter(caller.agency(), given))
				.then(Mono.defer(() -> get(caller))));
	}

	/** What is connected. */
	@GetMapping
	Mono<Shown> get(Caller.OfAgency caller) {
		return this.connecting.connection(caller.agency()).flatMap((connection) -> shown(caller, connection));
	}

	/** Changes what may be changed without the key, which nobody is shown again. */
	@PatchMapping
	Mono<Shown> patch(Caller.OfAgency caller, @RequestBody Changed changed) {
		owner(caller);
		MeterEventWay way = changed.meterEvents();
		if (way == null) {
			throw Problem.invalid("/meter_events", "meter_events is required: v1 or v2_stream");
		}
		return this.connecting.connection(caller.agency())
			.then(Mono.defer(() -> this.ways.choose(caller.agency(), way)))
			.then(Mono.defer(() -> get(caller)));
	}

	/** Forgets the key. What is used from now on accrues. */
	@DeleteMapping
	@ResponseStatus(HttpStatus.NO_CONTENT)
	Mono<Void> delete(Caller.OfAgency caller) {
		owner(caller);
		return this.connecting.disconnect(caller.agency());
	}

	private Mono<Shown> shown(Caller.OfAgency caller, StripeConnection connection) {
		return this.secrets.list(caller.agency()).map((kept) -> Shown.of(connection, kept));
	}

	/** Blank ones would let everybody sign, so none may be. */
	private static List<Secret> checked(List<String> entered) {
		Faults faults = new Faults();
		faults.unless(entered.size() <= SECRETS_MAX, "/webhook_secrets",
				"webhook_secrets may have at most " + SECRETS_MAX + " entries but has " + entered.size());
		for (int i = 0; i < entered.size(); i++) {
			String text = entered.get(i);
			faults.unless(text != null && text.strip().matches("whsec_[!-~]{8,250}"), "/webhook_secrets/" + i,
					"A webhook secret begins with whsec_: it stands beside the endpoint in Stripe's Dashboard");
		}
		faults.throwIfAny();
		return entered.stream().map((text) -> Secret.of(text.strip())).distinct().toList();
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
	 * @param webhookSecrets {@code whsec_…} of endpoints made by hand, in place of those
	 * entered before; without the field these stay
	 */
	record Entered(@Nullable String secretKey, @Nullable String publishableKey, @Nullable List<String> webhookSecrets) {

		@Override
		public String toString() {
			return "Entered";
		}

	}

	/**
	 * What is changed.
	 *
	 * @param meterEvents by which of Stripe's ways meter events go
	 */
	record Changed(@Nullable MeterEventWay meterEvents) {
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
	 * @param webhookSecrets with which webhooks may be signed; none means that none is
	 * taken
	 * @param meterEvents by which of Stripe's ways meter events go: v1, one a call, or
	 * v2_stream, many a call
	 */
	record Shown(boolean livemode, String accountId, @Nullable String accountName, @Nullable String defaultCurrency,
			String keyKind, List<Permission> permissions, String secretKeyLast4, @Nullable String publishableKey,
			List<WebhookSecrets.Kept> webhookSecrets, MeterEventWay meterEvents) {

		Shown {
			permissions = List.copyOf(permissions);
			webhookSecrets = List.copyOf(webhookSecrets);
		}

		static Shown of(StripeConnection connection, List<WebhookSecrets.Kept> secrets) {
			return new Shown(connection.livemode(), connection.accountId(), connection.accountName(),
					connection.defaultCurrency(), connection.keyKind().name().toLowerCase(Locale.ROOT),
					connection.permissions(), connection.secretKey().last4(), connection.publishableKey(), secrets,
					connection.meterEvents());
		}

	}

}
