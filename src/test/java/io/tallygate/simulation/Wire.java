package io.tallygate.simulation;

import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * The way from one process to a server, in virtual time: calls and answers take a while,
 * and some are lost, the call or only its answer, or are carried out after the caller has
 * given up.
 */
public final class Wire {

	private static final Duration ANSWER_MAX = Duration.ofMillis(500);

	private static final int DELAY_MILLIS_MAX = 40;

	/** A call that arrives at all has arrived by then. */
	static final Duration ARRIVAL_MAX = ANSWER_MAX.plusMillis(DELAY_MILLIS_MAX * 30L);

	private final Scheduler server;

	private final Scheduler process;

	private final Random random;

	private final int troublePercent;

	private boolean healed;

	private boolean cut;

	/**
	 * @param server where calls are carried out
	 * @param process where answers are heard
	 * @param troublePercent how many calls of a hundred go wrong
	 */
	public Wire(Scheduler server, Scheduler process, Random random, int troublePercent) {
		this.server = server;
		this.process = process;
		this.random = random;
		this.troublePercent = troublePercent;
	}

	/** From now on nothing is lost. */
	public void heal() {
		this.healed = true;
		this.cut = false;
	}

	/** Until it is joined again no call arrives. */
	public void cut() {
		this.cut = true;
	}

	/** Calls arrive again. */
	public void join() {
		this.cut = false;
	}

	/**
	 * Carries out {@code work} when the call arrives; its value is the answer,
	 * {@code null} an empty one.
	 */
	public <T> Mono<T> call(Supplier<T> work) {
		return Mono.create((sink) -> {
			boolean isTroubled = this.cut || (!this.healed && this.random.nextInt(100) < this.troublePercent);
			if (!isTroubled) {
				after(delay(), () -> {
					T answer = work.get();
					this.process.schedule(() -> sink.success(answer), delay(), TimeUnit.MILLISECONDS);
				});
				return;
			}
			this.process.schedule(() -> sink.error(new IllegalStateException("No answer came")), ANSWER_MAX.toMillis(),
					TimeUnit.MILLISECONDS);
			switch (this.cut ? 2 : this.random.nextInt(3)) {
				case 0 -> after(delay(), work::get);
				case 1 -> after(ANSWER_MAX.toMillis() + delay() * 30L, work::get);
				default -> {
					// The call never arrived.
				}
			}
		});
	}

	/** Brings something to the process's notice after a while. */
	public void event(Runnable notice) {
		this.process.schedule(notice, delay(), TimeUnit.MILLISECONDS);
	}

	private int delay() {
		return this.random.nextInt(DELAY_MILLIS_MAX);
	}

	private void after(long millis, Runnable step) {
		this.server.schedule(step, millis, TimeUnit.MILLISECONDS);
	}

}
