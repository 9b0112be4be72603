package io.tallygate.billing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

import io.r2dbc.spi.Readable;
import io.tallygate.agency.SealedSecrets;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Row;
import io.tallygate.core.Secret;
import io.tallygate.core.SecretBox;
import io.tallygate.core.Uncancelled;
import io.tallygate.stripe.StripeEndpoint;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What agencies' webhooks are signed with, sealed. A secret holds for the account and
 * mode that was connected when it was saved, and for another day after it was replaced.
 */
class WebhookSecrets implements SealedSecrets {

	/** What was signed with a secret that is replaced arrives within this time. */
	static final Duration OVERLAP = Duration.ofDays(1);

	private static final Logger logger = LoggerFactory.getLogger(WebhookSecrets.class);

	private static final String PREFIX = "whk_";

	private static final String SEALED_FOR = "webhook-secret";

	private static final String SELECT = """
			select s.account_id, s.livemode, w.id, w.source, w.sealed_secret, w.last4, w.endpoint_id, w.url, w.created_at,
			  w.retired_at
			from stripe_connection s
			left join webhook_secret w on w.agency_id = s.agency_id and w.account_id = s.account_id
			  and w.livemode = s.livemode and (w.retired_at is null or w.retired_at > :not_before)
			where s.agency_id = :agency
			order by w.created_at desc, w.id desc
			""";

	private static final String INSERT = """
			insert into webhook_secret (id, agency_id, account_id, livemode, source, sealed_secret, last4, endpoint_id, url,
			  created_at)
			select :id, s.agency_id, s.account_id, s.livemode, :source, :sealed, :last4, :endpoint, :url, :now
			from stripe_connection s where s.agency_id = :agency
			""";

	private static final String RETIRE = """
			update webhook_secret set retired_at = :now
			where agency_id = :agency and source = :source and retired_at is null and id <> all(:kept)
			""";

	private static final String SWEEP = """
			delete from webhook_secret where agency_id = :agency and retired_at <= :not_before
			""";

	/**
	 * Those in use: of the account and mode that is connected, and not replaced yet,
	 * because what is replaced cannot be entered again.
	 */
	private static final String SEALED_AFTER = """
			select w.id, w.agency_id, a.name as agency_name, w.source, w.last4, w.sealed_secret
			from webhook_secret w
			join agency a on a.id = w.agency_id
			join stripe_connection s on s.agency_id = w.agency_id and s.account_id = w.account_id
			  and s.livemode = w.livemode
			where w.id > :after and w.retired_at is null
			order by w.id limit :limit
			""";

	private final Database.OfSystem system;

	private final Database.OfTenant tenant;

	private final SecretBox box;

	private final Ids ids;

	private final Clock clock;

	WebhookSecrets(Database.OfSystem system, Database.OfTenant tenant, SecretBox box, Ids ids, Clock clock) {
		this.system = system;
		this.tenant = tenant;
		this.box = box;
		this.ids = ids;
		this.clock = clock;
	}

	/** Where a secret comes from. */
	enum Source {

		/** A person entered it. */
		ENTERED,
		/** Our endpoint for events with their object. */
		SNAPSHOT,
		/** Our endpoint for events without. */
		THIN;

		String text() {
			return name().toLowerCase(java.util.Locale.ROOT);
		}

	}

	/**
	 * A secret as it is kept.
	 *
	 * @param id ours
	 * @param source where it comes from
	 * @param last4 by which a person recognises it
	 * @param endpointId Stripe's, where we registered it
	 * @param url that Stripe posts to, where we registered it
	 * @param createdAt when it was saved
	 * @param retiredAt when it was replaced, if it was
	 */
	record Kept(String id, Source source, String last4, @Nullable String endpointId, @Nullable String url,
			Instant createdAt, @Nullable Instant retiredAt) {

		static Kept of(Readable row) {
			return new Kept(Row.text(row, "id"),
					Source.valueOf(Row.text(row, "source").toUpperCase(java.util.Locale.ROOT)), Row.text(row, "last4"),
					row.get("endpoint_id", String.class), row.get("url", String.class),
					Row.get(row, "created_at", Instant.class), row.get("retired_at", Instant.class));
		}

	}

	/**
	 * What a webhook of an agency has to be.
	 *
	 * @param account whose events
	 * @param livemode of which mode
	 * @param secrets with one of which it is signed; none means that none is taken
	 */
	record Expected(String account, boolean livemode, List<Secret> secrets) {

		Expected {
			secrets = List.copyOf(secrets);
		}

	}

	/** What is expected of webhooks; empty for an agency that has no connection. */
	Mono<Expected> expected(AgencyId agency) {
		return Uncancelled.of(select(this.system, agency).map((row) -> expected(agency, row)).all().collectList())
			.flatMap((rows) -> rows.isEmpty() ? Mono.empty() : Mono.just(new Expected(rows.get(0).account(),
					rows.get(0).livemode(), rows.stream().flatMap((row) -> row.secrets().stream()).toList())));
	}

