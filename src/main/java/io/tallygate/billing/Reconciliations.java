package io.tallygate.billing;

import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The runs of the past and those that are due, in PostgreSQL. Nothing is ever deleted.
 */
class Reconciliations {

	private static final String QUEUE = """
			insert into reconciliation (id, agency_id, client_id, from_at, to_at, cause, once, follows, depth, due_at, created_at)
			values (:id, :agency, :client, :from, :to, :cause, :once, :follows, :depth, :due, :now)
			on conflict (agency_id, once) do nothing
			""";

	/** Agencies with a lane to the account that is connected. */
	private static final String HOURLY = """
			select a.id from agency a
			join stripe_connection s on s.agency_id = a.id
			where a.status = 'active'
			  and exists (select from lane l where l.agency_id = a.id and l.stripe_account = s.account_id
			    and l.livemode = s.livemode)
			  and not exists (select from reconciliation r where r.agency_id = a.id and r.once = :once)
			order by a.id limit 100
			""";

	private static final String TAKE = """
			update reconciliation r set state = 'running', owner = :owner, lease_until = :lease_until, attempts = r.attempts + 1
			where r.id in (
			  select id from reconciliation where state in ('queued', 'running') and due_at <= :now and lease_until <= :now
			  order by due_at limit :limit for update skip locked)
			returning %s
			"""
		.formatted(Reconciliation.SELECT);

	private static final String RENEW = """
			update reconciliation set lease_until = :lease_until where id = :id and owner = :owner and attempts = :attempts
			""";

	private static final String AGAIN = """
			update reconciliation set state = case when attempts >= :most then 'failed' else 'queued' end, error = :error,
			  due_at = :due, owner = null, lease_until = '-infinity',
			  finished_at = case when attempts >= :most then cast(:now as timestamptz) end
			where id = :id and owner = :owner and attempts = :attempts
			""";

	private static final String DONE = """
			update reconciliation set state = 'done', clean = :clean, error = null, owner = null, lease_until = '-infinity',
			  finished_at = :now
			where id = :id and owner = :owner and attempts = :attempts
			""";

	private static final String DROP_ROWS = "delete from reconciliation_row where reconciliation_id = :id";

	private static final String DROP_FINDINGS = "delete from reconciliation_finding where reconciliation_id = :id";

	private static final String ROW = """
			insert into reconciliation_row (reconciliation_id, lane_id, agency_id, client_id, ledger_units, outbox_units,
			  delivered_units, other_units, stripe_units, difference, explanation, clean)
			values (:id, :lane, :agency, :client, :ledger, :outbox, :delivered, :other, :stripe, :difference, :explanation, :clean)
			""";

	private static final String FINDING = """
			insert into reconciliation_finding (reconciliation_id, lane_id, agency_id, kind, hour, units, meter_event_id,
			  message, repair, outcome, found_at)
			values (:id, :lane, :agency, :kind, :hour, :units, :event, :message, :repair, :outcome, :now)
			""";

	/**
	 * The same difference, found before and long enough ago, after all attempts. That an
	 * event is parked is no difference yet.
	 */
	private static final String CONFIRMED = """
			select exists (
			  select from reconciliation_finding f
			  where f.lane_id = :lane and f.hour = :hour and f.kind = :kind and f.found_at <= :before
			    and (f.kind <> 'parked' or f.repair in ('look_again', 'accept'))
			    and f.found_at > coalesce((select max(m.last_attempt_at) from meter_event m
			      where m.lane_id = :lane and m.occurred_at >= :hour
			        and m.occurred_at < cast(:hour as timestamptz) + interval '1 hour'), '-infinity')
			  group by f.reconciliation_id having sum(f.units) = :units)
			""";

	private static final String FIND = "select %s from reconciliation r where r.id = :id"
		.formatted(Reconciliation.SELECT);

	private static final String PAGE = "select %s from reconciliation r where true".formatted(Reconciliation.SELECT);

