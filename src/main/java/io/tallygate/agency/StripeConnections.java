package io.tallygate.agency;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

import io.r2dbc.spi.Parameters;
import io.r2dbc.spi.R2dbcType;
import io.r2dbc.spi.Readable;
import io.tallygate.agency.StripeConnection.KeyKind;
import io.tallygate.agency.StripeConnection.Permission;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.SecretBox;
import io.tallygate.core.Uncancelled;
import reactor.core.publisher.Mono;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

import org.springframework.stereotype.Component;

/**
 * The agencies' Stripe connections. Delivery asks for one with every meter event, so they
 * are remembered for two seconds; a new key holds at once where it was entered and within
 * those two seconds on every other replica.
 */
@Component
public class StripeConnections implements SealedSecrets {

	private static final String SEALED_FOR = "stripe-key";

	private static final Duration REMEMBERED = Duration.ofSeconds(2);

	private static final int REMEMBERED_MAX = 10_000;

	private static final TypeReference<List<Permission>> PERMISSIONS = new TypeReference<>() {
	};

	private static final String FIND = """
			select account_id, account_name, livemode, default_currency, key_kind, sealed_key, publishable_key, permissions,
			  meter_events
			from stripe_connection
			where agency_id = :agency
			""";

	/** A new key mends a delivery that Stripe stopped, not one that a person stopped. */
	private static final String SAVE = """
			insert into stripe_connection (agency_id, account_id, account_name, livemode, default_currency, key_kind,
			  sealed_key, secret_key_last4, publishable_key, permissions)
			values (:agency, :account, :name, :livemode, :currency, :kind, :sealed, :last4, :publishable, :permissions)
			on conflict (agency_id) do update set account_id = excluded.account_id, account_name = excluded.account_name,
			  livemode = excluded.livemode, default_currency = excluded.default_currency, key_kind = excluded.key_kind,
			  sealed_key = excluded.sealed_key, secret_key_last4 = excluded.secret_key_last4,
			  publishable_key = excluded.publishable_key, permissions = excluded.permissions, updated_at = now(),
			  delivery = case when stripe_connection.paused_by = 'stripe' then 'running' else stripe_connection.delivery end,
			  paused_reason = case when stripe_connection.paused_by = 'stripe' then null else stripe_connection.paused_reason end,
			  paused_at = case when stripe_connection.paused_by = 'stripe' then null else stripe_connection.paused_at end,
			  paused_by = nullif(stripe_connection.paused_by, 'stripe')
			""";

	/**
	 * Not while Stripe may have an event that we do not know it to have: its repeat has
	 * to go the same way, because nobody says that one way knows the identifiers of the
	 * other.
	 */
	private static final String SEND_BY = """
			update stripe_connection set meter_events = :way
			where agency_id = :agency and (meter_events = :way or not exists (
			  select from meter_event m where m.agency_id = :agency
			    and (m.state = 'sending' or (m.state = 'due' and m.first_doubt_at is not null))))
			""";

	private static final String DELETE = """
			delete from stripe_connection
			where agency_id = :agency
			""";

	/**
	 * Whether usage still has to reach another account, or the same in another mode:
	 * through a client that lives, units not cut, or meter events under way. While
	 * another is connected, every client that lives is bound to it, billed or not: its
	 * keys say the mode.
	 */
	private static final String BOUND_ELSEWHERE = """
			select exists (
			  select 1 from stripe_connection
			  where agency_id = :agency and (account_id <> :account or livemode <> :livemode)
			    and exists (select 1 from client where client.agency_id = :agency and client.archived_at is null))
			  or exists (
			  select 1 from lane
			  where lane.agency_id = :agency and (lane.stripe_account <> :account or lane.livemode <> :livemode)
			    and (exists (select 1 from client where client.id = lane.client_id and client.archived_at is null)
			      or exists (select 1 from account where account.lane_id = lane.id and account.crossed > account.cut)
			      or exists (select 1 from meter_event
			        where meter_event.lane_id = lane.id and meter_event.state in ('due', 'sending'))))
			""";

	private static final String SEALED_AFTER = """
			select s.agency_id, a.name as agency_name, s.sealed_key
			from stripe_connection s join agency a on a.id = s.agency_id
			where s.agency_id > :after
			order by s.agency_id limit :limit
			""";

	private final Database.OfSystem system;

	private final Database.OfTenant tenant;

	private final SecretBox box;

	private final JsonMapper json;

	/**
	 * Made once: the first use of a type takes a lock, and rows are read on event loops.
	 */
	private final ObjectReader permissions;

	private final Clock clock;

	private final Map<AgencyId, Remembered> remembered = new ConcurrentHashMap<>();

	public StripeConnections(Database.OfSystem system, Database.OfTenant tenant, SecretBox box, JsonMapper json,
			Clock clock) {
		this.system = system;
		this.tenant = tenant;
		this.box = box;
		this.json = json;
		this.permissions = json.readerFor(PERMISSIONS);
		this.clock = clock;
	}

