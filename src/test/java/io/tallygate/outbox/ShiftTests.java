package io.tallygate.outbox;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

/** A bell that many threads ring, event loops among them. */
class ShiftTests {

	private static final Duration AT_ONCE = Duration.ofSeconds(2);

	private final Sinks.Many<Boolean> bell = Sinks.many().unicast().onBackpressureBuffer(new ArrayBlockingQueue<>(1));

	private final Shift shift = new Shift(this.bell, Disposables.disposed(), Mono.empty());

	private final List<String> heard = new CopyOnWriteArrayList<>();

	private final CountDownLatch isHeard = new CountDownLatch(1);

	private final CountDownLatch goOn = new CountDownLatch(1);

	private final Thread first = new Thread(this.shift::ring);

	/** Somebody rings, and the one who hears it is in no hurry. */
	@BeforeEach
	void ring() throws InterruptedException {
		this.bell.asFlux().subscribe((ring) -> {
			this.heard.add("ring");
			this.isHeard.countDown();
			await(this.goOn);
		}, (error) -> this.heard.add(error.toString()), () -> this.heard.add("end"));
		this.first.start();
		assertThat(this.isHeard.await(AT_ONCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
	}

	@Test
	void whoeverComesWhileSomebodyRingsDoesNotWaitAndIsHeardAfterwards() throws InterruptedException {
		assertTimeoutPreemptively(AT_ONCE, this.shift::ring);
		this.goOn.countDown();
		this.first.join();

		assertThat(this.heard).containsExactly("ring", "ring");
	}

	@Test
	void theEndComesAfterTheRing() throws InterruptedException {
		assertTimeoutPreemptively(AT_ONCE, this.shift::end);
		this.goOn.countDown();
		this.first.join();
		this.shift.ring();

		assertThat(this.heard).containsExactly("ring", "end");
	}

	private static void await(CountDownLatch latch) {
		try {
			latch.await(AT_ONCE.toSeconds() * 2, TimeUnit.SECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
