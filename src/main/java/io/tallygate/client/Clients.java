package io.tallygate.client;

import java.util.Locale;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Mono;

/** The clients' rows. Every statement runs in a transaction that names the agency. */
@Repository
class Clients {

	private static final String SELECT = """
			select c.id, c.status, c.epoch, c.nickname, c.stripe_customer_id, c.stripe_product_id, c.stripe_price_id,
			  c.models_allowed, c.on_disconnect, c.on_missing_usage, c.on_epoch_close, c.created_at, c.archived_at,
			  c.cap_soft, c.cap_hard, c.requests_per_minute, c.tokens_per_minute,
			  e.charge_by, e.billing_unit, e.report, e.weight_input, e.weight_cached_input, e.weight_cache_write,
			  e.weight_output, e.weight_reasoning
			from client c join epoch e on e.client_id = c.id and e.epoch = c.epoch
			""";

	private static final String READ = SELECT + "where c.id = :id";

	/**
	 * Who changes a client waits for who is changing it. It is read by a statement after
	 * this one: this one's snapshot is older than its wait, and has not seen the epoch
	 * that was opened meanwhile.
	 */
	private static final String LOCK = "select id from client where id = :id for update";

	private static final String LIST = SELECT
			+ "where (c.status = :status or (:status = 'any' and c.status <> 'archived'))";

	private static final String INSERT = """
			insert into client (id, agency_id, nickname, platform, stripe_customer_id, stripe_product_id, stripe_price_id,
			  models_allowed, on_disconnect, on_missing_usage, on_epoch_close, cap_soft, cap_hard, requests_per_minute,
			  tokens_per_minute)
			values (:id, :agency, :nickname, 'api', :customer, :product, :price,
			  :models, :on_disconnect, :on_missing_usage, :on_epoch_close, :cap_soft, :cap_hard, :requests, :tokens)
			""";

	private static final String UPDATE = """
			update client set nickname = :nickname, stripe_customer_id = :customer, stripe_product_id = :product,
			  stripe_price_id = :price, models_allowed = :models, on_disconnect = :on_disconnect,
			  on_missing_usage = :on_missing_usage, on_epoch_close = :on_epoch_close, epoch = :epoch,
			  cap_soft = :cap_soft, cap_hard = :cap_hard, requests_per_minute = :requests, tokens_per_minute = :tokens
			where id = :id
			""";

	private static final String SET_STATUS = """
			update client set status = :status, archived_at = case when :status = 'archived' then now() end
			where id = :id
			""";

	private final Database.OfTenant database;

	Clients(Database.OfTenant database) {
		this.database = database;
	}

	Mono<StoredClient> read(ClientId id) {
		return this.database.client().sql(READ).bind("id", id.value()).map(StoredClient::of).one();
	}

	Mono<StoredClient> lock(ClientId id) {
		return this.database.client()
			.sql(LOCK)
			.bind("id", id.value())
			.mapValue(String.class)
			.one()
			.flatMap((locked) -> read(id));
	}

	/** The clients of this status; without one, all but the archived. */
	Mono<Page<StoredClient>> list(@Nullable String status, PageRequest page) {
		return page.of(page.bind(
				this.database.client().sql(LIST + page.tail("c.id")).bind("status", (status != null) ? status : "any"))
			.map(StoredClient::of)
			.all());
	}

	Mono<Void> insert(AgencyId agency, ClientId id, ClientSettings settings) {
		return bound(INSERT, id, settings).bind("agency", agency.value()).fetch().rowsUpdated().then();
	}

	Mono<Void> update(ClientId id, ClientSettings settings, int epoch) {
		return bound(UPDATE, id, settings).bind("epoch", epoch).fetch().rowsUpdated().then();
	}

	Mono<Void> setStatus(ClientId id, String status) {
		return this.database.client()
			.sql(SET_STATUS)
			.bind("id", id.value())
			.bind("status", status)
			.fetch()
			.rowsUpdated()
			.then();
	}

	private GenericExecuteSpec bound(String statement, ClientId id, ClientSettings settings) {
		StripeGuard.StripeChoice stripe = settings.stripe();
		Limits limits = settings.limits();
		return this.database.client()
			.sql(statement)
			.bind("id", id.value())
			.bind("nickname", settings.nickname())
			.bind("customer", Database.nullable(String.class, (stripe != null) ? stripe.customer() : null))
			.bind("product", Database.nullable(String.class, (stripe != null) ? stripe.product() : null))
			.bind("price", Database.nullable(String.class, (stripe != null) ? stripe.price() : null))
			.bind("models", settings.modelsAllowed().toArray(String[]::new))
			.bind("on_disconnect", text(settings.onDisconnect()))
			.bind("on_missing_usage", text(settings.onMissingUsage()))
			.bind("on_epoch_close", text(settings.onEpochClose()))
			.bind("cap_soft", Database.nullable(Long.class, limits.softQuantity()))
			.bind("cap_hard", Database.nullable(Long.class, limits.hardQuantity()))
			.bind("requests", Database.nullable(Long.class, limits.requestsPerMinute()))
			.bind("tokens", Database.nullable(Long.class, limits.tokensPerMinute()));
	}

	static String text(Enum<?> constant) {
		return constant.name().toLowerCase(Locale.ROOT);
	}

}