	/**
	 * The agency's connection, or empty. Fails with {@link SecretBox.CannotOpen} when its
	 * key was sealed under an encryption key that we do not hold.
	 */
	public Mono<StripeConnection> find(AgencyId agency) {
		return Mono.defer(() -> {
			Remembered known = this.remembered.get(agency);
			Mono<Optional<StripeConnection>> found = (known != null && this.clock.instant().isBefore(known.until()))
					? Mono.just(known.connection()) : read(agency);
			return found.flatMap(Mono::justOrEmpty);
		});
	}

	@Override
	public Mono<List<Sealed>> after(String id, int limit) {
		return SealedSecrets.page(this.system, SEALED_AFTER, id, limit, this::sealed);
	}

	private Sealed sealed(Readable row) {
		String agency = text(row, "agency_id");
		byte[] key = bytes(row, "sealed_key");
		return new Sealed(agency, new AgencyId(agency), text(row, "agency_name"),
				"its Stripe key (PUT /admin/v1/stripe_connection)", () -> this.box.open(SEALED_FOR, agency, key));
	}

	/**
	 * Puts the agency's connection in place of the one it had, if any. What is remembered
	 * is forgotten before the caller goes on, who may read it again, and after a failure
	 * too.
	 */
	public Mono<Void> save(AgencyId agency, StripeConnection connection) {
		return Uncancelled
			.of(this.tenant.as(agency,
					this.tenant.client()
						.sql(SAVE)
						.bind("agency", agency.value())
						.bind("account", connection.accountId())
						.bind("name", Parameters.in(R2dbcType.VARCHAR, connection.accountName()))
						.bind("livemode", connection.livemode())
						.bind("currency", Parameters.in(R2dbcType.VARCHAR, connection.defaultCurrency()))
						.bind("kind", connection.keyKind().name().toLowerCase(Locale.ROOT))
						.bind("sealed", this.box.seal(SEALED_FOR, agency.value(), connection.secretKey()))
						.bind("last4", connection.secretKey().last4())
						.bind("publishable", Parameters.in(R2dbcType.VARCHAR, connection.publishableKey()))
						.bind("permissions", this.json.writeValueAsString(connection.permissions()))
						.fetch()
						.rowsUpdated()))
			.doOnNext((rows) -> this.remembered.remove(agency))
			.doFinally((signal) -> this.remembered.remove(agency))
			.then();
	}

	/**
	 * From now on meter events go this way: {@code false}, and nothing is changed, while
	 * one is under way or in doubt, or without a connection.
	 */
	public Mono<Boolean> sendBy(AgencyId agency, StripeConnection.MeterEventWay way) {
		return Uncancelled.of(this.tenant.as(agency,
				this.tenant.client()
					.sql(SEND_BY)
					.bind("agency", agency.value())
					.bind("way", way.text())
					.fetch()
					.rowsUpdated()))
			.doOnNext((rows) -> this.remembered.remove(agency))
			.map((rows) -> rows > 0);
	}

	/** Forgets the agency's connection; usage goes on accruing. */
	public Mono<Void> delete(AgencyId agency) {
		return Uncancelled
			.of(this.tenant.as(agency,
					this.tenant.client().sql(DELETE).bind("agency", agency.value()).fetch().rowsUpdated()))
			.doFinally((signal) -> this.remembered.remove(agency))
			.then();
	}

	/**
	 * Whether something of the agency is bound to another account or mode than this.
	 */
	public Mono<Boolean> isBoundElsewhere(AgencyId agency, String accountId, boolean livemode) {
		return this.tenant.as(agency,
				this.tenant.client()
					.sql(BOUND_ELSEWHERE)
					.bind("agency", agency.value())
					.bind("account", accountId)
					.bind("livemode", livemode)
					.mapValue(Boolean.class)
					.one());
	}

	private Mono<Optional<StripeConnection>> read(AgencyId agency) {
		Instant until = this.clock.instant().plus(REMEMBERED);
		return Uncancelled
			.of(this.system.client()
				.sql(FIND)
				.bind("agency", agency.value())
				.map((row) -> connection(agency, row))
				.one()
				.singleOptional())
			.doOnNext((found) -> remember(agency, new Remembered(found, until)));
	}

	private void remember(AgencyId agency, Remembered found) {
		if (this.remembered.size() >= REMEMBERED_MAX) {
			this.remembered.clear();
		}
		this.remembered.put(agency, found);
	}

	private StripeConnection connection(AgencyId agency, Readable row) {
		return new StripeConnection(text(row, "account_id"), row.get("account_name", String.class),
				Boolean.TRUE.equals(row.get("livemode", Boolean.class)), row.get("default_currency", String.class),
				KeyKind.valueOf(text(row, "key_kind").toUpperCase(Locale.ROOT)),
				this.box.open(SEALED_FOR, agency.value(), bytes(row, "sealed_key")),
				row.get("publishable_key", String.class), this.permissions.readValue(text(row, "permissions")),
				StripeConnection.MeterEventWay.of(text(row, "meter_events")));
	}

	private static String text(Readable row, String column) {
		return Objects.requireNonNull(row.get(column, String.class), column);
	}

	private static byte[] bytes(Readable row, String column) {
		return Objects.requireNonNull(row.get(column, byte[].class), column);
	}

	/**
	 * What was read a moment ago.
	 *
	 * @param connection or none
	 * @param until when it has to be read again
	 */
	private record Remembered(Optional<StripeConnection> connection, Instant until) {
	}

}
