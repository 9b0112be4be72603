package io.tallygate.metering;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * When exchanges occurred: the agreed time, never backwards. In whole microseconds, as
 * PostgreSQL keeps them.
 */
class OccurrenceClock {

	private final InstantSource clock;

	private final AtomicReference<Instant> last = new AtomicReference<>(Instant.EPOCH);

	OccurrenceClock(InstantSource clock) {
		this.clock = clock;
	}

	Instant now() {
		Instant agreed = this.clock.instant().truncatedTo(ChronoUnit.MICROS);
		return this.last.accumulateAndGet(agreed, (before, now) -> now.isAfter(before) ? now : before);
	}

}
