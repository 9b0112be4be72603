package io.tallygate.core;

import java.time.Duration;
import java.time.Instant;

import io.tallygate.fault.Matrix;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

class AgreedClockTests {

	private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

	private Instant own = NOON.plus(Duration.ofDays(40));

	private long nanos = -7;

	private final AgreedClock clock = new AgreedClock(() -> this.own, () -> this.nanos);

	@Test
	void itIsThisMachinesOwnUntilAServerHasSpoken() {
		assertThat(this.clock.isTold()).isFalse();
		assertThat(this.clock.instant()).isEqualTo(this.own);
	}

	@Test
	@Matrix(74)
	void whatAServerSaidIsCarriedOnWhateverThisMachinesClockIsSetTo() {
		this.clock.told(this.nanos, NOON);
		this.own = NOON.minus(Duration.ofDays(365));
		this.nanos += Duration.ofMinutes(5).toNanos();

		assertThat(this.clock.instant()).isEqualTo(NOON.plus(Duration.ofMinutes(5)));
		assertThat(this.clock.ownAhead()).isEqualTo(Duration.ofDays(-365).minusMinutes(5));
	}

	@Test
	void anAnswerThatCameLateSaysNothingAboutNow() {
		this.clock.told(this.nanos, NOON);
		long asked = this.nanos;
		this.nanos += Duration.ofHours(9).toNanos();

		this.clock.told(asked, NOON.plusSeconds(1));

		assertThat(this.clock.instant()).isEqualTo(NOON.plus(Duration.ofHours(9)));
	}

}