	private static final String ROWS = """
			select r.lane_id, r.client_id, r.ledger_units, r.outbox_units, r.delivered_units, r.other_units, r.stripe_units,
			  r.difference, r.explanation, r.clean, l.customer, l.meter_id
			from reconciliation_row r join lane l on l.id = r.lane_id
			where r.reconciliation_id = :id order by r.client_id, r.lane_id
			""";

	private static final String FINDINGS = """
			select lane_id, kind, hour, units, meter_event_id, message, repair, outcome
			from reconciliation_finding where reconciliation_id = :id order by id limit 1000
			""";

	private static final String STANDING = """
			select count(*) filter (where not coalesce(clean, false)) as unclean from (
			  select distinct on (agency_id) agency_id, clean from reconciliation
			  where state = 'done' and cause in ('hourly', 'follow_up') and created_at > :since
			  order by agency_id, finished_at desc) last
			""";

	private static final int ATTEMPTS_MAX = 5;

	private final Database.OfSystem system;

	private final Database.OfTenant tenant;

	private final Ids ids;

	private final Clock clock;

	Reconciliations(Database.OfSystem system, Database.OfTenant tenant, Ids ids, Clock clock) {
		this.system = system;
		this.tenant = tenant;
		this.ids = ids;
		this.clock = clock;
	}

	/** Queues a run; empty if it was asked for under the same name before. */
	Mono<String> queue(Reconciliation.Wanted wanted) {
		String id = this.ids.next(Reconciliation.PREFIX);
		return queue(id, wanted).filter((made) -> made).map((made) -> id);
	}

	/** Queues a run under this id, once. */
	Mono<Boolean> queue(String id, Reconciliation.Wanted wanted) {
		Reconciliation after = wanted.after();
		return Uncancelled
			.of(this.system.client()
				.sql(QUEUE)
				.bind("id", id)
				.bind("agency", wanted.agency().value())
				.bind("client",
						Database.nullable(String.class, (wanted.client() != null) ? wanted.client().value() : null))
				.bind("from", wanted.from().truncatedTo(ChronoUnit.HOURS))
				.bind("to", nextHour(wanted.to()))
				.bind("cause", wanted.cause().text())
				.bind("once", Database.nullable(String.class, wanted.once()))
				.bind("follows", Database.nullable(String.class, (after != null) ? after.id() : null))
				.bind("depth", (after != null) ? after.depth() + 1 : 0)
				.bind("due", wanted.dueAt())
				.bind("now", this.clock.instant())
				.fetch()
				.rowsUpdated())
			.map((rows) -> rows > 0);
	}

	private static Instant nextHour(Instant at) {
		Instant hour = at.truncatedTo(ChronoUnit.HOURS);
		return hour.equals(at) ? at : hour.plus(Duration.ofHours(1));
	}

	/** Agencies that have not been asked for under this name. */
	Mono<List<AgencyId>> agenciesWithout(String once) {
		return this.system.client()
			.sql(HOURLY)
			.bind("once", once)
			.map((row) -> new AgencyId(Row.text(row, "id")))
			.all()
			.collectList();
	}

	/** Takes up to so many runs up that are due. */
	Flux<Reconciliation> take(String owner, Instant now, Duration lease, int limit) {
		return Uncancelled
			.of(this.system.client()
				.sql(TAKE)
				.bind("owner", owner)
				.bind("lease_until", now.plus(lease))
				.bind("now", now)
				.bind("limit", limit)
				.map(Reconciliation::of)
				.all()
				.collectList())
			.flatMapMany(Flux::fromIterable);
	}

	/** Says that the run is still being made; {@code false} if it is another's by now. */
	Mono<Boolean> renew(Reconciliation run, String owner, Instant until) {
		return Uncancelled
			.of(this.system.client()
				.sql(RENEW)
				.bind("lease_until", until)
				.bind("id", run.id())
				.bind("owner", owner)
				.bind("attempts", run.attempts())
				.fetch()
				.rowsUpdated())
			.map((rows) -> rows > 0);
	}

