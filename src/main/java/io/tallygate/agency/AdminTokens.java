package io.tallygate.agency;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.BoundedMap;
import io.tallygate.core.Caller;
import io.tallygate.core.CheckedKey;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.Row;
import io.tallygate.core.Secret;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Mono;

/**
 * The agencies' admin tokens. Of a token only its SHA-256 is kept; whose it is, is
 * remembered for two seconds, so that a revoked one dies quickly everywhere. A token with
 * a typing error is refused without asking PostgreSQL.
 */
@Repository
class AdminTokens {

	/** What every token begins with. */
	static final String TOKEN_PREFIX = "tga_";

	private static final String INSERT = """
			insert into admin_token (id, agency_id, name, role, sha256, last4, expires_at)
			values (:id, :agency, :name, :role, :sha256, :last4, :expires_at)
			returning id, agency_id, name, role, last4, created_at, expires_at, revoked_at
			""";

	private static final String OF_AGENCY = """
			select id, agency_id, name, role, last4, created_at, expires_at, revoked_at
			from admin_token
			where agency_id = :agency
			""";

	private static final String STANDING = """
			select t.agency_id, t.role, t.expires_at, a.status, a.rebilling
			from admin_token t join agency a on a.id = t.agency_id
			where t.sha256 = :sha256 and t.revoked_at is null
			""";

	private static final String REVOKE = """
			update admin_token set revoked_at = coalesce(revoked_at, :now)
			where id = :id and (:agency::text is null or agency_id = :agency)
			""";

	private static final int CACHED_MAX = 10_000;

	private final Database.OfSystem database;

	private final Ids ids;

	private final Clock clock;

	private final Duration cacheTime;

	private final SecureRandom random = new SecureRandom();

	private final BoundedMap<ByteBuffer, Remembered> remembered = new BoundedMap<>(CACHED_MAX);

	AdminTokens(Database.OfSystem database, Ids ids, Clock clock, AgencyProperties properties) {
		this.database = database;
		this.ids = ids;
		this.clock = clock;
		this.cacheTime = properties.adminTokenCache();
	}

	/**
	 * Who bears a token, and how the agency stands.
	 *
	 * @param caller the agency and what the token may do
	 * @param active whether the agency is not suspended
	 * @param rebilling whether rebilling is in the agency's plan
	 * @param expiresAt when the token dies by itself, if it does
	 */
	record Standing(Caller.OfAgency caller, boolean active, boolean rebilling, @Nullable Instant expiresAt) {

		static Standing of(Readable row) {
			AgencyId agency = new AgencyId(Row.text(row, "agency_id"));
			return new Standing(new Caller.OfAgency(agency, AdminToken.role(row)),
					"active".equals(row.get("status", String.class)),
					"enabled".equals(row.get("rebilling", String.class)), row.get("expires_at", Instant.class));
		}

		boolean holdsAt(Instant now) {
			return this.expiresAt == null || now.isBefore(this.expiresAt);
		}

	}

	private record Remembered(Optional<Standing> standing, Instant until) {
	}

	/** Makes a token; its text is in this answer only. */
	Mono<AdminToken> create(AgencyId agency, String name, Caller.Role role, @Nullable Instant expiresAt) {
		Secret token = CheckedKey.generate(TOKEN_PREFIX, this.random);
		return this.database.client()
			.sql(INSERT)
			.bind("id", this.ids.next(AdminToken.PREFIX))
			.bind("agency", agency.value())
			.bind("name", name)
			.bind("role", role.name().toLowerCase(Locale.ROOT))
			.bind("sha256", CheckedKey.sha256(token.reveal()))
			.bind("last4", token.last4())
			.bind("expires_at", Database.nullable(Instant.class, expiresAt))
			.map(AdminToken::of)
			.one()
			.map((made) -> made.showing(token.reveal()));
	}

	Mono<Page<AdminToken>> list(AgencyId agency, PageRequest page) {
		return page.of(page.bind(this.database.client().sql(OF_AGENCY + page.tail("id")).bind("agency", agency.value()))
			.map(AdminToken::of)
			.all());
	}

	/** Ends a token of this agency, or of any agency where none is named. */
	Mono<Void> revoke(String id, @Nullable AgencyId agency) {
		return this.database.client()
			.sql(REVOKE)
			.bind("id", id)
			.bind("agency", Database.nullable(String.class, (agency != null) ? agency.value() : null))
			.bind("now", this.clock.instant())
			.fetch()
			.rowsUpdated()
			.filter((rows) -> rows == 1)
			.switchIfEmpty(Mono.error(() -> Problem.notFound("admin token", id)))
			.doOnNext((rows) -> forget())
			.then();
	}

	/** Whose token this is, or empty for one that is malformed, unknown or dead. */
	Mono<Standing> bearer(String token) {
		if (!CheckedKey.isWellFormed(TOKEN_PREFIX, token)) {
			return Mono.empty();
		}
		byte[] sha256 = CheckedKey.sha256(token);
		Instant now = this.clock.instant();
		Remembered known = this.remembered.get(ByteBuffer.wrap(sha256));
		Mono<Optional<Standing>> standing = (known != null && now.isBefore(known.until())) ? Mono.just(known.standing())
				: lookUp(sha256);
		return standing.flatMap(Mono::justOrEmpty).filter((found) -> found.holdsAt(now));
	}

	/** Forgets whose tokens are whose: something about an agency or token has changed. */
	void forget() {
		this.remembered.clear();
	}

	private Mono<Optional<Standing>> lookUp(byte[] sha256) {
		return this.database.client()
			.sql(STANDING)
			.bind("sha256", sha256)
			.map(Standing::of)
			.one()
			.singleOptional()
			.doOnNext((found) -> this.remembered.put(ByteBuffer.wrap(sha256),
					new Remembered(found, this.clock.instant().plus(this.cacheTime))));
	}

}
