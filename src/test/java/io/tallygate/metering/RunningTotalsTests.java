package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import io.tallygate.core.AgreedClock;
import io.tallygate.core.Ids;
import io.tallygate.metering.Counters.Operation;
import io.tallygate.metering.Counters.Reply;
import io.tallygate.simulation.Bug;
import io.tallygate.simulation.Wire;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

/** What leaves for Redis, and what does not any more. */
class RunningTotalsTests {

	private final VirtualTimeScheduler scheduler = VirtualTimeScheduler.create();

	private Duration stoodStill = Duration.ZERO;

	private final InstantSource clock = () -> Instant.parse("2026-11-21T12:00:00Z")
		.plusMillis(this.scheduler.now(TimeUnit.MILLISECONDS))
		.plus(this.stoodStill);

	private final AgreedClock agreed = new AgreedClock(this.clock,
			() -> this.scheduler.now(TimeUnit.NANOSECONDS) + this.stoodStill.toNanos());

	private final InMemoryRedis redis = new InMemoryRedis(this.clock, Bug.NONE);

	private final RunningTotals totals = new RunningTotals(
			this.redis.over(new Wire(this.scheduler, () -> 0, this.scheduler, new Random(1), 0)), this.agreed,
			new Ids(this.clock, new Random(2)), this.scheduler);

	private final Entry first = Exchanges.entry(Exchanges.terms(1), 7, this.clock.instant());

	private final Entry second = Exchanges.entry(Exchanges.terms(1), 8, this.clock.instant());

	@BeforeEach
	void connect() {
		this.totals.start();
		this.scheduler.advanceTimeBy(Duration.ofSeconds(1));
		assertThat(this.totals.isAway()).isFalse();
	}

	@Test
	void whatWaitsForACallInFlightLeavesWithTheNext() {
		closeBoth();

		assertThat(this.redis.pending()).containsExactlyInAnyOrder(this.first.request().value(),
				this.second.request().value());
	}

	/** Redis may have counted it, been told that it is written, and forgotten both. */
	@Test
	void whatWaitedWhileTheProcessStoodStillIsNotSentAndRedisIsAskedAnew() {
		this.totals.submit(new Operation.Close(this.first));
		CompletableFuture<Reply> waiting = this.totals.submit(new Operation.Close(this.second)).toFuture();
		this.stoodStill = RunningTotals.WAITED_MAX.plusSeconds(1);

		this.scheduler.advanceTimeBy(Duration.ofSeconds(1));

		assertThat(this.redis.pending()).containsExactly(this.first.request().value());
		assertThat(waiting).isCompletedExceptionally();
		assertThat(this.totals.isAway()).isFalse();
	}

	private void closeBoth() {
		this.totals.submit(new Operation.Close(this.first));
		this.totals.submit(new Operation.Close(this.second));
		this.scheduler.advanceTimeBy(Duration.ofSeconds(1));
	}

}
