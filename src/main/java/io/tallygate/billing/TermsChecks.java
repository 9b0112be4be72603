package io.tallygate.billing;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * When each billed client's terms are held against Stripe next. A row is taken up under a
 * lease, so any number of instances may share the night.
 */
class TermsChecks {

	/** The work of a night is spread over so long. */
	private static final Duration SPREAD = Duration.ofHours(2);

	private static final int MISSING_AT_ONCE = 500;

	private static final String MISSING = """
			select c.id, c.agency_id, a.time_zone
			from client c
			join epoch e on e.client_id = c.id and e.epoch = c.epoch and e.lane_id is not null
			join agency a on a.id = c.agency_id
			where c.archived_at is null and not exists (select from terms_check t where t.client_id = c.id)
			limit :limit
			""";

	private static final String ADD = """
			insert into terms_check (client_id, agency_id, due_at) values (:client, :agency, :due_at)
			on conflict (client_id) do nothing
			""";

	/**
	 * An agency that is suspended or not connected is left alone: its delivery says so.
	 */
	private static final String TAKE = """
			update terms_check set owner = :owner, lease_until = :lease_until
			where client_id in (
			  select t.client_id from terms_check t
			  join agency a on a.id = t.agency_id and a.status = 'active'
			  join stripe_connection s on s.agency_id = t.agency_id
			  where t.due_at <= :now and t.lease_until <= :now
			  order by t.due_at limit :limit for update of t skip locked)
			returning client_id, agency_id
			""";

	private static final String SETTLE = """
			update terms_check t set due_at = :due_at, checked_at = :now, owner = null, lease_until = '-infinity'
			where client_id = :client and (owner = :owner or cast(:owner as text) is null)
			""";

	private static final String DROP = "delete from terms_check where client_id = :client";

	private static final String DUE_NOW = """
			update terms_check set due_at = :now
			where client_id in (select client_id from lane where agency_id = :agency and meter_id = :meter)
			""";

	private static final String ZONE = "select time_zone from agency where id = :agency";

	private static final String STANDING = """
			select (select count(distinct client_id) from client_alarm) as alarmed,
			  (select min(due_at) from terms_check where due_at <= :now) as oldest_due_at
			""";

	private final Database.OfSystem database;

	private final int hour;

	TermsChecks(Database.OfSystem database, int hour) {
		this.database = database;
		this.hour = hour;
	}

	/**
	 * A client whose night has come.
	 *
	 * @param agency whose client it is
	 * @param client to be looked at
	 */
	record Due(AgencyId agency, ClientId client) {

		static Due of(Readable row) {
			return new Due(new AgencyId(Row.text(row, "agency_id")), new ClientId(Row.text(row, "client_id")));
		}

	}

	/**
	 * How the checks stand.
	 *
	 * @param alarmed clients with an alarm of any source
	 * @param oldestDueAt since when the one waits that waits longest, if any
	 */
	record Standing(long alarmed, @Nullable Instant oldestDueAt) {
	}

	/** Gives clients that are new here their first night. */
	Mono<Void> addMissing(Instant now) {
		return this.database.client()
			.sql(MISSING)
			.bind("limit", MISSING_AT_ONCE)
			.map((row) -> List.of(Row.text(row, "id"), Row.text(row, "agency_id"), Row.text(row, "time_zone")))
			.all()
			.collectList()
			.flatMapMany(Flux::fromIterable)
			.concatMap((found) -> this.database.client()
				.sql(ADD)
				.bind("client", found.get(0))
				.bind("agency", found.get(1))
				.bind("due_at", nextNight(now, ZoneId.of(found.get(2)), new ClientId(found.get(0))))
				.fetch()
				.rowsUpdated())
			.then();
	}

	/** Takes up to so many clients up whose night has come. */
	Flux<Due> take(String owner, Instant now, Duration lease, int limit) {
		return Uncancelled
			.of(this.database.client()
				.sql(TAKE)
				.bind("owner", owner)
				.bind("lease_until", now.plus(lease))
				.bind("now", now)
				.bind("limit", limit)
				.map(Due::of)
				.all()
				.collectList())
			.flatMapMany(Flux::fromIterable);
	}

	/**
	 * The client was looked at; the next time comes with the next night, or sooner.
	 * @param owner who had taken it up; {@code null} if a person asked
	 */
	Mono<Void> settle(Due due, @Nullable String owner, Instant now, @Nullable Duration again) {
		Mono<Instant> next = (again != null) ? Mono.just(now.plus(again))
				: this.database.client()
					.sql(ZONE)
					.bind("agency", due.agency().value())
					.mapValue(String.class)
					.one()
					.map((zone) -> nextNight(now, ZoneId.of(zone), due.client()));
		return Uncancelled.of(next.flatMap((at) -> this.database.client()
			.sql(SETTLE)
			.bind("client", due.client().value())
			.bind("owner", Database.nullable(String.class, owner))
			.bind("due_at", at)
			.bind("now", now)
			.fetch()
			.rowsUpdated())).then();
	}

	/** The client is billed no more. */
	Mono<Void> drop(ClientId client) {
		return this.database.client().sql(DROP).bind("client", client.value()).fetch().rowsUpdated().then();
	}

	/** Clients that report to this meter are to be looked at now. */
	Mono<Void> dueNow(AgencyId agency, String meterId, Instant now) {
		return Uncancelled
			.of(this.database.client()
				.sql(DUE_NOW)
				.bind("agency", agency.value())
				.bind("meter", meterId)
				.bind("now", now)
				.fetch()
				.rowsUpdated())
			.then();
	}

	Mono<Standing> standing(Instant now) {
		return this.database.client()
			.sql(STANDING)
			.bind("now", now)
			.map((row) -> new Standing(Row.number(row, "alarmed"), row.get("oldest_due_at", Instant.class)))
			.one();
	}

	/**
	 * The next time after {@code now} in the night of this zone, at a minute that follows
	 * from the client, so that not all come at once.
	 */
	Instant nextNight(Instant now, ZoneId zone, ClientId client) {
		long minute = Math.floorMod(client.value().hashCode(), SPREAD.toMinutes());
		LocalDate today = now.atZone(zone).toLocalDate();
		ZonedDateTime tonight = today.atTime(this.hour, 0).atZone(zone).plusMinutes(minute);
		return (tonight.toInstant().isAfter(now) ? tonight
				: today.plusDays(1).atTime(this.hour, 0).atZone(zone).plusMinutes(minute))
			.toInstant();
	}

}
