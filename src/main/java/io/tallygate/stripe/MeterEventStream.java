package io.tallygate.stripe;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.UUID;

import com.stripe.StripeClient;
import com.stripe.exception.AuthenticationException;
import com.stripe.exception.StripeException;
import com.stripe.exception.TemporarySessionExpiredException;
import com.stripe.model.v2.billing.MeterEventSession;
import com.stripe.net.RequestOptions;
import com.stripe.param.v2.billing.MeterEventStreamCreateParams;
import io.tallygate.core.AgencyId;
import io.tallygate.core.BoundedMap;
import io.tallygate.core.NaturalBatch;
import io.tallygate.core.Secret;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Meter events by Stripe's stream, for an agency that has more of them than single calls
 * carry:
 * <ol>
 * <li>events that come while a call of the agency is under way leave together with the
 * next, at most a hundred;</li>
 * <li>a call is authorised by a session, which the agency's key opens and Stripe ends
 * after a quarter of an hour. It is opened anew shortly before, and once more when Stripe
 * says that it has ended: what came with an ended session was not taken;</li>
 * <li>a call that Stripe refuses is halved until the event at fault is alone, so that no
 * other is refused for it.</li>
 * </ol>
 * Stripe looks at no more than the form of a call before it answers. What it refuses of
 * an event it says later, in a thin event, and an identifier that it knows is not counted
 * again.
 */
public final class MeterEventStream {

	/** Stripe takes no more in one call. */
	static final int EVENTS_MAX = 100;

	/** What waits of one agency is bounded by the outbox; this is above any sense. */
	private static final int WAITING_MAX = 10_000;

	private static final int AGENCIES_MAX = 1_000;

	/**
	 * Whoever handed an event over has given it up by then; a process that stood still
	 * must not send it afterwards.
	 */
	private static final Duration WAIT_MAX = Duration.ofSeconds(30);

	/** A session is not begun to be used when it is about to end. */
	private static final Duration SESSION_MARGIN = Duration.ofMinutes(1);

	private final StripeCalls calls;

	private final InstantSource clock;

	private final BoundedMap<AgencyId, NaturalBatch<Waiting, MeterEventAnswer>> batches = new BoundedMap<>(
			AGENCIES_MAX);

	private final BoundedMap<AgencyId, Session> sessions = new BoundedMap<>(AGENCIES_MAX);

	MeterEventStream(StripeCalls calls, InstantSource clock) {
		this.calls = calls;
		this.clock = clock;
	}

	/**
	 * Whether the agency's key opens sessions; fails with a {@link StripeProblem} if not.
	 */
	public Mono<Void> tryOut(AgencyId agency) {
		return this.calls.call(agency, (stripe) -> open(agency, stripe)).then();
	}

	/**
	 * Hands an event to Stripe, with others where others wait. Fails with a StripeProblem
	 * only.
	 */
	Mono<MeterEventAnswer> send(AgencyId agency, MeterEvent event) {
		return batch(agency).submit(new Waiting(event, this.clock.instant().plus(WAIT_MAX)))
			.onErrorMap(NaturalBatch.BatchFull.class, (full) -> new StripeProblem(StripeProblem.Kind.NOT_SENT, 0,
					"not_sent", "Not sent: " + full.getMessage()));
	}

	private NaturalBatch<Waiting, MeterEventAnswer> batch(AgencyId agency) {
		NaturalBatch<Waiting, MeterEventAnswer> known = this.batches.get(agency);
		return (known != null) ? known : this.batches.putIfAbsent(agency,
				new NaturalBatch<>(EVENTS_MAX, WAITING_MAX, (waiting) -> inTime(agency, waiting)));
	}

	/** The first has waited for longest. */
	private Mono<List<MeterEventAnswer>> inTime(AgencyId agency, List<Waiting> waiting) {
		if (this.clock.instant().isAfter(waiting.get(0).latest())) {
			return Mono.error(new StripeProblem(StripeProblem.Kind.NOT_SENT, 0, "not_sent",
					"Not sent: it waited for longer than " + WAIT_MAX.toSeconds() + " s"));
		}
		return carry(agency, waiting.stream().map(Waiting::event).toList());
	}

