package io.tallygate.outbox;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;

import io.tallygate.core.AgencyId;

/**
 * Agencies that rest because a try of theirs was in vain. While Stripe is away every
 * meter event would be tried in vain, one by one, and each be put off for as long as it
 * had failed often. So only a few are tried between two rests, and what waits behind them
 * is due at once when Stripe is back. One answer ends a rest.
 */
final class Rests {

	/** An agency with nothing to send leaves nothing behind. */
	private static final Duration FORGOTTEN_AFTER = Duration.ofMinutes(10);

	private static final Duration FIRST = NextState.RETRY_DELAY_BASE;

	private final Duration longest;

	private final Map<AgencyId, Rest> rests = new ConcurrentHashMap<>();

	/**
	 * @param inVain how many rests in a row this is the last of
	 */
	private record Rest(int inVain, Instant until) {
	}

	/**
	 * @param longest rests double up to it
	 */
	Rests(Duration longest) {
		this.longest = longest;
	}

	/**
	 * A meter event of the agency was tried.
	 * @return when to try again, if a rest begins
	 */
	Optional<Instant> tried(AgencyId agency, Finding finding, Instant now) {
		if (finding instanceof Finding.Expired) {
			// Nobody was asked.
			return Optional.empty();
		}
		if (!finding.isInVain()) {
			this.rests.remove(agency);
			return Optional.empty();
		}
		AtomicBoolean begins = new AtomicBoolean();
		Rest rest = this.rests.compute(agency, (id, before) -> {
			if (before != null && isRunning(before, now)) {
				// It was under way when the rest began.
				return before;
			}
			begins.set(true);
			int inVain = (before != null) ? before.inVain() + 1 : 1;
			return new Rest(inVain, now.plus(length(inVain)));
		});
		return begins.get() ? Optional.of(rest.until()) : Optional.empty();
	}

	/** Those that are left alone now. */
	Set<AgencyId> resting(Instant now) {
		this.rests.values().removeIf((rest) -> rest.until().plus(FORGOTTEN_AFTER).isBefore(now));
		return this.rests.entrySet()
			.stream()
			.filter((entry) -> isRunning(entry.getValue(), now))
			.map(Map.Entry::getKey)
			.collect(Collectors.toUnmodifiableSet());
	}

	/** No rest outlasts a clock that is set back. */
	private boolean isRunning(Rest rest, Instant now) {
		return now.isBefore(rest.until()) && !now.plus(length(rest.inVain())).isBefore(rest.until());
	}

	private Duration length(int inVain) {
		Duration doubled = FIRST.multipliedBy(1L << Math.min(inVain - 1, 20));
		return (doubled.compareTo(this.longest) < 0) ? doubled : this.longest;
	}

}
