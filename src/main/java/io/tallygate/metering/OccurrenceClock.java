package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * When exchanges occurred: this instance's clock, shifted to what Redis last said the
 * time was, so that replicas agree; never backwards. In whole microseconds, as PostgreSQL
 * keeps them.
 */
class OccurrenceClock {

	private final InstantSource clock;

	private volatile Duration offset = Duration.ZERO;

	private final AtomicReference<Instant> last = new AtomicReference<>(Instant.EPOCH);

	OccurrenceClock(InstantSource clock) {
		this.clock = clock;
	}

	/** Redis said that it is {@code time} now. */
	void redisSaid(Instant time) {
		this.offset = Duration.between(this.clock.instant(), time);
	}

	Instant now() {
		Instant shifted = this.clock.instant().plus(this.offset).truncatedTo(ChronoUnit.MICROS);
		return this.last.accumulateAndGet(shifted, (before, now) -> now.isAfter(before) ? now : before);
	}

}
