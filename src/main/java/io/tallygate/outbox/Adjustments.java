package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

import io.r2dbc.spi.Readable;
import io.tallygate.client.Report;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.MeterEventId;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import io.tallygate.metering.AdjustmentLines;
import io.tallygate.metering.DueListener;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.dao.DuplicateKeyException;

/**
 * Takes a person's correction down:
 * <ol>
 * <li>what is corrected is found, and by its age the way in which Stripe learns of it
 * ({@link Adjustment.Plan});</li>
 * <li>it becomes a line of the ledger that touches no total;</li>
 * <li>one that Stripe is told waits until its lane is free, and goes out like any other
 * meter event.</li>
 * </ol>
 * Both are written at once, under names that follow from the request: a repeat finds
 * them.
 */
public class Adjustments {

	private static final String TARGET = """
			select e.epoch, e.report, e.billing_unit, e.divisor, e.charge_by, e.lane_id
			from client c join epoch e on e.client_id = c.id and e.epoch = coalesce(cast(:epoch as integer), c.epoch)
			where c.id = :client and c.agency_id = :agency
			""";

	private static final String NAMED = """
			select %s from meter_event m
			where m.id = :id and m.client_id = :client and m.agency_id = :agency for update of m
			""".formatted(MeterEventColumns.SELECT);

	private final Database.OfSystem database;

	private final AdjustmentLines lines;

	private final AdjustmentTable table;

	private final LaneQueries periods;

	private final DueListener lanes;

	private final InstantSource clock;

	Adjustments(Database.OfSystem database, AdjustmentLines lines, DueListener lanes, InstantSource clock) {
		this.database = database;
		this.lines = lines;
		this.table = new AdjustmentTable(database.client());
		this.periods = new LaneQueries(database.client());
		this.lanes = lanes;
		this.clock = clock;
	}

	/**
	 * What a person wants corrected.
	 *
	 * @param quantity tokens or messages, negative where too much was counted
	 * @param thousandths the same in thousandths
	 * @param reason in the person's words
	 * @param occurredAt when what is corrected did; {@code null} for now, or for the
	 * event's own time
	 * @param event that reported it, if one is to be corrected
	 */
	public record Wanted(BigDecimal quantity, long thousandths, String reason, @Nullable Instant occurredAt,
			@Nullable MeterEventId event) {
	}

	/** Takes it down; a problem for the caller where it cannot be. */
	public Mono<Adjustment> make(AgencyId agency, ClientId client, Wanted wanted, AdminRequest request) {
		String id = request.idOf(Adjustment.PREFIX);
		Mono<Adjustment> made = this.table.find(agency, id)
			.switchIfEmpty(Mono.defer(() -> planned(agency, client, wanted, id)
				.flatMap((planned) -> write(agency, planned, wanted, request))));
		return Uncancelled.of(this.database.transactions().transactional(made))
			.onErrorMap(DuplicateKeyException.class,
					(ex) -> new Problem(409, "already_cancelled",
							"That meter event is taken back already: see its adjustment in the ledger"))
			.doOnNext((adjustment) -> this.lanes.unitsDue(adjustment.client(), adjustment.epoch()));
	}

	private Mono<Planned> planned(AgencyId agency, ClientId client, Wanted wanted, String id) {
		Instant now = this.clock.instant().truncatedTo(ChronoUnit.SECONDS);
		return named(agency, client, wanted.event())
			.flatMap((named) -> target(agency, client, named.map(MeterEventRow::epoch).orElse(null)).zipWith(
					this.periods.closedPeriods(client, now),
					(target, closed) -> planned(client, wanted, id, named.orElse(null), target, closed, now)));
	}

	private static Planned planned(ClientId client, Wanted wanted, String id, @Nullable MeterEventRow named,
			Target target, ClosedPeriods closed, Instant now) {
		Instant asked = wanted.occurredAt();
		Instant at = (named != null) ? named.occurredAt()
				: (asked != null) ? asked.truncatedTo(ChronoUnit.SECONDS) : now;
		Long lane = (named != null) ? Long.valueOf(named.lane().id()) : target.lane();
		if (lane == null) {
			return new Planned(new Adjustment(id, client, target.epoch(), Adjustment.Way.LEDGER, wanted.thousandths(),
					wanted.reason(), at, false, 0, null, now), at, null);
		}
		long value = target.value(wanted);
		if (named != null) {
			checkWithin(value, named);
		}
		Adjustment.Plan plan = Adjustment.Plan.of(value, at, named, closed, now);
		String cancels = (named != null && plan.way() == Adjustment.Way.CANCELLATION) ? named.identifier() : null;
		return new Planned(new Adjustment(id, client, target.epoch(), plan.way(), wanted.thousandths(), wanted.reason(),
				plan.at(), plan.late(), value, cancels, now), at, plan.way().isSent() ? lane : null);
	}

