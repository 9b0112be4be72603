package io.tallygate.billing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;

import io.tallygate.core.AdminRequest;
import io.tallygate.core.Caller;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Holds ledger, outbox and Stripe against each other, and shows what was found. */
@RestController
@RequestMapping("/admin/v1/reconciliations")
class ReconciliationController {

	/** A quarter: beyond it nothing can be mended, and Stripe is asked for long. */
	private static final Duration REACH_MAX = Duration.ofDays(93);

	private final ReconciliationJobs jobs;

	private final Reconciliations runs;

	private final ClientsAtStripe clients;

	private final Clock clock;

	ReconciliationController(ReconciliationJobs jobs, Reconciliations runs, ClientsAtStripe clients, Clock clock) {
		this.jobs = jobs;
		this.runs = runs;
		this.clients = clients;
		this.clock = clock;
	}

	/**
	 * What is to be looked at.
	 *
	 * @param from inclusive; the beginning of the UTC month in which {@code to} ends if
	 * absent
	 * @param to exclusive; now if absent or ahead, so that a period may be named while it
	 * runs
	 * @param client whose; all if absent
	 */
	record Asked(@Nullable Instant from, @Nullable Instant to, @Nullable String client) {
	}

	/**
	 * A run.
	 *
	 * @param id ours
	 * @param state queued, running, done or failed
	 * @param cause why it is made
	 * @param clientId of whom, or none for all
	 * @param from inclusive, on an hour
	 * @param to exclusive, on an hour
	 * @param clean whether everything agrees; none before it is done
	 * @param error what went wrong
	 * @param follows the run after which it looks again
	 * @param createdAt when it was asked for
	 * @param finishedAt when it ended
	 * @param rows what was found of each customer and meter; none in lists
	 */
	record Shown(String id, Reconciliation.State state, Reconciliation.Cause cause, @Nullable String clientId,
			Instant from, Instant to, @Nullable Boolean clean, @Nullable String error, @Nullable String follows,
			Instant createdAt, @Nullable Instant finishedAt, @Nullable List<Reconciliations.ShownRow> rows) {

		static Shown of(Reconciliation run, @Nullable List<Reconciliations.ShownRow> rows) {
			return new Shown(run.id(), run.state(), run.cause(), (run.client() != null) ? run.client().value() : null,
					run.from(), run.to(), run.clean(), run.error(), run.follows(), run.createdAt(), run.finishedAt(),
					rows);
		}

	}

	/** Queues a run; a repeat under the same Idempotency-Key is the same run. */
	@PostMapping
	@ResponseStatus(HttpStatus.ACCEPTED)
	Mono<Shown> ask(Caller.OfAgency caller, AdminRequest request, @RequestBody(required = false) @Nullable Asked body) {
		Asked asked = (body != null) ? body : new Asked(null, null, null);
		Instant now = this.clock.instant();
		Instant to = (asked.to() != null && asked.to().isBefore(now)) ? asked.to() : now;
		Instant from = (asked.from() != null) ? asked.from() : monthOf(to.minusNanos(1));
		if (!from.isBefore(to) || Duration.between(from, to).compareTo(REACH_MAX) > 0) {
			throw Problem.invalid("/from",
					"from must be before to and before now, by at most " + REACH_MAX.toDays() + " days");
		}
		String id = request.idOf(Reconciliation.PREFIX);
		return client(caller, asked.client())
			.flatMap((client) -> this.jobs.ask(id,
					new Reconciliation.Wanted(caller.agency(), client.orElse(null), from, to,
							Reconciliation.Cause.REQUEST, "request:" + id, null, now)))
			.then(Mono.defer(() -> this.runs.find(caller.agency(), id)))
			.map((run) -> Shown.of(run, null));
	}

	@GetMapping
	Mono<Page<Shown>> list(Caller.OfAgency caller, PageRequest page) {
		return this.runs.page(caller.agency(), page).map((found) -> found.map((run) -> Shown.of(run, null)));
	}

	@GetMapping("/{id}")
	Mono<Shown> read(Caller.OfAgency caller, @PathVariable String id) {
		if (!Ids.isId(Reconciliation.PREFIX, id)) {
			throw Problem.notFound("reconciliation", id);
		}
		return this.runs.find(caller.agency(), id).zipWhen((run) -> this.runs.rows(caller.agency(), id), Shown::of);
	}

	/**
	 * A client that is billed no more has its lanes still, and one that never was has
	 * none: a run without rows is the answer, and no fault of the caller's.
	 */
	private Mono<Optional<ClientId>> client(Caller.OfAgency caller, @Nullable String id) {
		if (id == null) {
			return Mono.just(Optional.empty());
		}
		if (!Ids.isId(ClientId.PREFIX, id)) {
			throw Problem.notFound("client", id);
		}
		ClientId client = new ClientId(id);
		return this.clients.isThere(caller.agency(), client)
			.flatMap((there) -> there ? Mono.just(Optional.of(client)) : Mono.error(Problem.notFound("client", id)));
	}

	private static Instant monthOf(Instant at) {
		return at.atZone(ZoneOffset.UTC).withDayOfMonth(1).truncatedTo(ChronoUnit.DAYS).toInstant();
	}

}
