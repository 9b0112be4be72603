package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.Optional;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.MeterEventId;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import io.tallygate.metering.DueListener;
import io.tallygate.stripe.MeterEvents;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

import org.springframework.dao.DuplicateKeyException;

/**
 * Reports made-up usage of a client, to see that its set-up works:
 * <ol>
 * <li>a meter event of a kind of its own is put into the client's lane, which has to be
 * free: no ledger line, no total and no cut knows of it;</li>
 * <li>it is delivered like any other, and waited for;</li>
 * <li>what Stripe has aggregated is read back and compared with what was delivered.</li>
 * </ol>
 */
class TestUsage {

	private static final Duration LOOK_EVERY = Duration.ofMillis(200);

	private static final String LOCK = "select id from lane where id = :lane for no key update";

	private static final String STOPPED = """
			select exists (select from meter_event m where m.lane_id = :lane and m.state = 'parked' and m.stops_lane)
			""";

	private static final String FIND = "select %s from meter_event m where m.id = :id"
		.formatted(MeterEventColumns.SELECT);

	private final Database.OfSystem system;

	private final Database.OfTenant tenant;

	private final MeterEventTable table;

	private final Outbox outbox;

	private final MeterEvents stripe;

	private final DueListener lanes;

	private final InstantSource clock;

	private final Scheduler scheduler;

	private final Duration waitMax;

	TestUsage(Database.OfSystem system, Database.OfTenant tenant, Outbox outbox, MeterEvents stripe, DueListener lanes,
			InstantSource clock, Scheduler scheduler, Duration waitMax) {
		this.system = system;
		this.tenant = tenant;
		this.table = new MeterEventTable(system.client());
		this.outbox = outbox;
		this.stripe = stripe;
		this.lanes = lanes;
		this.clock = clock;
		this.scheduler = scheduler;
		this.waitMax = waitMax;
	}

	/**
	 * What became of it.
	 *
	 * @param row the meter event
	 * @param readBack what Stripe has aggregated; none when it could not be read in time
	 */
	record Report(MeterEventRow row, @Nullable ReadBack readBack) {
	}

	/**
	 * What Stripe has aggregated of the customer and meter in the hour of the event.
	 *
	 * @param aggregated by Stripe
	 * @param delivered by us, the test usage included
	 */
	record ReadBack(BigDecimal aggregated, long delivered) {

		boolean agrees() {
			return this.aggregated.compareTo(BigDecimal.valueOf(this.delivered)) == 0;
		}

	}

	/** Reports it, and says what Stripe made of it; a repeat reports nothing again. */
	Mono<Report> report(AgencyId agency, ClientId client, long quantity, AdminRequest request) {
		MeterEventId id = new MeterEventId(request.idOf(MeterEventId.PREFIX));
		Instant latest = this.clock.instant().plus(this.waitMax);
		return target(agency, client).flatMap((target) -> begun(id, client, target, quantity, request))
			.doOnNext((row) -> this.lanes.unitsDue(client, row.epoch()))
			.flatMap((row) -> settled(id, latest))
			.flatMap((row) -> row.is(Delivery.State.DELIVERED)
					? readBack(row, latest).map((read) -> new Report(row, read.orElse(null)))
					: Mono.just(new Report(row, null)));
	}

	private Mono<TestUsageTarget> target(AgencyId agency, ClientId client) {
		return Uncancelled.of(this.tenant.as(agency,
				this.tenant.client()
					.sql(TestUsageTarget.SELECT)
					.bind("client", client.value())
					.map(TestUsageTarget::of)
					.one()))
			.switchIfEmpty(Mono.error(() -> Problem.notFound("client", client.value())));
	}

	/** The row in its lane; the one that an attempt before this has put there. */
	private Mono<MeterEventRow> begun(MeterEventId id, ClientId client, TestUsageTarget target, long quantity,
			AdminRequest request) {
		Mono<MeterEventRow> begun = Mono.defer(() -> {
			Lane lane = target.open();
			MeterEventRow row = row(id, client, target.epoch(), lane, target.value(quantity));
			// From here on a repeat has to find the row and put none beside it.
			request.reachOut();
			return this.system.client()
				.sql(LOCK)
				.bind("lane", lane.id())
				.fetch()
				.one()
				.then(refuseStopped(lane))
				.then(this.table.insert(row))
				.thenReturn(row);
		});
		return find(id).switchIfEmpty(Mono.defer(() -> Uncancelled.of(this.system.transactions().transactional(begun))))
			.onErrorMap(DuplicateKeyException.class, (ex) -> new Problem(409, "lane_busy",
					"A meter event of this customer and meter is under way; try again when it is delivered"));
	}

	private Mono<Void> refuseStopped(Lane lane) {
		return this.system.client()
			.sql(STOPPED)
			.bind("lane", lane.id())
			.mapValue(Boolean.class)
			.one()
			.flatMap((stopped) -> stopped
					? Mono.error(new Problem(409, "lane_busy",
							"A parked meter event stops this customer and meter: retry or discard it first"))
					: Mono.empty());
	}

	private MeterEventRow row(MeterEventId id, ClientId client, int epoch, Lane lane, long value) {
		Instant now = this.clock.instant().truncatedTo(ChronoUnit.SECONDS);
		return new MeterEventRow(id, lane, client, epoch, MeterEventRow.Kind.TEST,
				MeterEventRow.identifier(MeterEventRow.Kind.TEST, id), value, 0, 0, now.truncatedTo(ChronoUnit.HOURS),
				null, 0, 0, false, now, 0, null, null, now, Delivery.due(now));
	}

	private Mono<MeterEventRow> settled(MeterEventId id, Instant latest) {
		return looked(latest).concatMap((look) -> find(id))
			.takeUntil((row) -> row.is(Delivery.State.DELIVERED) || row.is(Delivery.State.PARKED))
			.last();
	}

	/** Stripe aggregates later than it accepts: it is asked until it agrees. */
	private Mono<Optional<ReadBack>> readBack(MeterEventRow row, Instant latest) {
		Instant hour = row.hourAtStripe();
		Lane lane = row.lane();
		return looked(latest)
			.concatMap((look) -> this.stripe
				.summary(lane.agency(), lane.meterId(), lane.customer(), hour, hour.plus(Duration.ofHours(1)))
				.zipWith(this.outbox.known(row), ReadBack::new)
				.onErrorResume((error) -> Mono.empty()))
			.takeUntil(ReadBack::agrees)
			.takeLast(1)
			.next()
			.map(Optional::of)
			.defaultIfEmpty(Optional.empty());
	}

	/** Looks from now on until the time is over, at least one. */
	private Flux<Long> looked(Instant latest) {
		return Flux.interval(Duration.ZERO, LOOK_EVERY, this.scheduler)
			.onBackpressureDrop()
			.takeUntil((look) -> !this.clock.instant().isBefore(latest));
	}

	private Mono<MeterEventRow> find(MeterEventId id) {
		return Uncancelled.of(this.system.client()
			.sql(FIND)
			.bind("id", id.value())
			.map((Readable row) -> MeterEventColumns.row(row))
			.one());
	}

}
