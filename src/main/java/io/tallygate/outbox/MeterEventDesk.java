package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.UnaryOperator;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import io.tallygate.stripe.MeterEventAnswer;
import io.tallygate.stripe.MeterEvents;
import reactor.core.publisher.Mono;

import org.springframework.dao.DuplicateKeyException;

/**
 * What is decided about single meter events outside of their delivery: a person retries
 * or discards a parked one, and Stripe refuses later what it had accepted.
 */
public class MeterEventDesk {

	private static final String LOCKED = """
			select %s from meter_event m where m.id = :id for update of m
			""".formatted(MeterEventColumns.SELECT);

	private static final String BY_IDENTIFIER = """
			select %s from meter_event m where m.identifier = :identifier and m.agency_id = :agency for update of m
			""".formatted(MeterEventColumns.SELECT);

	private final Database.OfSystem database;

	private final MeterEventTable table;

	private final Outbox outbox;

	private final MeterEvents stripe;

	private final Ids ids;

	private final InstantSource clock;

	MeterEventDesk(Database.OfSystem database, Outbox outbox, MeterEvents stripe, Ids ids, InstantSource clock) {
		this.database = database;
		this.table = new MeterEventTable(database.client());
		this.outbox = outbox;
		this.stripe = stripe;
		this.ids = ids;
		this.clock = clock;
	}

	/** What became of an event that Stripe refuses after it had accepted it. */
	public enum RefusedLater {

		/** It counted as delivered and is parked now. */
		PARKED,
		/** It is not known here that Stripe had accepted it: ask again. */
		UNDER_WAY,
		/** It counted as delivered no more. */
		KNOWN,
		/** It is none of this agency's. */
		FOREIGN

	}

	/**
	 * Stripe refuses an event that it had accepted. The event is parked; one that is not
	 * delivered, or not this agency's, is left as it is.
	 */
	public Mono<RefusedLater> refusedLater(AgencyId agency, String identifier, MeterEventAnswer.Refused refused) {
		Mono<RefusedLater> parked = this.database.client()
			.sql(BY_IDENTIFIER)
			.bind("identifier", identifier)
			.bind("agency", agency.value())
			.map((Readable row) -> MeterEventColumns.row(row))
			.one()
			.flatMap((row) -> refusedLater(row, refused))
			.defaultIfEmpty(RefusedLater.FOREIGN);
		return Uncancelled.of(this.database.transactions().transactional(parked));
	}

	private Mono<RefusedLater> refusedLater(MeterEventRow row, MeterEventAnswer.Refused refused) {
		return switch (row.delivery().state()) {
			case DELIVERED ->
				this.table.update(row.with(NextState.refused(row.delivery(), refused))).thenReturn(RefusedLater.PARKED);
			case DUE, SENDING -> Mono.just(RefusedLater.UNDER_WAY);
			case PARKED, REPLACED -> Mono.just(RefusedLater.KNOWN);
		};
	}

	/**
	 * Sends a parked event again: the same row where Stripe never had it, else, once the
	 * summaries lack it, a successor under a new identifier.
	 * @return the row that goes out
	 */
	public Mono<MeterEventRow> retry(MeterEventRow row) {
		Instant now = this.clock.instant();
		Mono<MeterEventRow> retried = ParkedMeterEvent.of(row).wasAtStripe() ? replace(row, now)
				: change(row.id(), (parked) -> ParkedMeterEvent.of(parked).retried(now));
		return retried.onErrorMap(DuplicateKeyException.class, (ex) -> new Problem(409, "lane_busy",
				"Another meter event of this customer and meter is under way; try again when it is delivered"));
	}

	/** Gives a parked event up: its units are not charged, and its lane goes on. */
	Mono<MeterEventRow> discard(MeterEventRow row) {
		return change(row.id(), (parked) -> ParkedMeterEvent.of(parked).discarded());
	}

	private Mono<MeterEventRow> replace(MeterEventRow row, Instant now) {
		Instant hour = row.hourAtStripe();
		Mono<BigDecimal> seen = this.stripe.summary(row.lane().agency(), row.lane().meterId(), row.lane().customer(),
				hour, hour.plus(Duration.ofHours(1)));
		MeterEventId successor = new MeterEventId(this.ids.next(MeterEventId.PREFIX));
		return seen
			.zipWith(this.outbox.known(row)
				.switchIfEmpty(Mono.error(() -> new Problem(409, "still_at_stripe",
						"A parked meter event may take something away in the same hour: settle that one first"))),
					(units, known) -> new Finding.Summarised(units, known, now))
			.flatMap((reading) -> replace(row.id(), successor, reading, now));
	}

	private Mono<MeterEventRow> replace(MeterEventId id, MeterEventId successor, Finding.Summarised reading,
			Instant now) {
		Mono<MeterEventRow> replaced = locked(id).flatMap((row) -> {
			MeterEventRow next = ParkedMeterEvent.of(row).replacedBy(successor, reading, now);
			return this.table.update(row.with(row.delivery().replaced()))
				.then(this.table.insert(next))
				.thenReturn(next);
		});
		return Uncancelled.of(this.database.transactions().transactional(replaced));
	}

	private Mono<MeterEventRow> change(MeterEventId id, UnaryOperator<MeterEventRow> rule) {
		Mono<MeterEventRow> changed = locked(id).map(rule).flatMap((row) -> this.table.update(row).thenReturn(row));
		return Uncancelled.of(this.database.transactions().transactional(changed));
	}

	private Mono<MeterEventRow> locked(MeterEventId id) {
		return this.database.client()
			.sql(LOCKED)
			.bind("id", id.value())
			.map((Readable row) -> MeterEventColumns.row(row))
			.one();
	}

}
