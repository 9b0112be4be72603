package io.tallygate.billing;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;

import io.tallygate.client.CurrentPeriods;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Caller;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.Problem;
import io.tallygate.stripe.StripeInvoice;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** What Stripe makes of a client's usage. */
@RestController
@RequestMapping("/admin/v1/clients/{id}")
class PreviewController {

	private final Preview preview;

	private final CurrentPeriods periods;

	private final Clock clock;

	PreviewController(Preview preview, CurrentPeriods periods, Clock clock) {
		this.preview = preview;
		this.periods = periods;
		this.clock = clock;
	}

	/**
	 * The next invoice, as Stripe sees it and as we do.
	 *
	 * @param clientId whose
	 * @param subscriptionId that bills it
	 * @param periodStart of the period that runs
	 * @param periodEnd of the period that runs, exclusive
	 * @param stripe Stripe's preview
	 * @param local our own figure
	 * @param difference explained
	 */
	record Shown(String clientId, String subscriptionId, @Nullable Instant periodStart, @Nullable Instant periodEnd,
			Stripe stripe, Local local, PreviewDifference difference) {

		static Shown of(ClientId client, Preview.Compared compared) {
			StripeInvoice invoice = compared.figures().preview();
			PreviewDifference.Figures figures = compared.figures();
			BigDecimal estimate = figures.estimate();
			return new Shown(client.value(), compared.subscription().id(), compared.item().periodStart(),
					compared.item().periodEnd(),
					new Stripe(invoice.currency(), invoice.subtotal(), invoice.total(), invoice.amountDue(),
							figures.counted(), invoice.lines()),
					new Local(figures.used(), figures.delivered(), figures.used() - figures.delivered(),
							(estimate != null) ? estimate.setScale(0, RoundingMode.HALF_UP).longValueExact() : null),
					compared.difference());
		}

	}

	/**
	 * Stripe's preview, in minor units.
	 *
	 * @param currency lower case
	 * @param subtotal before discounts and tax
	 * @param total after them
	 * @param amountDue what the customer would be asked for
	 * @param unitsCounted what Stripe counts of the period
	 * @param lines what it would bill
	 */
	record Stripe(String currency, long subtotal, long total, long amountDue, long unitsCounted,
			List<StripeInvoice.Line> lines) {

		Stripe {
			lines = List.copyOf(lines);
		}

	}

	/**
	 * Our own figure.
	 *
	 * @param unitsUsed in the period
	 * @param unitsDelivered of these, what Stripe has accepted
	 * @param unitsWaiting of these, what it has not
	 * @param estimatedAmount of all that was used, in minor units; none where the price
	 * does not say
	 */
	record Local(long unitsUsed, long unitsDelivered, long unitsWaiting, @Nullable Long estimatedAmount) {
	}

	/**
	 * What Stripe counts.
	 *
	 * @param clientId whose
	 * @param from inclusive, on an hour
	 * @param to exclusive
	 * @param units of all
	 * @param hours those in which there are any, oldest first
	 */
	record Summaries(String clientId, Instant from, Instant to, BigDecimal units, List<Hour> hours) {

		Summaries {
			hours = List.copyOf(hours);
		}

	}

	/**
	 * One UTC hour.
	 *
	 * @param start when it begins
	 * @param units that Stripe counts in it
	 */
	record Hour(Instant start, BigDecimal units) {
	}

	@GetMapping("/invoice_preview")
	Mono<Shown> next(Caller.OfAgency caller, @PathVariable String id) {
		ClientId client = client(id);
		return this.preview.next(caller.agency(), client).map((compared) -> Shown.of(client, compared));
	}

	/**
	 * What Stripe has aggregated; in the client's current period until now if no time is
	 * given.
	 */
	@GetMapping("/event_summaries")
	Mono<Summaries> summaries(Caller.OfAgency caller, @PathVariable String id,
			@RequestParam(required = false) @Nullable Instant from,
			@RequestParam(required = false) @Nullable Instant to) {
		ClientId client = client(id);
		Instant now = this.clock.instant();
		if (from != null || to != null) {
			Instant end = (to != null) ? to : now;
			return summaries(caller.agency(), client, (from != null) ? from : monthOf(end), end);
		}
		return this.periods.of(caller.agency(), client)
			.flatMap((period) -> summaries(caller.agency(), client, latest(period.start(), now), now));
	}

	/** Of a period that is a year long, as much as can be asked for at once. */
	private static Instant latest(Instant start, Instant end) {
		Instant earliest = end.minus(Preview.REACH_MAX).plus(Duration.ofHours(1));
		return start.isBefore(earliest) ? earliest : start;
	}

	private Mono<Summaries> summaries(AgencyId agency, ClientId client, Instant from, Instant end) {
		Instant start = from.truncatedTo(ChronoUnit.HOURS);
		if (!start.isBefore(end) || Duration.between(start, end).compareTo(Preview.REACH_MAX) > 0) {
			throw Problem.invalid("/from",
					"from must be before to, by at most " + Preview.REACH_MAX.toDays() + " days");
		}
		return this.preview.counted(agency, client, start, end)
			.map((counted) -> new Summaries(client.value(), start, end,
					counted.values().stream().reduce(BigDecimal.ZERO, BigDecimal::add),
					counted.entrySet().stream().map((each) -> new Hour(each.getKey(), each.getValue())).toList()));
	}

	private static Instant monthOf(Instant end) {
		return end.minusNanos(1).atZone(ZoneOffset.UTC).withDayOfMonth(1).truncatedTo(ChronoUnit.DAYS).toInstant();
	}

	private static ClientId client(String id) {
		if (!Ids.isId(ClientId.PREFIX, id)) {
			throw Problem.notFound("client", id);
		}
		return new ClientId(id);
	}

}
