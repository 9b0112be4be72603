package io.tallygate.outbox;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Where accounts and meter events are kept. Each method is one transaction; the rules are
 * those of {@link Cut}, {@link MeterEventRow} and {@link NextState}, whoever keeps the
 * rows. The time is the caller's.
 */
interface Outbox {

	/**
	 * Ids of lanes with units due that are free and whose agency's delivery runs, in
	 * their order.
	 * @param after lanes up to this id are left out
	 * @param limit at most so many
	 */
	Mono<List<Long>> lanesDue(long after, int limit);

	/** The lane that an account feeds, if it feeds one. */
	Mono<Long> laneOf(ClientId client, int epoch);

	/**
	 * Cuts a lane's next meter event; empty when nothing is due, or the lane is not free
	 * for it.
	 */
	Mono<MeterEventRow> cut(long lane, Instant now);

	/**
	 * Takes up meter events whose time has come, and those whose owner was not heard of
	 * again. Owner, lease, attempt and doubt are committed when they appear.
	 * @param limit at most so many in all
	 * @param perAgency at most so many of an agency, those under way with this owner
	 * included
	 */
	Flux<MeterEventRow> claim(Delivery.Hold hold, int limit, Share perAgency, Instant now);

	/** The same, whichever way an agency's events go. */
	default Flux<MeterEventRow> claim(Delivery.Hold hold, int limit, int perAgency, Instant now) {
		return claim(hold, limit, new Share(perAgency, perAgency, Set.of()), now);
	}

	/**
	 * How much of what may be under way one agency may have.
	 *
	 * @param alone where each event is a call of its own
	 * @param streamed where events share calls
	 * @param resting those that get nothing now
	 */
	record Share(int alone, int streamed, Set<AgencyId> resting) {
	}

	/**
	 * The delivered values of a row's lane in the hour in which Stripe counts it. Empty
	 * where they decide nothing, because another row may be at Stripe that takes
	 * something away.
	 */
	Mono<Long> known(MeterEventRow row);

	/**
	 * Writes down what follows from a finding about a claimed row; empty, and nothing is
	 * changed, when the row has been taken up by another since.
	 */
	Mono<MeterEventRow> settle(MeterEventRow claimed, Finding finding, Instant now);

	/**
	 * Lanes that are in doubt since PostgreSQL lost commits, with the hours that are not
	 * settled; lists them first where that has not been done. Those whose agency's
	 * delivery does not run are left for later.
	 * @param limit at most so many lanes
	 */
	Mono<List<DoubtfulLane>> doubtfulLanes(Instant now, int limit);

	/**
	 * Takes in what Stripe has aggregated in hours of a lane, and settles those of which
	 * two readings say the same.
	 * @return those that were settled
	 */
	Mono<List<Recovery.Settled>> settle(DoubtfulLane doubtful, Map<Instant, BigDecimal> readings, Instant now);

	/** Units by which accounts and their newest meter events differ: never any. */
	Mono<Long> drift();

	/** What is left to do, over all agencies. */
	Mono<Backlog> backlog();

	/**
	 * What is left to do.
	 *
	 * @param due meter events that wait
	 * @param sending meter events under way
	 * @param parked meter events that wait for a person, or were given up
	 * @param oldestDueAt when the oldest of those due or under way was cut
	 * @param lanesInDoubt lanes that wait since PostgreSQL lost commits
	 * @param agenciesPaused agencies whose delivery is paused
	 */
	record Backlog(long due, long sending, long parked, @Nullable Instant oldestDueAt, long lanesInDoubt,
			long agenciesPaused) {

		/** Nothing to do. */
		static final Backlog NONE = new Backlog(0, 0, 0, null, 0, 0);

	}

}
