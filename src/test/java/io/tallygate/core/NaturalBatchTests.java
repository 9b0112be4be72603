package io.tallygate.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.scheduler.VirtualTimeScheduler;

import static org.assertj.core.api.Assertions.assertThat;

class NaturalBatchTests {

	private static final Duration PAUSE = Duration.ofMillis(50);

	private final List<List<Integer>> calls = new CopyOnWriteArrayList<>();

	private final List<Sinks.One<List<String>>> answers = new CopyOnWriteArrayList<>();

	private final NaturalBatch<Integer, String> batch = new NaturalBatch<>(3, 10, this::call);

	@Test
	void aLoneItemLeavesAtOnce() {
		this.batch.submit(1);

		assertThat(this.calls).containsExactly(List.of(1));
	}

	@Test
	void whatComesWhileACallIsInFlightLeavesTogether() {
		Mono<String> first = this.batch.submit(1);
		Mono<String> second = this.batch.submit(2);
		Mono<String> third = this.batch.submit(3);

		answer(0);

		assertThat(this.calls).containsExactly(List.of(1), List.of(2, 3));
		answer(1);
		StepVerifier.create(Flux.concat(first, second, third)).expectNext("1", "2", "3").verifyComplete();
	}

	@Test
	void aFailedCallFailsItsItemsAndNoOthers() {
		Mono<String> first = this.batch.submit(1);
		Mono<String> second = this.batch.submit(2);

		this.answers.get(0).tryEmitError(new IllegalStateException("lost"));
		answer(1);

		StepVerifier.create(first).expectErrorMessage("lost").verify();
		StepVerifier.create(second).expectNext("2").verifyComplete();
	}

	@Test
	void callsThatAreOverAtOnceNeedNoStackOfTheirs() {
		int count = 200_000;
		NaturalBatch<Integer, String> each = new NaturalBatch<>(1, count + 1,
				(items) -> (items.get(0) < 0) ? call(items) : Mono.error(new IllegalStateException("away")));
		each.submit(-1);
		for (int i = 0; i < count; i++) {
			each.submit(i);
		}

		answer(0);

		assertThat(each.waiting()).isZero();
	}

	@Test
	void anItemGoesOutAlthoughItsWaiterLeft() {
		this.batch.submit(1);
		this.batch.submit(2).subscribe().dispose();

		answer(0);

		assertThat(this.calls).containsExactly(List.of(1), List.of(2));
	}

	@Test
	void noMoreThanTheBoundMayWait() {
		for (int i = 0; i < 10; i++) {
			this.batch.submit(i);
		}

		StepVerifier.create(this.batch.submit(10)).expectError(NaturalBatch.BatchFull.class).verify();
	}

	@Test
	void afterACallThereMayBeAPauseInWhichMoreCollects() {
		VirtualTimeScheduler time = VirtualTimeScheduler.create();
		NaturalBatch<Integer, String> paused = paused(time);
		paused.submit(1);
		answer(0);
		paused.submit(2);
		time.advanceTimeBy(PAUSE.minusMillis(1));
		paused.submit(3);
		assertThat(this.calls).containsExactly(List.of(1));

		time.advanceTimeBy(Duration.ofMillis(1));

		assertThat(this.calls).containsExactly(List.of(1), List.of(2, 3));
		answer(1);
		time.advanceTimeBy(PAUSE);
		paused.submit(4);
		assertThat(this.calls).as("idle").endsWith(List.of(4));
	}

	@Test
	void aWholeBatchWaitsForNoPause() {
		NaturalBatch<Integer, String> paused = paused(VirtualTimeScheduler.create());
		paused.submit(1);
		paused.submit(2);
		paused.submit(3);
		paused.submit(4);

		answer(0);

		assertThat(this.calls).containsExactly(List.of(1), List.of(2, 3, 4));
	}

	@Test
	void aPauseThatIsZeroIsNone() {
		NaturalBatch<Integer, String> paused = new NaturalBatch<>(3, 10, this::call, () -> Duration.ZERO,
				VirtualTimeScheduler.create());
		paused.submit(1);
		paused.submit(2);

		answer(0);

		assertThat(this.calls).containsExactly(List.of(1), List.of(2));
	}

	@Test
	void manyThreadsLoseNothingAndNoTwoCallsRunAtOnce() {
		List<Integer> seen = new ArrayList<>();
		NaturalBatch<Integer, Integer> batch = new NaturalBatch<>(64, 100_000, (items) -> Mono.fromCallable(() -> {
			seen.addAll(items);
			return items;
		}).subscribeOn(Schedulers.parallel()));

		StepVerifier
			.create(Flux.range(0, 20_000)
				.parallel(4)
				.runOn(Schedulers.boundedElastic())
				.flatMap(batch::submit)
				.sequential()
				.count())
			.expectNext(20_000L)
			.expectComplete()
			.verify(Duration.ofSeconds(20));
		assertThat(seen).hasSize(20_000).doesNotHaveDuplicates();
	}

	private NaturalBatch<Integer, String> paused(VirtualTimeScheduler time) {
		return new NaturalBatch<>(3, 10, this::call, () -> PAUSE, time);
	}

	private Mono<List<String>> call(List<Integer> items) {
		this.calls.add(List.copyOf(items));
		Sinks.One<List<String>> answer = Sinks.one();
		this.answers.add(answer);
		return answer.asMono();
	}

	private void answer(int call) {
		this.answers.get(call).tryEmitValue(this.calls.get(call).stream().map(String::valueOf).toList());
	}

}