	/** The run could not be made; it is tried again later, or given up. */
	Mono<Void> again(Reconciliation run, String owner, String error, Instant due) {
		return Uncancelled
			.of(this.system.client()
				.sql(AGAIN)
				.bind("most", ATTEMPTS_MAX)
				.bind("error", (error.length() > 500) ? error.substring(0, 500) : error)
				.bind("due", due)
				.bind("now", this.clock.instant())
				.bind("id", run.id())
				.bind("owner", owner)
				.bind("attempts", run.attempts())
				.fetch()
				.rowsUpdated())
			.then();
	}

	/** Keeps what was found, all at once. */
	Mono<Void> done(Reconciliation run, String owner, List<Reconciliation.LaneResult> results) {
		boolean clean = results.stream().allMatch(Reconciliation.LaneResult::clean);
		Mono<Long> ended = this.system.client()
			.sql(DONE)
			.bind("clean", clean)
			.bind("now", this.clock.instant())
			.bind("id", run.id())
			.bind("owner", owner)
			.bind("attempts", run.attempts())
			.fetch()
			.rowsUpdated();
		Mono<Void> kept = this.system.client()
			.sql(DROP_FINDINGS)
			.bind("id", run.id())
			.then()
			.then(this.system.client().sql(DROP_ROWS).bind("id", run.id()).then())
			.thenMany(Flux.fromIterable(results))
			.concatMap((result) -> keep(run, result))
			.then();
		return Uncancelled
			.of(this.system.transactions().transactional(ended.filter((rows) -> rows > 0).flatMap((rows) -> kept)));
	}

	private Mono<Void> keep(Reconciliation run, Reconciliation.LaneResult result) {
		Mono<Long> row = this.system.client()
			.sql(ROW)
			.bind("id", run.id())
			.bind("lane", result.laneId())
			.bind("agency", run.agency().value())
			.bind("client", result.client().value())
			.bind("ledger", result.ledgerUnits())
			.bind("outbox", result.outboxUnits())
			.bind("delivered", result.deliveredUnits())
			.bind("other", result.otherUnits())
			.bind("stripe", Database.nullable(BigDecimal.class, result.stripeUnits()))
			.bind("difference", Database.nullable(BigDecimal.class, result.difference()))
			.bind("explanation", result.explanation())
			.bind("clean", result.clean())
			.fetch()
			.rowsUpdated();
		return row.thenMany(Flux.fromIterable(result.findings()))
			.concatMap((found) -> keep(run, result.laneId(), found))
			.then();
	}

	private Mono<Long> keep(Reconciliation run, long lane, Reconciliation.Found found) {
		Discrepancy discrepancy = found.discrepancy();
		return this.system.client()
			.sql(FINDING)
			.bind("id", run.id())
			.bind("lane", lane)
			.bind("agency", run.agency().value())
			.bind("kind", discrepancy.kind().text())
			.bind("hour", discrepancy.hour())
			.bind("units", discrepancy.units())
			.bind("event",
					Database.nullable(String.class,
							(discrepancy.row() != null) ? discrepancy.row().id().value() : null))
			.bind("message", discrepancy.message())
			.bind("repair", discrepancy.repair().text())
			.bind("outcome", Database.nullable(String.class, found.outcome()))
			.bind("now", this.clock.instant())
			.fetch()
			.rowsUpdated();
	}

	/** Whether a run before {@code before} has found the same of this hour. */
	Mono<Boolean> isConfirmed(long lane, Instant hour, Discrepancy.Kind kind, BigDecimal units, Instant before) {
		return this.system.client()
			.sql(CONFIRMED)
			.bind("lane", lane)
			.bind("hour", hour)
			.bind("kind", kind.text())
			.bind("units", units)
			.bind("before", before)
			.mapValue(Boolean.class)
			.one();
	}

