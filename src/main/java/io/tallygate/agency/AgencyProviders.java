package io.tallygate.agency;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.ProviderId;
import io.tallygate.core.Row;
import io.tallygate.core.Secret;
import io.tallygate.core.SecretBox;
import io.tallygate.provider.Provider;
import io.tallygate.provider.Providers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Mono;

/**
 * The agencies' providers. Their keys are sealed for their own row, and opened for the
 * data plane only.
 */
@Repository
public class AgencyProviders implements SealedSecrets {

	private static final Logger logger = LoggerFactory.getLogger(AgencyProviders.class);

	/** What a provider's key is sealed for. */
	private static final String PURPOSE = "provider-key";

	private static final String COLUMNS = " id, name, kind, base_url, api_key_last4, models, is_default, timeout_ms, supports_stream_usage, created_at ";

	private static final String INSERT = """
			insert into provider (id, agency_id, name, kind, base_url, sealed_key, api_key_last4, models, is_default,
			  timeout_ms, supports_stream_usage)
			values (:id, :agency, :name, :kind, :base_url, :sealed_key, :last4, :models, :is_default,
			  :timeout_ms, :supports_stream_usage)
			returning""" + COLUMNS;

	private static final String UPDATE = """
			update provider set name = :name, kind = :kind, base_url = :base_url,
			  sealed_key = coalesce(:sealed_key, sealed_key), api_key_last4 = coalesce(:last4, api_key_last4),
			  models = :models, is_default = :is_default, timeout_ms = :timeout_ms,
			  supports_stream_usage = :supports_stream_usage
			where id = :id and agency_id = :agency and deleted_at is null
			returning""" + COLUMNS;

	/** The row stays, because ledger lines name it; its key goes. */
	private static final String DELETE = """
			update provider set deleted_at = now(), sealed_key = ''
			where id = :id and agency_id = :agency and deleted_at is null
			returning""" + COLUMNS;

	private static final String READ = "select" + COLUMNS
			+ "from provider where id = :id and agency_id = :agency and deleted_at is null";

	private static final String LIST = "select" + COLUMNS
			+ "from provider where agency_id = :agency and deleted_at is null";

	private static final String WITH_KEYS = "select sealed_key," + COLUMNS
			+ "from provider where agency_id = :agency and deleted_at is null";

	private static final String SEALED_AFTER = """
			select p.id, p.agency_id, a.name as agency_name, p.name, p.sealed_key
			from provider p join agency a on a.id = p.agency_id
			where p.id > :after and p.deleted_at is null
			order by p.id limit :limit
			""";

	private final Database.OfSystem system;

	private final Database.OfTenant tenant;

	private final DirectoryChanges changes;

	private final SecretBox box;

	private final Ids ids;

	AgencyProviders(Database.OfSystem system, Database.OfTenant tenant, DirectoryChanges changes, SecretBox box,
			Ids ids) {
		this.system = system;
		this.tenant = tenant;
		this.changes = changes;
		this.box = box;
		this.ids = ids;
	}

	/**
	 * The providers of an agency with their keys. One whose key cannot be opened is left
	 * out, and said so: the others go on serving.
	 */
	public Mono<Providers> of(AgencyId agency) {
		return this.system.client()
			.sql(WITH_KEYS)
			.bind("agency", agency.value())
			.map((row) -> opened(agency, row))
			.all()
			.flatMap(Mono::justOrEmpty)
			.collectList()
			.map(Providers::new);
	}

	@Override
	public Mono<List<Sealed>> after(String id, int limit) {
		return SealedSecrets.page(this.system, SEALED_AFTER, id, limit, this::sealed);
	}

	private Sealed sealed(Readable row) {
		String id = Row.text(row, "id");
		byte[] key = Row.get(row, "sealed_key", byte[].class);
		return new Sealed(id, new AgencyId(Row.text(row, "agency_id")), Row.text(row, "agency_name"),
				"the key of the provider " + Row.text(row, "name") + " (PATCH /admin/v1/providers/" + id + ")",
				() -> this.box.open(PURPOSE, id, key));
	}

	Mono<StoredProvider> create(AgencyId agency, ProviderBody body) {
		ProviderId id = new ProviderId(this.ids.next(ProviderId.PREFIX));
		return this.changes.byTenant(agency,
				bound(this.tenant.client().sql(INSERT), agency, id, body).map(StoredProvider::of).one());
	}

	Mono<StoredProvider> update(AgencyId agency, ProviderId id, ProviderBody body) {
		return this.changes
			.byTenant(agency, bound(this.tenant.client().sql(UPDATE), agency, id, body).map(StoredProvider::of).one())
			.switchIfEmpty(notFound(id));
	}

	Mono<StoredProvider> delete(AgencyId agency, ProviderId id) {
		return this.changes.byTenant(agency, one(DELETE, agency, id)).switchIfEmpty(notFound(id));
	}

	Mono<StoredProvider> read(AgencyId agency, ProviderId id) {
		return this.tenant.as(agency, one(READ, agency, id)).switchIfEmpty(notFound(id));
	}

	Mono<Page<StoredProvider>> list(AgencyId agency, PageRequest page) {
		return this.tenant.as(agency,
				page.of(page.bind(this.tenant.client().sql(LIST + page.tail("id")).bind("agency", agency.value()))
					.map(StoredProvider::of)
					.all()));
	}

	private Mono<StoredProvider> one(String statement, AgencyId agency, ProviderId id) {
		return this.tenant.client()
			.sql(statement)
			.bind("id", id.value())
			.bind("agency", agency.value())
			.map(StoredProvider::of)
			.one();
	}

	private GenericExecuteSpec bound(GenericExecuteSpec statement, AgencyId agency, ProviderId id, ProviderBody body) {
		Secret key = (body.apiKey() != null) ? Secret.of(body.apiKey()) : null;
		byte[] sealed = (key != null) ? this.box.seal(PURPOSE, id.value(), key) : null;
		return statement.bind("id", id.value())
			.bind("agency", agency.value())
			.bind("name", Objects.requireNonNull(body.name()))
			.bind("kind", Objects.requireNonNull(body.kind()).text())
			.bind("base_url", Objects.requireNonNull(body.baseUrl()))
			.bind("sealed_key", Database.nullable(byte[].class, sealed))
			.bind("last4", Database.nullable(String.class, (key != null) ? key.last4() : null))
			.bind("models", Objects.requireNonNull(body.models()).toArray(String[]::new))
			.bind("is_default", Boolean.TRUE.equals(body.isDefault()))
			.bind("timeout_ms", Objects.requireNonNull(body.timeoutMs()))
			.bind("supports_stream_usage", Boolean.TRUE.equals(body.supportsStreamUsage()));
	}

	private Optional<Provider> opened(AgencyId agency, Readable row) {
		StoredProvider stored = StoredProvider.of(row);
		try {
			return Optional
				.of(stored.with(this.box.open(PURPOSE, stored.id(), Row.get(row, "sealed_key", byte[].class))));
		}
		catch (SecretBox.CannotOpen ex) {
			logger.error("Agency {}: {}", agency, ex.getMessage());
			return Optional.empty();
		}
	}

	private static <T> Mono<T> notFound(ProviderId id) {
		return Mono.error(() -> Problem.notFound("provider", id.value()));
	}

}
