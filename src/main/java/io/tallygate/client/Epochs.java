package io.tallygate.client;

import java.util.Optional;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Problem;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Mono;

/**
 * Opens and ends the epochs of a client, each with its account and, where Stripe is told,
 * its lane. Every statement runs in a transaction that names the agency.
 */
@Repository
class Epochs {

	private static final String NEW_LANE = """
			insert into lane (agency_id, client_id, stripe_account, livemode, customer, meter_id, event_name)
			values (:agency, :client, :account, :livemode, :customer, :meter, :event_name)
			on conflict (stripe_account, livemode, customer, meter_id) do nothing
			returning id
			""";

	/**
	 * A lane goes on with the client that has it, or from an archived one to the next.
	 */
	private static final String OWN_LANE = """
			update lane set client_id = :client
			where stripe_account = :account and livemode = :livemode and customer = :customer and meter_id = :meter
			  and (client_id = :client
			    or exists (select from client c where c.id = lane.client_id and c.status = 'archived'))
			returning id
			""";

	private static final String OPEN = """
			insert into epoch (client_id, epoch, agency_id, charge_by, billing_unit, report, weight_input,
			  weight_cached_input, weight_cache_write, weight_output, weight_reasoning, divisor, lane_id,
			  stripe_price_id, on_close)
			values (:client, :epoch, :agency, :charge_by, :billing_unit, :report, :input, :cached_input, :cache_write,
			  :output, :reasoning, :divisor, :lane, :price, :on_close)
			""";

	private static final String OPEN_ACCOUNT = """
			insert into account (client_id, epoch, agency_id, divisor, lane_id)
			values (:client, :epoch, :agency, :divisor, :lane)
			""";

	private static final String SUPERSEDE = """
			update epoch set superseded_at = now() where client_id = :client and epoch = :epoch and superseded_at is null
			""";

	private static final String SET_ON_CLOSE = "update epoch set on_close = :on_close where client_id = :client and epoch = :epoch";

	private final Database.OfTenant database;

	Epochs(Database.OfTenant database) {
		this.database = database;
	}

	/** Opens an epoch under these settings; without terms nothing is told to Stripe. */
	Mono<Void> open(AgencyId agency, ClientId client, int epoch, ClientSettings settings,
			Optional<StripeGuard.StripeTerms> terms) {
		return Mono.justOrEmpty(terms)
			.flatMap((found) -> lane(agency, client, found))
			.singleOptional()
			.flatMap((lane) -> insert(agency, client, epoch, settings, lane.orElse(null)));
	}

	/** Ends an epoch: requests that opened in it still close in it. */
	Mono<Void> supersede(ClientId client, int epoch) {
		return this.database.client()
			.sql(SUPERSEDE)
			.bind("client", client.value())
			.bind("epoch", epoch)
			.fetch()
			.rowsUpdated()
			.then();
	}

	/** Says what becomes of the epoch's incomplete unit in the end. */
	Mono<Void> setOnClose(ClientId client, int epoch, OnEpochClose onClose) {
		return this.database.client()
			.sql(SET_ON_CLOSE)
			.bind("client", client.value())
			.bind("epoch", epoch)
			.bind("on_close", Clients.text(onClose))
			.fetch()
			.rowsUpdated()
			.then();
	}

	private Mono<Long> lane(AgencyId agency, ClientId client, StripeGuard.StripeTerms terms) {
		Mono<Long> created = this.database.client()
			.sql(NEW_LANE)
			.bind("agency", agency.value())
			.bind("client", client.value())
			.bind("account", terms.account())
			.bind("livemode", terms.livemode())
			.bind("customer", terms.customer())
			.bind("meter", terms.meterId())
			.bind("event_name", terms.eventName())
			.mapValue(Long.class)
			.one();
		Mono<Long> own = this.database.client()
			.sql(OWN_LANE)
			.bind("client", client.value())
			.bind("account", terms.account())
			.bind("livemode", terms.livemode())
			.bind("customer", terms.customer())
			.bind("meter", terms.meterId())
			.mapValue(Long.class)
			.one();
		return created.switchIfEmpty(own).switchIfEmpty(Mono.error(() -> taken(terms)));
	}

	private Mono<Void> insert(AgencyId agency, ClientId client, int epoch, ClientSettings settings,
			@org.jspecify.annotations.Nullable Long lane) {
		ChargePolicy policy = settings.policy();
		StripeGuard.StripeChoice stripe = settings.stripe();
		Mono<Long> opened = this.database.client()
			.sql(OPEN)
			.bind("client", client.value())
			.bind("epoch", epoch)
			.bind("agency", agency.value())
			.bind("charge_by", policy.chargeBy().text())
			.bind("billing_unit", policy.billingUnit())
			.bind("report", policy.report().text())
			.bind("input", policy.weights().input())
			.bind("cached_input", policy.weights().cachedInput())
			.bind("cache_write", policy.weights().cacheWrite())
			.bind("output", policy.weights().output())
			.bind("reasoning", policy.weights().reasoning())
			.bind("divisor", policy.divisor())
			.bind("lane", Database.nullable(Long.class, lane))
			.bind("price", Database.nullable(String.class, (stripe != null) ? stripe.price() : null))
			.bind("on_close", Clients.text(settings.onEpochClose()))
			.fetch()
			.rowsUpdated();
		Mono<Long> account = this.database.client()
			.sql(OPEN_ACCOUNT)
			.bind("client", client.value())
			.bind("epoch", epoch)
			.bind("agency", agency.value())
			.bind("divisor", policy.divisor())
			.bind("lane", Database.nullable(Long.class, lane))
			.fetch()
			.rowsUpdated();
		return opened.then(account).then();
	}

	private static Problem taken(StripeGuard.StripeTerms terms) {
		return new Problem(409, "already_in_use",
				"The Stripe customer '" + terms.customer() + "' already has a client that reports to the meter '"
						+ terms.meterId() + "': one customer and meter belong to one client",
				java.util.List.of(new Problem.Field("/stripe_customer_id", "already in use with this price's meter")));
	}

}
