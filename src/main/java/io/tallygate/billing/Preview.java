package io.tallygate.billing;

import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Problem;
import io.tallygate.outbox.LaneAudit;
import io.tallygate.outbox.LaneHour;
import io.tallygate.stripe.MeterEvents;
import io.tallygate.stripe.StripeCatalogue;
import io.tallygate.stripe.StripeInvoice;
import io.tallygate.stripe.StripeInvoices;
import io.tallygate.stripe.StripePrice;
import io.tallygate.stripe.StripeSubscription;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What a client's next invoice would be: Stripe's preview, our own figure beside it, and
 * the difference explained. Nothing is kept.
 */
class Preview {

	/** Stripe groups usage by hours for so long at most. */
	static final Duration REACH_MAX = Duration.ofDays(93);

	private final Payments payments;

	private final StripeCatalogue catalogue;

	private final StripeInvoices invoices;

	private final MeterEvents meterEvents;

	private final LaneAudit audit;

	private final Clock clock;

	Preview(Payments payments, StripeCatalogue catalogue, StripeInvoices invoices, MeterEvents meterEvents,
			LaneAudit audit, Clock clock) {
		this.payments = payments;
		this.catalogue = catalogue;
		this.invoices = invoices;
		this.meterEvents = meterEvents;
		this.audit = audit;
		this.clock = clock;
	}

	/**
	 * What was found.
	 *
	 * @param subscription that bills the client
	 * @param item of it that does
	 * @param figures beside each other
	 * @param difference explained
	 */
	record Compared(StripeSubscription subscription, StripeSubscription.Item item, PreviewDifference.Figures figures,
			PreviewDifference difference) {
	}

	/** The next invoice of a client that a subscription bills. */
	Mono<Compared> next(AgencyId agency, ClientId client) {
		return this.payments.billed(agency, client)
			.flatMap((found) -> subscription(agency, found)
				.flatMap((subscription) -> compared(agency, found, subscription)))
			.onErrorMap(StripeProblems::told);
	}

	private Mono<StripeSubscription> subscription(AgencyId agency, ClientsAtStripe.Found found) {
		return this.catalogue.subscriptions(agency, found.customer())
			.flatMap((all) -> Mono.justOrEmpty(all.stream().filter((each) -> each.bills(found.price())).findFirst()))
			.switchIfEmpty(Mono.error(() -> new Problem(422, "not_subscribed", "The customer " + found.customer()
					+ " has no subscription to the price " + found.price() + ": there is no next invoice")));
	}

	private Mono<Compared> compared(AgencyId agency, ClientsAtStripe.Found found, StripeSubscription subscription) {
		StripeSubscription.Item item = subscription.items()
			.stream()
			.filter((each) -> each.priceId().equals(found.price()))
			.findFirst()
			.orElseThrow();
		Instant now = this.clock.instant();
		Instant from = (item.periodStart() != null) ? item.periodStart() : now.truncatedTo(ChronoUnit.HOURS);
		return Mono
			.zip(this.catalogue.price(agency, found.price()),
					this.invoices.preview(agency, found.customer(), subscription.id()))
			.flatMap((both) -> figures(agency, found, subscription, both.getT1(), both.getT2(), from, now))
			.map((figures) -> new Compared(subscription, item, figures, PreviewDifference.of(figures)));
	}

	private Mono<PreviewDifference.Figures> figures(AgencyId agency, ClientsAtStripe.Found found,
			StripeSubscription subscription, StripePrice price, StripeInvoice preview, Instant from, Instant now) {
		Instant hour = from.truncatedTo(ChronoUnit.HOURS);
		Instant end = now.truncatedTo(ChronoUnit.HOURS).plus(Duration.ofHours(1));
		return lane(agency, found, price).flatMap((lane) -> this.meterEvents
			.summary(agency, lane.lane().meterId(), lane.lane().customer(), from.truncatedTo(ChronoUnit.MINUTES), end)
			.flatMap((counted) -> Mono.zip(this.audit.hours(lane.lane(), hour, end),
					this.audit.hours(lane.lane(), hour, from),
					(hours, before) -> figures(subscription, price, preview, counted, hours, before))));
	}

	/**
	 * We count by hours, and periods begin within one: what is dated into the period
	 * before is taken off.
	 */
	private static PreviewDifference.Figures figures(StripeSubscription subscription, StripePrice price,
			StripeInvoice preview, BigDecimal counted, List<LaneHour> hours, List<LaneHour> before) {
		long delivered = sum(hours, LaneHour::delivered) - sum(before, LaneHour::delivered);
		long used = sum(hours, LaneHour::crossed) + sum(hours, LaneHour::other) - sum(hours, LaneHour::discarded)
				- sum(before, LaneHour::delivered) - sum(before, LaneHour::underWay) - sum(before, LaneHour::parked);
		return new PreviewDifference.Figures(price, "trialing".equals(subscription.status()), used, delivered,
				counted.longValue(), preview);
	}

	private static long sum(List<LaneHour> hours, ToLongFunction<LaneHour> column) {
		return hours.stream().mapToLong(column).sum();
	}

	private Mono<LaneAudit.ClientLane> lane(AgencyId agency, ClientsAtStripe.Found found, StripePrice price) {
		return this.audit.lanes(agency, found.id())
			.flatMap((lanes) -> Mono.justOrEmpty(lanes.stream()
				.filter((lane) -> lane.lane().customer().equals(found.customer())
						&& lane.lane().meterId().equals(price.meterId()))
				.findFirst()))
			.switchIfEmpty(Mono.error(() -> new Problem(422, "price_mode_mismatch", "The price " + price.id()
					+ " reads another meter than the client reports to: hold its terms against Stripe")));
	}

	/** What Stripe counts of a client, by hour; hours of nothing are left out. */
	Mono<Map<Instant, BigDecimal>> counted(AgencyId agency, ClientId client, Instant from, Instant to) {
		List<Instant> hours = new java.util.ArrayList<>();
		for (Instant hour = from.truncatedTo(ChronoUnit.HOURS); hour
			.isBefore(to); hour = hour.plus(Duration.ofHours(1))) {
			hours.add(hour);
		}
		return this.payments.billed(agency, client)
			.then(Mono.defer(() -> this.audit.lanes(agency, client)))
			.flatMapMany(Flux::fromIterable)
			.concatMap(
					(lane) -> this.meterEvents.summaries(agency, lane.lane().meterId(), lane.lane().customer(), hours))
			.reduce(new java.util.TreeMap<Instant, BigDecimal>(), (sum, seen) -> {
				seen.forEach((hour, units) -> sum.merge(hour, units, BigDecimal::add));
				return sum;
			})
			.<Map<Instant, BigDecimal>>map((sum) -> {
				sum.values().removeIf((units) -> units.signum() == 0);
				return sum;
			})
			.onErrorMap(StripeProblems::told);
	}

}
