package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Set;
import java.util.stream.Collectors;

import io.r2dbc.spi.Readable;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import io.tallygate.metering.Counters.Mark;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.r2dbc.core.DatabaseClient;

/** Leases, open rows and orphans. Leases are judged by PostgreSQL's clock alone. */
class PostgresInstances implements Instances {

	private static final String REGISTER = """
			insert into instance_lease (id, expires_at)
			values (:id, clock_timestamp() + make_interval(secs => :seconds))
			returning clock_timestamp() as now
			""";

	private static final String RENEW = """
			update instance_lease
			set renewed_at = clock_timestamp(), expires_at = clock_timestamp() + make_interval(secs => :seconds)
			where id = :id and expires_at > clock_timestamp()
			returning clock_timestamp() as now
			""";

	private static final String ALIVE = "select id from instance_lease where expires_at > clock_timestamp()";

	private static final String RELEASE = "delete from instance_lease where id = :id or expires_at < clock_timestamp() - interval '1 day'";

	private static final String OPEN = """
			insert into open_exchange
			  (request_id, agency_id, client_id, epoch, channel_id, instance, reservation, opened_at)
			values (:request, :agency, :client, :epoch, :channel, :instance, :reservation, :openedAt)
			on conflict (request_id) do update set instance = excluded.instance
			returning clock_timestamp() as now
			""";

	private static final String OPENED = """
			select request_id, agency_id, client_id, epoch, channel_id, instance, reservation, opened_at
			from open_exchange
			""";

	private static final String STRIKE = "delete from open_exchange where request_id = any(:requests::text[])";

	private static final String TAKE_BACK = """
			with gone as (delete from open_exchange where request_id = any(:requests::text[]))
			update orphan set superseded_at = now() where request_id = any(:requests::text[]) and superseded_at is null
			""";

	/**
	 * Held by whoever writes entries of the account. The next statement sees what they
	 * have written, or they will see what it has.
	 */
	private static final String WAIT_FOR_WRITERS = """
			select client_id from account where client_id = :client and epoch = :epoch for share
			""";

	private static final String ORPHAN = """
			insert into orphan (request_id, agency_id, client_id, epoch, channel_id, instance, reservation, opened_at)
			select :request, :agency, :client, :epoch, :channel, :instance, :reservation, :openedAt
			where not exists (select from ledger where id = :ledgerId)
			on conflict (request_id) do nothing
			""";

	private final Database.OfSystem database;

	PostgresInstances(Database.OfSystem database) {
		this.database = database;
	}

	@Override
	public Mono<Instant> register(String instance, Duration lease) {
		return time(client().sql(REGISTER).bind("id", instance).bind("seconds", seconds(lease)));
	}

	@Override
	public Mono<Instant> renew(String instance, Duration lease) {
		return time(client().sql(RENEW).bind("id", instance).bind("seconds", seconds(lease)));
	}

	@Override
	public Mono<Set<String>> alive() {
		return client().sql(ALIVE).mapValue(String.class).all().collect(Collectors.toSet());
	}

	@Override
	public Mono<Void> release(String instance) {
		return run(client().sql(RELEASE).bind("id", instance)).then();
	}

	@Override
	public Mono<Instant> open(Mark mark) {
		return time(bind(client().sql(OPEN), mark));
	}

	@Override
	public Flux<Mark> opened() {
		return client().sql(OPENED).map(PostgresInstances::mark).all();
	}

	@Override
	public Mono<Void> strike(Set<String> requests) {
		return requests.isEmpty() ? Mono.empty()
				: run(client().sql(STRIKE).bind("requests", requests.toArray(String[]::new))).then();
	}

	@Override
	public Mono<Void> takeBack(Set<String> requests) {
		return run(client().sql(TAKE_BACK).bind("requests", requests.toArray(String[]::new))).then();
	}

	@Override
	public Mono<Boolean> orphan(Mark mark) {
		Mono<Void> wait = client().sql(WAIT_FOR_WRITERS)
			.bind("client", mark.account().client().value())
			.bind("epoch", mark.account().epoch())
			.then();
		Mono<Boolean> list = bind(client().sql(ORPHAN), mark).bind("ledgerId", Ids.sibling("led_", mark.request()))
			.fetch()
			.rowsUpdated()
			.map((rows) -> rows > 0);
		return Uncancelled.of(this.database.transactions().transactional(wait.then(list)));
	}

	private static DatabaseClient.GenericExecuteSpec bind(DatabaseClient.GenericExecuteSpec statement, Mark mark) {
		return statement.bind("request", mark.request())
			.bind("agency", mark.agency())
			.bind("client", mark.account().client().value())
			.bind("epoch", mark.account().epoch())
			.bind("channel", mark.channel())
			.bind("instance", mark.instance())
			.bind("reservation", mark.reservation())
			.bind("openedAt", mark.openedAt().atOffset(ZoneOffset.UTC));
	}

	private static Mark mark(Readable row) {
		AccountKey account = new AccountKey(new ClientId(Row.text(row, "client_id")),
				Row.get(row, "epoch", Integer.class));
		return new Mark(Row.text(row, "request_id"), Row.text(row, "agency_id"), account, Row.text(row, "channel_id"),
				Row.text(row, "instance"), Row.get(row, "reservation", Long.class),
				Row.get(row, "opened_at", Instant.class));
	}

	private static double seconds(Duration lease) {
		return lease.toMillis() / 1000.0;
	}

	private static Mono<Instant> time(DatabaseClient.GenericExecuteSpec statement) {
		return Uncancelled.of(statement.map((row) -> Row.get(row, "now", Instant.class)).one());
	}

	private static Mono<Long> run(DatabaseClient.GenericExecuteSpec statement) {
		return Uncancelled.of(statement.fetch().rowsUpdated());
	}

	private DatabaseClient client() {
		return this.database.client();
	}

}
