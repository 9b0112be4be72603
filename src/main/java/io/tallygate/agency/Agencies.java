package io.tallygate.agency;

import java.util.Locale;
import java.util.Objects;

import io.tallygate.core.AgencyId;
import io.tallygate.core.Caller;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Mono;

/** The agencies. They are made and changed by the platform, so under the system role. */
@Repository
class Agencies {

	private static final String COLUMNS = " id, name, status, rebilling, time_zone, created_at ";

	private static final String INSERT = """
			insert into agency (id, name, status, rebilling, time_zone)
			values (:id, :name, :status, :rebilling, :time_zone)
			returning""" + COLUMNS;

	private static final String UPDATE = """
			update agency set name = :name, status = :status, rebilling = :rebilling, time_zone = :time_zone
			where id = :id
			returning""" + COLUMNS;

	private static final String READ = "select" + COLUMNS + "from agency where id = :id";

	private static final String LIST = "select" + COLUMNS + "from agency where true";

	private final Database.OfSystem database;

	private final AdminTokens tokens;

	private final DirectoryChanges changes;

	private final Ids ids;

	Agencies(Database.OfSystem database, AdminTokens tokens, DirectoryChanges changes, Ids ids) {
		this.database = database;
		this.tokens = tokens;
		this.changes = changes;
		this.ids = ids;
	}

	/** Makes an agency and its first token, both or neither. */
	Mono<Agency> create(AgencyBody body) {
		AgencyId id = new AgencyId(this.ids.next(AgencyId.PREFIX));
		Mono<Agency> made = bound(INSERT, id, body.checked()).map(Agency::of)
			.one()
			.flatMap((agency) -> this.tokens.create(id, "first token", Caller.Role.OWNER, null)
				.map((token) -> agency.showing(token.adminToken())));
		return Uncancelled.of(this.database.transactions().transactional(made));
	}

	Mono<Agency> update(AgencyId id, AgencyBody body) {
		return this.changes.bySystem(id, bound(UPDATE, id, body.checked()).map(Agency::of).one())
			.doOnNext((agency) -> this.tokens.forget())
			.switchIfEmpty(Mono.error(() -> Problem.notFound("agency", id.value())));
	}

	Mono<Agency> read(AgencyId id) {
		return this.database.client()
			.sql(READ)
			.bind("id", id.value())
			.map(Agency::of)
			.one()
			.switchIfEmpty(Mono.error(() -> Problem.notFound("agency", id.value())));
	}

	Mono<Page<Agency>> list(PageRequest page) {
		return page.of(page.bind(this.database.client().sql(LIST + page.tail("id"))).map(Agency::of).all());
	}

	private GenericExecuteSpec bound(String statement, AgencyId id, AgencyBody body) {
		return this.database.client()
			.sql(statement)
			.bind("id", id.value())
			.bind("name", Objects.requireNonNull(body.name()))
			.bind("status", text(Objects.requireNonNull(body.status())))
			.bind("rebilling", text(Objects.requireNonNull(body.rebilling())))
			.bind("time_zone", Objects.requireNonNull(body.timeZone()));
	}

	private static String text(Object constant) {
		return constant.toString().toLowerCase(Locale.ROOT);
	}

}