	private static void checkWithin(long value, MeterEventRow named) {
		boolean isOpposite = Long.signum(value) == -Long.signum(named.value());
		if (!isOpposite || Math.abs(value) > Math.abs(named.value())) {
			throw Problem.invalid("/quantity", "Meter event '" + named.id() + "' reported " + named.value()
					+ ": a correction of it takes back that or a part of it, but this one comes to " + value);
		}
	}

	private Mono<Adjustment> write(AgencyId agency, Planned planned, Wanted wanted, AdminRequest request) {
		Adjustment adjustment = planned.adjustment();
		// From here on a repeat has to find it and make none beside it.
		request.reachOut();
		return this.lines
			.add(adjustment.id(), adjustment.client(), adjustment.epoch(), adjustment.quantity(), planned.correctedAt(),
					wanted.reason())
			.then(this.table.insert(agency, adjustment, planned.lane()))
			.thenReturn(adjustment);
	}

	private Mono<Optional<MeterEventRow>> named(AgencyId agency, ClientId client, @Nullable MeterEventId event) {
		return (event == null) ? Mono.just(Optional.empty())
				: this.database.client()
					.sql(NAMED)
					.bind("id", event.value())
					.bind("client", client.value())
					.bind("agency", agency.value())
					.map((Readable row) -> MeterEventColumns.row(row))
					.one()
					.switchIfEmpty(Mono.error(() -> unknownEvent(event.value())))
					.map(Adjustments::correctable)
					.map(Optional::of);
	}

	/** No such meter event, or not of this client: the two are not told apart. */
	public static Problem unknownEvent(String id) {
		String message = "There is no meter event '" + id + "' of this client";
		return new Problem(404, "not_found", message, List.of(new Problem.Field("/meter_event_id", message)));
	}

	private static MeterEventRow correctable(MeterEventRow row) {
		if (row.kind() == MeterEventRow.Kind.TEST || row.cancels() != null) {
			throw Problem.invalid("/meter_event_id",
					"Meter event '" + row.id() + "' reported no usage: there is nothing to correct in it");
		}
		if (!row.is(Delivery.State.DELIVERED)) {
			throw new Problem(409, "not_delivered", "Meter event '" + row.id() + "' is " + row.delivery().state().text()
					+ ": only what Stripe has can be corrected");
		}
		return row;
	}

	private Mono<Target> target(AgencyId agency, ClientId client, @Nullable Integer epoch) {
		return this.database.client()
			.sql(TARGET)
			.bind("client", client.value())
			.bind("agency", agency.value())
			.bind("epoch", Database.nullable(Integer.class, epoch))
			.map(Target::of)
			.one()
			.switchIfEmpty(Mono.error(() -> Problem.notFound("client", client.value())));
	}

	/**
	 * What is going to be written.
	 *
	 * @param adjustment itself
	 * @param correctedAt when what is corrected occurred
	 * @param lane where it goes, if Stripe is told
	 */
	private record Planned(Adjustment adjustment, Instant correctedAt, @Nullable Long lane) {
	}

	/**
	 * The epoch that is corrected.
	 *
	 * @param epoch its number
	 * @param report what a meter event's value is
	 * @param billingUnit how many tokens or messages make one unit
	 * @param divisor thousandths that are reported as 1
	 * @param chargeBy what is counted
	 * @param lane where its usage goes; none where it is metered only
	 */
	private record Target(int epoch, Report report, long billingUnit, long divisor, String chargeBy,
			@Nullable Long lane) {

		static Target of(Readable row) {
			return new Target(MeterEventColumns.number(row, "epoch").intValue(),
					Report.valueOf(MeterEventColumns.text(row, "report").toUpperCase(Locale.ROOT)),
					MeterEventColumns.number(row, "billing_unit").longValue(),
					MeterEventColumns.number(row, "divisor").longValue(), MeterEventColumns.text(row, "charge_by"),
					row.get("lane_id", Long.class));
		}

		/** What is reported for this quantity. */
		long value(Wanted wanted) {
			if (wanted.thousandths() % this.divisor != 0) {
				String rule = (this.report == Report.UNITS)
						? "a multiple of the billing unit, " + this.billingUnit + " " + this.chargeBy
						: "a whole number of " + this.chargeBy;
				throw Problem.invalid("/quantity", "quantity must be " + rule + ", because Stripe is told whole "
						+ "numbers, but was " + wanted.quantity().toPlainString());
			}
			return wanted.thousandths() / this.divisor;
		}

	}

}
