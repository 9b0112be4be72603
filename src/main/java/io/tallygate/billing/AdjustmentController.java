package io.tallygate.billing;

import java.math.BigDecimal;
import java.time.Clock;
import java.time.Instant;

import io.tallygate.core.AdminRequest;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Caller;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.MeterEventId;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import io.tallygate.outbox.Adjustment;
import io.tallygate.outbox.Adjustments;
import io.tallygate.stripe.StripeCatalogue;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Corrections of what a client is billed. */
@RestController
class AdjustmentController {

	private static final BigDecimal QUANTITY_MAX = BigDecimal.valueOf(1_000_000_000_000L);

	private static final int DECIMALS = 3;

	private static final int REASON_MAX = 500;

	private static final String PRICE = """
			select stripe_price_id from epoch where client_id = :client and epoch = :epoch and stripe_price_id is not null
			""";

	private final Adjustments adjustments;

	private final StripeCatalogue catalogue;

	private final Database.OfTenant database;

	private final Clock clock;

	AdjustmentController(Adjustments adjustments, StripeCatalogue catalogue, Database.OfTenant database, Clock clock) {
		this.adjustments = adjustments;
		this.catalogue = catalogue;
		this.database = database;
		this.clock = clock;
	}

	/**
	 * What is to be corrected.
	 *
	 * @param quantity tokens or messages, negative where too much was counted
	 * @param reason for whoever reads the ledger
	 * @param occurredAt when what is corrected did; now if absent
	 * @param meterEventId the meter event that reported it, if one is known
	 */
	record Body(@Nullable BigDecimal quantity, @Nullable String reason, @Nullable Instant occurredAt,
			@Nullable String meterEventId) {

		Adjustments.Wanted wanted(Instant now) {
			return new Adjustments.Wanted(quantityInBounds(), thousandths(), reasonInBounds(), past(now), event());
		}

		private BigDecimal quantityInBounds() {
			BigDecimal given = this.quantity;
			if (given == null || given.signum() == 0 || given.abs().compareTo(QUANTITY_MAX) > 0
					|| given.stripTrailingZeros().scale() > DECIMALS) {
				throw Problem.invalid("/quantity", "quantity must not be 0, at most " + QUANTITY_MAX
						+ " either way, with at most 3 decimals, but was " + abbreviated(given));
			}
			return given;
		}

		private long thousandths() {
			return quantityInBounds().movePointRight(DECIMALS).longValueExact();
		}

		private String reasonInBounds() {
			String given = this.reason;
			if (given == null || given.isBlank() || given.length() > REASON_MAX) {
				throw Problem.invalid("/reason", "reason is required, with 1 to " + REASON_MAX + " characters, but had "
						+ ((given != null) ? given.strip().length() : 0));
			}
			return given.strip();
		}

		private @Nullable Instant past(Instant now) {
			Instant given = this.occurredAt;
			if (given != null && this.meterEventId != null) {
				throw Problem.invalid("/occurred_at",
						"occurred_at and meter_event_id exclude each other: a meter event " + "has its own time");
			}
			if (given != null && given.isAfter(now)) {
				throw Problem.invalid("/occurred_at", "occurred_at must not be in the future but was " + given);
			}
			return given;
		}

		private @Nullable MeterEventId event() {
			String given = this.meterEventId;
			if (given != null && !Ids.isId(MeterEventId.PREFIX, given)) {
				throw Adjustments.unknownEvent(abbreviated(given));
			}
			return (given != null) ? new MeterEventId(given) : null;
		}

		/** What is far too long is told by its beginning. */
		private static String abbreviated(@Nullable Object given) {
			String text = String.valueOf(given);
			return (text.length() <= 40) ? text : text.substring(0, 40) + "…";
		}

	}

	/**
	 * What became of it.
	 *
	 * @param id of its line in the ledger
	 * @param clientId who is billed
	 * @param epoch the client's epoch that is corrected
	 * @param quantity tokens or messages
	 * @param reason as it was given
	 * @param way how Stripe learns of it
	 * @param value what Stripe is told; none where it is told nothing
	 * @param occurredAt when Stripe is told that it occurred
	 * @param late whether that is in a later period than what is corrected
	 * @param meterEventId the meter event that tells Stripe, as soon as its lane is free
	 * @param cancels the identifier of the meter event that is taken back
	 * @param credit what a person does where Stripe cannot be told
	 * @param createdAt when it was made
	 */
	record Made(String id, String clientId, int epoch, BigDecimal quantity, String reason, Adjustment.Way way,
			@Nullable Long value, Instant occurredAt, boolean late, @Nullable String meterEventId,
			@Nullable String cancels, @Nullable CreditProposal credit, Instant createdAt) {

		static Made of(Adjustment adjustment, @Nullable CreditProposal credit) {
			boolean isSent = adjustment.way().isSent();
			BigDecimal quantity = BigDecimal.valueOf(adjustment.quantity(), DECIMALS).stripTrailingZeros();
			return new Made(adjustment.id(), adjustment.client().value(), adjustment.epoch(),
					(quantity.scale() < 0) ? quantity.setScale(0) : quantity, adjustment.reason(), adjustment.way(),
					isSent ? adjustment.value() : null, adjustment.occurredAt(), adjustment.late(),
					isSent ? adjustment.eventId().value() : null, adjustment.cancels(), credit, adjustment.createdAt());
		}

	}

	@PostMapping("/admin/v1/clients/{id}/adjustments")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<Made> adjust(Caller.OfAgency caller, AdminRequest request, @PathVariable String id, @RequestBody Body body) {
		if (!Ids.isId(ClientId.PREFIX, id)) {
			throw Problem.notFound("client", id);
		}
		Adjustments.Wanted wanted = body.wanted(this.clock.instant());
		return this.adjustments.make(caller.agency(), new ClientId(id), wanted, request)
			.flatMap((adjustment) -> (adjustment.way() != Adjustment.Way.CREDIT_PROPOSAL)
					? Mono.just(Made.of(adjustment, null))
					: proposal(caller.agency(), adjustment).map((credit) -> Made.of(adjustment, credit)));
	}

	/** The correction stands, whether or not Stripe says what it costs. */
	private Mono<CreditProposal> proposal(AgencyId agency, Adjustment adjustment) {
		return Uncancelled
			.of(this.database.as(agency,
					this.database.client()
						.sql(PRICE)
						.bind("client", adjustment.client().value())
						.bind("epoch", adjustment.epoch())
						.mapValue(String.class)
						.one()))
			.flatMap((price) -> this.catalogue.price(agency, price))
			.map((price) -> CreditProposal.of(adjustment.value(), price))
			.onErrorResume((error) -> Mono.empty())
			.defaultIfEmpty(CreditProposal.of(adjustment.value(), null));
	}

}