	private Expected expected(AgencyId agency, Readable row) {
		List<Secret> secrets = new ArrayList<>();
		String id = row.get("id", String.class);
		if (id != null) {
			try {
				secrets.add(this.box.open(SEALED_FOR, owner(agency, id), Row.get(row, "sealed_secret", byte[].class)));
			}
			catch (SecretBox.CannotOpen ex) {
				logger.warn("A webhook secret is left out: {}", ex.getMessage());
			}
		}
		return new Expected(Row.text(row, "account_id"), Boolean.TRUE.equals(row.get("livemode", Boolean.class)),
				secrets);
	}

	@Override
	public Mono<List<Sealed>> after(String id, int limit) {
		return SealedSecrets.page(this.system, SEALED_AFTER, id, limit, this::sealed);
	}

	private Sealed sealed(Readable row) {
		AgencyId agency = new AgencyId(Row.text(row, "agency_id"));
		String id = Row.text(row, "id");
		byte[] secret = Row.get(row, "sealed_secret", byte[].class);
		return new Sealed(id, agency, Row.text(row, "agency_name"), what(row),
				() -> this.box.open(SEALED_FOR, owner(agency, id), secret));
	}

	private static String what(Readable row) {
		boolean isEntered = Row.text(row, "source").equals(Source.ENTERED.text());
		return isEntered
				? "the webhook secret ending in " + Row.text(row, "last4")
						+ " (webhook_secrets of PUT /admin/v1/stripe_connection)"
				: "the secret of its " + Row.text(row, "source")
						+ " webhook endpoint (POST /admin/v1/stripe/webhook_endpoints)";
	}

	/** The agency's secrets, newest first. */
	Mono<List<Kept>> list(AgencyId agency) {
		return Uncancelled.of(this.tenant.as(agency, select(this.tenant, agency)
			.map((row) -> java.util.Optional.ofNullable((row.get("id", String.class) != null) ? Kept.of(row) : null))
			.all()
			.collectList())).map((rows) -> rows.stream().flatMap(java.util.Optional::stream).toList());
	}

	/** Puts these in place of those that were entered before. */
	Mono<Void> enter(AgencyId agency, List<Secret> secrets) {
		return Uncancelled.of(this.tenant.as(agency,
				Flux.fromIterable(secrets)
					.concatMap((secret) -> insert(agency, Source.ENTERED, secret, null, null))
					.collectList()
					.flatMap((made) -> retire(agency, Source.ENTERED, made))
					.then(sweep(agency))));
	}

	/**
	 * Keeps the secret of an endpoint of ours, which takes the place of the one before.
	 */
	Mono<Void> keep(AgencyId agency, Source source, StripeEndpoint endpoint) {
		return Uncancelled.of(this.tenant.as(agency,
				insert(agency, source, endpoint.secret(), endpoint.id(), endpoint.url())
					.flatMap((made) -> retire(agency, source, List.of(made)))
					.then(sweep(agency))));
	}

	private Mono<String> insert(AgencyId agency, Source source, Secret secret, @Nullable String endpoint,
			@Nullable String url) {
		String id = this.ids.next(PREFIX);
		return this.tenant.client()
			.sql(INSERT)
			.bind("id", id)
			.bind("source", source.text())
			.bind("sealed", this.box.seal(SEALED_FOR, owner(agency, id), secret))
			.bind("last4", secret.last4())
			.bind("endpoint", Database.nullable(String.class, endpoint))
			.bind("url", Database.nullable(String.class, url))
			.bind("now", this.clock.instant())
			.bind("agency", agency.value())
			.fetch()
			.rowsUpdated()
			.thenReturn(id);
	}

	private Mono<Void> retire(AgencyId agency, Source source, List<String> kept) {
		return this.tenant.client()
			.sql(RETIRE)
			.bind("now", this.clock.instant())
			.bind("agency", agency.value())
			.bind("source", source.text())
			.bind("kept", kept.toArray(String[]::new))
			.fetch()
			.rowsUpdated()
			.then();
	}

	private Mono<Void> sweep(AgencyId agency) {
		return this.tenant.client()
			.sql(SWEEP)
			.bind("agency", agency.value())
			.bind("not_before", notBefore())
			.fetch()
			.rowsUpdated()
			.then();
	}

	private org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec select(Database database,
			AgencyId agency) {
		return database.client().sql(SELECT).bind("agency", agency.value()).bind("not_before", notBefore());
	}

	private Instant notBefore() {
		return this.clock.instant().minus(OVERLAP);
	}

	private static String owner(AgencyId agency, String id) {
		return agency.value() + "/" + id;
	}

}