	/** One answer an event, in their order. */
	private Mono<List<MeterEventAnswer>> carry(AgencyId agency, List<MeterEvent> events) {
		return post(agency, events).flatMap((answer) -> {
			boolean isOfOne = answer instanceof MeterEventAnswer.Refused
					|| answer instanceof MeterEventAnswer.Duplicate;
			int half = events.size() / 2;
			return (isOfOne && half > 0) ? Flux
				.concat(carry(agency, events.subList(0, half)), carry(agency, events.subList(half, events.size())))
				.concatMapIterable((answers) -> answers)
				.collectList() : Mono.just(events.stream().map((event) -> answer).toList());
		});
	}

	private Mono<MeterEventAnswer> post(AgencyId agency, List<MeterEvent> events) {
		return this.calls.<MeterEventAnswer>call(agency, (stripe) -> {
			post(agency, stripe, events);
			return new MeterEventAnswer.Accepted();
		}).onErrorResume(StripeProblem.class, (problem) -> Mono.just(StripeMeterEvents.answer(problem)));
	}

	/**
	 * A token that is not known any more is like one that has ended. Whether the key is
	 * to blame, the opening of the next session says.
	 */
	private void post(AgencyId agency, StripeClient stripe, List<MeterEvent> events) throws StripeException {
		if (!isTaken(session(agency, stripe), events) && !isTaken(open(agency, stripe), events)) {
			throw new StripeProblem(StripeProblem.Kind.BUSY, 0, "session_expired",
					"Stripe says of a session that it has just opened that it has ended");
		}
	}

	/** Whether the session was good for it. */
	private static boolean isTaken(Session session, List<MeterEvent> events) {
		RequestOptions options = RequestOptions.builder()
			.setApiKey(session.token().reveal())
			.setIdempotencyKey(idempotencyKey(events))
			.build();
		MeterEventStreamCreateParams.Builder params = MeterEventStreamCreateParams.builder();
		events.forEach((event) -> params.addEvent(written(event)));
		try {
			session.stripe().v2().billing().meterEventStream().create(params.build(), options);
			return true;
		}
		catch (TemporarySessionExpiredException | AuthenticationException ex) {
			return false;
		}
		catch (StripeException ex) {
			throw StripeProblem.of(ex, session.token());
		}
	}

	private static MeterEventStreamCreateParams.Event written(MeterEvent event) {
		return MeterEventStreamCreateParams.Event.builder()
			.setEventName(event.eventName())
			.setIdentifier(event.identifier())
			.setTimestamp(event.timestamp().truncatedTo(ChronoUnit.SECONDS))
			.putPayload(StripeMeterEvents.CUSTOMER_KEY, event.customer())
			.putPayload(StripeMeterEvents.VALUE_KEY, Long.toString(event.value()))
			.build();
	}

	private Session session(AgencyId agency, StripeClient stripe) throws StripeException {
		Session known = this.sessions.get(agency);
		return (known != null && known.isGood(stripe, this.clock.instant())) ? known : open(agency, stripe);
	}

	private Session open(AgencyId agency, StripeClient stripe) throws StripeException {
		MeterEventSession opened = stripe.v2().billing().meterEventSession().create();
		Session session = new Session(stripe, Secret.of(opened.getAuthenticationToken()),
				opened.getExpiresAt().minus(SESSION_MARGIN));
		this.sessions.put(agency, session);
		return session;
	}

	/**
	 * Follows from what is sent: the same attempts at the same events have the same one.
	 */
	private static String idempotencyKey(List<MeterEvent> events) {
		String keys = String.join(" ", events.stream().map(MeterEvent::idempotencyKey).toList());
		return "stream:" + UUID.nameUUIDFromBytes(keys.getBytes(StandardCharsets.UTF_8));
	}

	/**
	 * An event that waits for its call.
	 *
	 * @param event to be sent
	 * @param latest until when
	 */
	private record Waiting(MeterEvent event, Instant latest) {
	}

	/**
	 * The right to send events for a while.
	 *
	 * @param stripe whose key opened it; with another key it is another session
	 * @param token that authorises
	 * @param until when it is opened anew
	 */
	private record Session(StripeClient stripe, Secret token, Instant until) {

		boolean isGood(StripeClient client, Instant now) {
			return this.stripe.equals(client) && now.isBefore(this.until);
		}

	}

}