	/** Agencies whose last run of the last hours was not clean. */
	Mono<Long> unclean(Instant since) {
		return this.system.client().sql(STANDING).bind("since", since).map((row) -> Row.number(row, "unclean")).one();
	}

	/** One run of the agency; a 404 for another's. */
	Mono<Reconciliation> find(AgencyId agency, String id) {
		return Uncancelled
			.of(this.tenant.as(agency, this.tenant.client().sql(FIND).bind("id", id).map(Reconciliation::of).one()))
			.switchIfEmpty(Mono.error(() -> Problem.notFound("reconciliation", id)));
	}

	/** The agency's runs, newest first. */
	Mono<Page<Reconciliation>> page(AgencyId agency, PageRequest page) {
		return Uncancelled.of(this.tenant.as(agency,
				page.of(page.bind(this.tenant.client().sql(PAGE + page.tail("r.id"))).map(Reconciliation::of).all())));
	}

	/** What a run found of each lane. */
	Mono<List<ShownRow>> rows(AgencyId agency, String id) {
		return Uncancelled.of(this.tenant.as(agency,
				this.tenant.client()
					.sql(FINDINGS)
					.bind("id", id)
					.map((row) -> new ShownFinding(Row.number(row, "lane_id"), Row.text(row, "kind"),
							row.get("hour", Instant.class), Row.get(row, "units", BigDecimal.class),
							row.get("meter_event_id", String.class), Row.text(row, "message"), Row.text(row, "repair"),
							row.get("outcome", String.class)))
					.all()
					.collectList()
					.flatMap((findings) -> this.tenant.client()
						.sql(ROWS)
						.bind("id", id)
						.map((row) -> ShownRow.of(row, findings))
						.all()
						.collectList())));
	}

	/**
	 * A difference as it is shown.
	 *
	 * @param laneId ours
	 * @param kind which way they differ
	 * @param hour in which
	 * @param units by how much
	 * @param meterEventId of the meter event that explains it
	 * @param message in plain words
	 * @param repair what was to be done
	 * @param outcome what came of that
	 */
	record ShownFinding(@com.fasterxml.jackson.annotation.JsonIgnore long laneId, String kind, @Nullable Instant hour,
			BigDecimal units, @Nullable String meterEventId, String message, String repair, @Nullable String outcome) {
	}

	/**
	 * A lane as it is shown.
	 *
	 * @param clientId who is billed
	 * @param stripeCustomerId Stripe's
	 * @param meterId Stripe's
	 * @param ledgerUnits completed by ledger lines
	 * @param outboxUnits of these, what stands in meter events
	 * @param deliveredUnits of these, what Stripe accepted
	 * @param otherUnits tests and adjustments that Stripe accepted
	 * @param stripeUnits what Stripe counts
	 * @param difference Stripe's count less all that was delivered
	 * @param explanation in plain words
	 * @param clean whether all of these agree
	 * @param findings one by one
	 */
	record ShownRow(String clientId, String stripeCustomerId, String meterId, long ledgerUnits, long outboxUnits,
			long deliveredUnits, long otherUnits, @Nullable BigDecimal stripeUnits, @Nullable BigDecimal difference,
			String explanation, boolean clean, List<ShownFinding> findings) {

		ShownRow {
			findings = List.copyOf(findings);
		}

		static ShownRow of(Readable row, List<ShownFinding> findings) {
			long lane = Row.number(row, "lane_id");
			return new ShownRow(Row.text(row, "client_id"), Row.text(row, "customer"), Row.text(row, "meter_id"),
					Row.number(row, "ledger_units"), Row.number(row, "outbox_units"),
					Row.number(row, "delivered_units"), Row.number(row, "other_units"),
					row.get("stripe_units", BigDecimal.class), row.get("difference", BigDecimal.class),
					Row.text(row, "explanation"), Boolean.TRUE.equals(row.get("clean", Boolean.class)),
					findings.stream().filter((each) -> each.laneId() == lane).toList());
		}

	}

}
