package io.tallygate.billing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.function.Function;

import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Metric;
import io.tallygate.core.Uncancelled;
import io.tallygate.stripe.StripeProblem;
import io.tallygate.stripe.StripeWrite;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Makes things at Stripe once, whatever happens in between:
 * <ol>
 * <li>what is to be made is written down and committed;</li>
 * <li>Stripe is called under a key that follows from it;</li>
 * <li>what Stripe said is written down.</li>
 * </ol>
 * Who dies between these, or gets no answer, repeats the same call and is given what the
 * first one made. Where Stripe failed, and would go on to say so, what it may have made
 * is looked for before it is made again.
 */
class StripeIntents {

	/** What is older serves nobody: a request can be repeated for a day. */
	private static final Duration KEPT = Duration.ofDays(30);

	private static final int ERROR_LENGTH_MAX = 500;

	private static final String BEGIN = """
			insert into stripe_intent (agency_id, request_id, step, created_at, updated_at)
			values (:agency, :request, :step, :now, :now)
			on conflict (agency_id, request_id, step) do nothing
			""";

	private static final String READ = """
			select request_id, step, state, attempt, created_at
			from stripe_intent
			where agency_id = :agency and request_id = :request and step = :step
			""";

	private static final String WRITE = """
			update stripe_intent set state = :state, attempt = :attempt, object_id = coalesce(:object, object_id),
			  last_error = :error, updated_at = :now
			where agency_id = :agency and request_id = :request and step = :step
			""";

	private static final String SWEEP = """
			delete from stripe_intent where (agency_id, request_id, step) in (
			  select agency_id, request_id, step from stripe_intent where created_at < :old
			  order by created_at limit 100 for update skip locked)
			""";

	private final Database.OfTenant database;

	private final Clock clock;

	private final MeterRegistry metrics;

	StripeIntents(Database.OfTenant database, Clock clock, MeterRegistry metrics) {
		this.database = database;
		this.clock = clock;
		this.metrics = metrics;
	}

	/**
	 * How one kind of thing is made.
	 *
	 * @param create makes it
	 * @param find looks for what may have been made without an answer; empty where that
	 * cannot be told, or does no harm
	 * @param id of what was made
	 */
	record Making<T>(Function<StripeWrite, Mono<T>> create, Function<StripeWrite, Mono<T>> find,
			Function<T, String> id) {
	}

	/** What this step of the request makes, made now or before. */
	<T> Mono<T> make(AgencyId agency, AdminRequest request, String step, Making<T> making) {
		Intent begun = Intent.begun(request, step, this.clock.instant());
		return begin(agency, begun).doOnNext((intent) -> request.reachOut())
			.flatMap((intent) -> intent.isAnswered() ? makeAgain(agency, intent, making)
					: create(agency, intent, making));
	}

	/** Whether this step of the request was begun before. */
	Mono<Boolean> isBegun(AgencyId agency, AdminRequest request, String step) {
		return request.isRepeat() ? read(agency, request.id().value(), step).hasElement() : Mono.just(false);
	}

	private <T> Mono<T> makeAgain(AgencyId agency, Intent intent, Making<T> making) {
		Mono<T> found = (intent.state() == Intent.State.DOUBT) ? making.find().apply(intent.write()) : Mono.empty();
		Mono<T> made = Mono.defer(() -> {
			Intent again = intent.again();
			return write(agency, again, null, null).then(create(agency, again, making));
		});
		return found
			.flatMap((object) -> write(agency, intent.made(), making.id().apply(object), null)
				.doOnSuccess((done) -> count("found"))
				.thenReturn(object))
			.switchIfEmpty(made);
	}

	private <T> Mono<T> create(AgencyId agency, Intent intent, Making<T> making) {
		return making.create()
			.apply(intent.write())
			.flatMap((object) -> write(agency, intent.made(), making.id().apply(object), null)
				.doOnSuccess((done) -> count("made"))
				.thenReturn(object))
			.onErrorResume(StripeProblem.class,
					(problem) -> write(agency, intent.after(problem), null, problem.reason())
						.doOnSuccess((done) -> count(outcome(intent.after(problem))))
						.then(Mono.error(problem)));
	}

	private static String outcome(Intent after) {
		return (after.state() == Intent.State.CALLING) ? "unanswered" : after.state().name().toLowerCase(Locale.ROOT);
	}

	private Mono<Intent> begin(AgencyId agency, Intent intent) {
		Mono<Long> sweep = this.database.client()
			.sql(SWEEP)
			.bind("old", intent.begunAt().minus(KEPT))
			.fetch()
			.rowsUpdated();
		Mono<Long> begin = this.database.client()
			.sql(BEGIN)
			.bind("agency", agency.value())
			.bind("request", intent.requestId())
			.bind("step", intent.step())
			.bind("now", intent.begunAt())
			.fetch()
			.rowsUpdated();
		return Uncancelled.of(this.database.as(agency, sweep.then(begin)))
			.then(Mono.defer(() -> read(agency, intent.requestId(), intent.step())));
	}

	private Mono<Intent> read(AgencyId agency, String requestId, String step) {
		return Uncancelled.of(this.database.as(agency,
				this.database.client()
					.sql(READ)
					.bind("agency", agency.value())
					.bind("request", requestId)
					.bind("step", step)
					.map(Intent::of)
					.one()));
	}

	private Mono<Void> write(AgencyId agency, Intent intent, @Nullable String object, @Nullable String error) {
		Instant now = this.clock.instant();
		String kept = (error != null && error.length() > ERROR_LENGTH_MAX) ? error.substring(0, ERROR_LENGTH_MAX)
				: error;
		return Uncancelled.of(this.database.as(agency,
				this.database.client()
					.sql(WRITE)
					.bind("agency", agency.value())
					.bind("request", intent.requestId())
					.bind("step", intent.step())
					.bind("state", intent.state().text())
					.bind("attempt", intent.attempt())
					.bind("object", Database.nullable(String.class, object))
					.bind("error", Database.nullable(String.class, kept))
					.bind("now", now)
					.fetch()
					.rowsUpdated()))
			.then();
	}

	private void count(String outcome) {
		this.metrics.counter(Metric.STRIPE_INTENTS.key(), "outcome", outcome).increment();
	}

}
