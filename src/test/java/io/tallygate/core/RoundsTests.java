package io.tallygate.core;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

/** What is done in rounds, in virtual time. */
class RoundsTests {

	private final VirtualTimeScheduler time = VirtualTimeScheduler.create();

	private final AtomicInteger begun = new AtomicInteger();

	private Mono<Void> work = Mono.empty();

	private final Rounds rounds = new Rounds("The test could not be done", Duration.ofSeconds(10), this.time) {

		@Override
		protected Mono<Void> round() {
			RoundsTests.this.begun.incrementAndGet();
			if (RoundsTests.this.work == null) {
				throw new IllegalStateException("broken");
			}
			return RoundsTests.this.work;
		}

	};

	@BeforeEach
	void start() {
		this.rounds.start();
	}

	@AfterEach
	void stop() {
		this.rounds.stop();
	}

	@Test
	void aRoundIsMadeEachTimeThatItsTimeHasCome() {
		this.time.advanceTimeBy(Duration.ofSeconds(30));

		assertThat(this.begun).hasValue(3);
	}

	@Test
	void whoRingsWaitsForNoClock() {
		this.rounds.ring();

		assertThat(this.begun).hasValue(1);
	}

	@Test
	void twoRoundsNeverRunAtOnceAndWhoRangMeanwhileHasOneAfterwards() {
		Sinks.Empty<Void> end = Sinks.empty();
		this.work = end.asMono();
		this.rounds.ring();
		this.time.advanceTimeBy(Duration.ofSeconds(25));
		this.rounds.ring();
		this.rounds.ring();
		assertThat(this.begun).hasValue(1);

		this.work = Mono.empty();
		end.tryEmitEmpty();

		assertThat(this.begun.get()).isBetween(2, 3);
	}

	@Test
	void aRoundThatFailsIsFollowedByTheNext() {
		this.work = Mono.error(new IllegalStateException("away"));

		this.time.advanceTimeBy(Duration.ofSeconds(20));

		assertThat(this.begun).hasValue(2);
	}

	@Test
	void aRoundThatCannotEvenBeginIsFollowedByTheNext() {
		this.work = null;

		this.time.advanceTimeBy(Duration.ofSeconds(20));

		assertThat(this.begun).hasValue(2);
	}

	@Test
	void afterTheStopNoRoundBegins() {
		this.rounds.stop();
		this.rounds.ring();
		this.time.advanceTimeBy(Duration.ofSeconds(30));

		assertThat(this.begun).hasValue(0);
		assertThat(this.rounds.isRunning()).isFalse();
	}

	@Test
	void startedTwiceItIsStillOne() {
		this.rounds.start();

		this.time.advanceTimeBy(Duration.ofSeconds(10));

		assertThat(this.begun).hasValue(1);
	}

}
