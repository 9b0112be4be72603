package io.tallygate.core;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.publisher.PublisherProbe;

import static org.assertj.core.api.Assertions.assertThat;

/** Work that goes on without its caller. */
class UncancelledTests {

	@AfterEach
	void reset() {
		Hooks.resetOnErrorDropped();
	}

	@Test
	void theResultIsThatOfTheWork() {
		StepVerifier.create(Uncancelled.of(Mono.just(1))).expectNext(1).verifyComplete();
		StepVerifier.create(Uncancelled.of(Mono.empty())).verifyComplete();
		StepVerifier.create(Uncancelled.of(Mono.error(new IllegalStateException("no")))).verifyErrorMessage("no");
	}

	@Test
	void whoeverLeavesLeavesTheWorkRunning() {
		Sinks.One<Integer> work = Sinks.one();
		PublisherProbe<Integer> probe = PublisherProbe.of(work.asMono());

		Uncancelled.of(probe.mono()).subscribe().dispose();

		probe.assertWasSubscribed();
		probe.assertWasNotCancelled();
	}

	@Test
	void aFailureThatNobodyWaitsForIsNotPrinted() {
		List<Throwable> printed = new CopyOnWriteArrayList<>();
		Hooks.onErrorDropped(printed::add);
		Sinks.One<Integer> work = Sinks.one();
		Uncancelled.of(work.asMono()).subscribe().dispose();

		work.tryEmitError(new IllegalStateException("PostgreSQL is away"));

		assertThat(printed).isEmpty();
	}

}
