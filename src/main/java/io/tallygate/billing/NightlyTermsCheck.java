package io.tallygate.billing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.client.BilledClients;
import io.tallygate.client.ClientAlarm;
import io.tallygate.client.ClientAlarms;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Metric;
import io.tallygate.core.Problem;
import io.tallygate.core.Rounds;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Holds every billed client's terms against Stripe each night, because what fitted when
 * it was saved may have been changed there since:
 * <ol>
 * <li>clients whose night has come are taken up, a few at a time;</li>
 * <li>price, meter, customer and subscriptions are looked at again;</li>
 * <li>what does not fit is raised as an alarm of the client, and what was mended is
 * over.</li>
 * </ol>
 * Nothing is stopped: an alarm is for a person. All state is in PostgreSQL, so any number
 * of instances may do this, and any may die in it.
 */
class NightlyTermsCheck extends Rounds {

	private static final Logger logger = LoggerFactory.getLogger(NightlyTermsCheck.class);

	private final TermsChecks checks;

	private final StripeTermsGuard guard;

	private final BilledClients clients;

	private final ClientAlarms alarms;

	private final BillingProperties properties;

	private final Clock clock;

	private final String owner;

	private final MeterRegistry metrics;

	private volatile TermsChecks.Standing standing = new TermsChecks.Standing(0, null);

	NightlyTermsCheck(TermsChecks checks, StripeTermsGuard guard, BilledClients clients, ClientAlarms alarms,
			BillingProperties properties, Clock clock, Scheduler scheduler, String owner, MeterRegistry metrics) {
		super("The nightly check of terms failed", properties.termsCheckEvery(), scheduler);
		this.checks = checks;
		this.guard = guard;
		this.clients = clients;
		this.alarms = alarms;
		this.properties = properties;
		this.clock = clock;
		this.owner = owner;
		this.metrics = metrics;
		Gauge.builder(Metric.CLIENTS_ALARMED.key(), this, NightlyTermsCheck::alarmed)
			.description(Metric.CLIENTS_ALARMED.description())
			.register(metrics);
		Gauge.builder(Metric.TERMS_CHECKS_BEHIND.key(), this, NightlyTermsCheck::behind)
			.description(Metric.TERMS_CHECKS_BEHIND.description())
			.register(metrics);
	}

	/** All clients whose night has come, until there is none left. */
	@Override
	protected Mono<Void> round() {
		return this.checks.addMissing(this.clock.instant())
			.then(Mono.defer(this::some))
			.expand((count) -> (count == this.properties.termsChecksAtOnce()) ? Mono.defer(this::some) : Mono.empty())
			.then(Mono.defer(() -> this.checks.standing(this.clock.instant())))
			.doOnNext((now) -> this.standing = now)
			.then();
	}

	private Mono<Integer> some() {
		int limit = this.properties.termsChecksAtOnce();
		return this.checks.take(this.owner, this.clock.instant(), this.properties.termsCheckLease(), limit)
			.flatMap((due) -> look(due, this.owner).onErrorResume((error) -> {
				logger.warn("The terms of client {} could not be checked; its lease lapses", due.client(), error);
				return Mono.empty();
			}).thenReturn(1), limit)
			.reduce(0, Integer::sum);
	}

	/** Looks at one client now, because a person asks. */
	Mono<List<ClientAlarm>> look(AgencyId agency, ClientId client) {
		return look(new TermsChecks.Due(agency, client), null);
	}

	private Mono<List<ClientAlarm>> look(TermsChecks.Due due, @Nullable String by) {
		return this.clients.find(due.agency(), due.client())
			.flatMap((billed) -> this.guard.findings(due.agency(), billed.choice(), billed.policy())
				.onErrorResume((trouble) -> Mono.just(List.of(unchecked(trouble)))))
			.flatMap((findings) -> raise(due, by, findings))
			.switchIfEmpty(this.checks.drop(due.client())
				.then(this.alarms.replace(due.agency(), due.client(), ClientAlarms.TERMS, List.of()))
				.thenReturn(List.of()));
	}

	private Mono<List<ClientAlarm>> raise(TermsChecks.Due due, @Nullable String by, List<TermsFinding> findings) {
		boolean isUnchecked = findings.stream().anyMatch((finding) -> finding.kind() == TermsFinding.Kind.UNCHECKED);
		List<ClientAlarm> raised = StripeTermsGuard.alarms(findings);
		if (!raised.isEmpty()) {
			logger.warn("Client {} is not billed as its terms say: {}", due.client(),
					raised.stream().map(ClientAlarm::code).toList());
		}
		this.metrics
			.counter(Metric.TERMS_CHECKS.key(), "outcome",
					isUnchecked ? "unchecked" : raised.isEmpty() ? "fits" : "raised")
			.increment();
		return this.alarms.replace(due.agency(), due.client(), ClientAlarms.TERMS, raised)
			.then(this.checks.settle(due, by, this.clock.instant(),
					isUnchecked ? this.properties.termsCheckAgain() : null))
			.thenReturn(raised);
	}

	private static TermsFinding unchecked(Throwable trouble) {
		Throwable told = StripeProblems.told(trouble);
		String reason = (told instanceof Problem problem) ? String.valueOf(problem.getMessage())
				: told.getClass().getSimpleName();
		return new TermsFinding(TermsFinding.Kind.UNCHECKED, "",
				"Stripe could not be asked whether these terms still fit: " + reason);
	}

	private double alarmed() {
		return this.standing.alarmed();
	}

	private double behind() {
		Instant oldest = this.standing.oldestDueAt();
		return (oldest != null) ? Math.max(0, Duration.between(oldest, this.clock.instant()).toSeconds()) : 0;
	}

}
