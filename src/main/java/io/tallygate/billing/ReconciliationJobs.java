package io.tallygate.billing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Metric;
import io.tallygate.core.Rounds;
import io.tallygate.stripe.StripeInvoice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Makes the runs that are due: those that somebody asks for, one an hour for each agency,
 * and two for each draft invoice, at once and shortly before it becomes final. Where a
 * run leaves something open, another looks again. The hourly one also reads how clients
 * stand with their payments, because a webhook may have been lost. All state is in
 * PostgreSQL, so any number of instances may do this.
 */
class ReconciliationJobs extends Rounds implements BooksListener {

	private static final Logger logger = LoggerFactory.getLogger(ReconciliationJobs.class);

	/** Usage of the running month, and of the one before while its invoice is a draft. */
	private static final Duration HOURLY_REACH = Duration.ofDays(35);

	/** Enough to mend what the last look before an invoice becomes final finds. */
	private static final Duration BEFORE_FINAL = Duration.ofMinutes(12);

	private final Reconciliations runs;

	private final Reconciling reconciling;

	private final Payments payments;

	private final BillingProperties properties;

	private final Clock clock;

	private final String owner;

	private final MeterRegistry metrics;

	private final AtomicLong unclean = new AtomicLong();

	ReconciliationJobs(Reconciliations runs, Reconciling reconciling, Payments payments, BillingProperties properties,
			Clock clock, Scheduler scheduler, String owner, MeterRegistry metrics) {
		super("Reconciliations could not be made", properties.reconciliationsEvery(), scheduler);
		this.runs = runs;
		this.reconciling = reconciling;
		this.payments = payments;
		this.properties = properties;
		this.clock = clock;
		this.owner = owner;
		this.metrics = metrics;
		Gauge.builder(Metric.RECONCILIATIONS_UNCLEAN.key(), this.unclean, AtomicLong::get)
			.description(Metric.RECONCILIATIONS_UNCLEAN.description())
			.register(metrics);
	}

	/** Queues a run that somebody asks for, under this id. */
	Mono<Void> ask(String id, Reconciliation.Wanted wanted) {
		return this.runs.queue(id, wanted).doOnNext((made) -> ring()).then();
	}

	@Override
	public Mono<Void> drafted(AgencyId agency, ClientId client, StripeInvoice invoice) {
		Instant now = this.clock.instant();
		Instant from = (invoice.periodStart() != null) ? invoice.periodStart() : now.minus(HOURLY_REACH);
		Instant to = (invoice.periodEnd() != null) ? invoice.periodEnd() : now;
		Instant last = (invoice.finalizesAt() != null) ? invoice.finalizesAt().minus(BEFORE_FINAL) : now;
		return Flux.just(now, last.isAfter(now) ? last : now)
			.index()
			.concatMap((due) -> this.runs
				.queue(new Reconciliation.Wanted(agency, client, from, to, Reconciliation.Cause.INVOICE,
						"invoice:" + client + ":" + invoice.id() + ":" + due.getT1(), null, due.getT2())))
			.then()
			.doOnSuccess((done) -> ring());
	}

	/** Nobody knows which usage it was: all of the agency's is looked at. */
	@Override
	public Mono<Void> refusedUnnamed(AgencyId agency, String eventId) {
		Instant now = this.clock.instant();
		return this.runs
			.queue(new Reconciliation.Wanted(agency, null, now.minus(HOURLY_REACH), now, Reconciliation.Cause.REFUSALS,
					"refusals:" + eventId, null, now))
			.doOnNext((id) -> ring())
			.then();
	}

	/** Queues what the hour asks for, and makes all that is due. */
	@Override
	protected Mono<Void> round() {
		int limit = this.properties.reconciliationsAtOnce();
		return Mono.defer(this::queueHourly)
			.then(Mono.defer(this::some))
			.expand((count) -> (count == limit) ? Mono.defer(this::some) : Mono.empty())
			.then(Mono.defer(() -> this.runs.unclean(this.clock.instant().minus(Duration.ofHours(3)))))
			.doOnNext(this.unclean::set)
			.then();
	}

