package io.tallygate.metering;

import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The way from one instance to a server, in virtual time: calls and answers take a while,
 * and some are lost, the call or only its answer, or are carried out after the caller has
 * given up.
 */
final class Wire {

	private static final Duration ANSWER_MAX = Duration.ofMillis(500);

	private static final int DELAY_MILLIS_MAX = 40;

	private final Scheduler scheduler;

	private final Random random;

	private int troublePercent;

	private boolean dead;

	Wire(Scheduler scheduler, Random random, int troublePercent) {
		this.scheduler = scheduler;
		this.random = random;
		this.troublePercent = troublePercent;
	}

	/** From now on nothing is lost. */
	void heal() {
		this.troublePercent = 0;
	}

	/**
	 * The caller dies: it calls no more and hears no more; what it sent still arrives.
	 */
	void die() {
		this.dead = true;
	}

	<T> Mono<T> call(Supplier<T> work) {
		return Mono.create((sink) -> {
			if (this.dead) {
				return;
			}
			boolean isTroubled = this.random.nextInt(100) < this.troublePercent;
			if (!isTroubled) {
				after(delay(), () -> {
					T answer = work.get();
					after(delay(), () -> tell(() -> sink.success(answer)));
				});
				return;
			}
			after(ANSWER_MAX.toMillis(), () -> tell(() -> sink.error(new IllegalStateException("No answer came"))));
			switch (this.random.nextInt(3)) {
				case 0 -> after(delay(), work::get);
				case 1 -> after(ANSWER_MAX.toMillis() + delay() * 30L, work::get);
				default -> {
					// The call never arrived.
				}
			}
		});
	}

	private void tell(Runnable answer) {
		if (!this.dead) {
			answer.run();
		}
	}

	private int delay() {
		return this.random.nextInt(DELAY_MILLIS_MAX);
	}

	private void after(long millis, Runnable step) {
		this.scheduler.schedule(step, millis, TimeUnit.MILLISECONDS);
	}

}