	private Mono<Void> queueHourly() {
		Instant now = this.clock.instant();
		String once = "hourly:" + now.truncatedTo(ChronoUnit.HOURS);
		return this.runs.agenciesWithout(once)
			.flatMapMany(Flux::fromIterable)
			.concatMap((agency) -> this.runs.queue(new Reconciliation.Wanted(agency, null, now.minus(HOURLY_REACH), now,
					Reconciliation.Cause.HOURLY, once, null, spread(agency, now))))
			.then();
	}

	/** Not all agencies at the top of the hour. */
	private Instant spread(AgencyId agency, Instant now) {
		long span = Math.max(1, this.properties.reconciliationSpread().toSeconds());
		return now.plusSeconds(Math.floorMod(agency.value().hashCode(), span));
	}

	private Mono<Integer> some() {
		int limit = this.properties.reconciliationsAtOnce();
		return this.runs.take(this.owner, this.clock.instant(), this.properties.reconciliationLease(), limit)
			.flatMap((run) -> make(run).onErrorResume((error) -> {
				logger.warn("Reconciliation {} could not be settled; its lease lapses", run.id(), error);
				return Mono.empty();
			}).thenReturn(1), limit)
			.reduce(0, Integer::sum);
	}

	private Mono<Void> make(Reconciliation run) {
		return this.reconciling.lanes(run)
			.delayUntil((result) -> this.runs.renew(run, this.owner,
					this.clock.instant().plus(this.properties.reconciliationLease())))
			.collectList()
			.flatMap((results) -> this.runs.done(run, this.owner, results)
				.then(lookAgain(run, results))
				.then(readPayments(run, results))
				.doOnSuccess((done) -> tell(run, results)))
			.onErrorResume((error) -> again(run, error));
	}

	private Mono<Void> again(Reconciliation run, Throwable error) {
		Throwable told = StripeProblems.told(error);
		logger.warn("Reconciliation {} could not be made and is tried again: {}", run.id(), told.getMessage());
		count("again");
		Duration pause = Duration.ofMinutes(1L << Math.min(run.attempts(), 5));
		return this.runs.again(run, this.owner, String.valueOf(told.getMessage()), this.clock.instant().plus(pause));
	}

	private Mono<Void> lookAgain(Reconciliation run, List<Reconciliation.LaneResult> results) {
		if (!Reconciling.isOpen(results) || run.depth() >= Reconciliation.DEPTH_MAX) {
			return Mono.empty();
		}
		Instant due = this.clock.instant().plus(this.properties.reconciliationSettle()).plusSeconds(1);
		return this.runs
			.queue(new Reconciliation.Wanted(run.agency(), run.client(), run.from(), run.to(),
					Reconciliation.Cause.FOLLOW_UP, "after:" + run.id(), run, due))
			.then();
	}

	/** Once an hour, for webhooks that were lost. */
	private Mono<Void> readPayments(Reconciliation run, List<Reconciliation.LaneResult> results) {
		return (run.cause() != Reconciliation.Cause.HOURLY) ? Mono.empty()
				: Flux.fromStream(results.stream().map(Reconciliation.LaneResult::client).distinct())
					.concatMap((client) -> this.payments.refresh(run.agency(), client))
					.then();
	}

	private void tell(Reconciliation run, List<Reconciliation.LaneResult> results) {
		boolean clean = results.stream().allMatch(Reconciliation.LaneResult::clean);
		count(clean ? "clean" : "unclean");
		results.stream()
			.flatMap((result) -> result.findings().stream())
			.forEach((found) -> this.metrics
				.counter(Metric.RECONCILIATION_FINDINGS.key(), "kind", found.discrepancy().kind().text())
				.increment());
		if (!clean) {
			logger.warn("Reconciliation {} of {} is not clean: {}", run.id(), run.agency(),
					results.stream()
						.filter((result) -> !result.clean())
						.limit(10)
						.map((result) -> result.client() + ": " + result.explanation())
						.toList());
		}
	}

	private void count(String outcome) {
		this.metrics.counter(Metric.RECONCILIATIONS.key(), "outcome", outcome).increment();
	}

}
