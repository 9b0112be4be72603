package io.tallygate.core;

import java.time.Duration;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

import org.springframework.context.SmartLifecycle;

/**
 * What is done in rounds in the background, from the start to the stop: each time that
 * its time has come, and when somebody rings. Rounds come one after the other and never
 * two at once; one that fails is told, and the next one comes. What is under way at the
 * stop is left as it is, for whoever takes it up again.
 */
public abstract class Rounds implements SmartLifecycle {

	private final Logger logger = LoggerFactory.getLogger(getClass());

	private final String failure;

	private final Duration every;

	private final Scheduler scheduler;

	private final Sinks.Many<Boolean> bell = Sinks.many().multicast().directBestEffort();

	private volatile @Nullable Disposable rounds;

	/**
	 * @param failure what is said of a round that failed: "Webhooks could not be worked
	 * off"
	 * @param every from the beginning of one to that of the next
	 */
	protected Rounds(String failure, Duration every, Scheduler scheduler) {
		this.failure = failure;
		this.every = every;
		this.scheduler = scheduler;
	}

	/** All that there is to do now. */
	protected abstract Mono<Void> round();

	/** Something has come: the next round does not wait for the clock. */
	public final void ring() {
		this.bell.tryEmitNext(Boolean.TRUE);
	}

	@Override
	public final synchronized void start() {
		if (this.rounds == null) {
			this.rounds = Flux
				.merge(Flux.interval(this.every, this.scheduler).onBackpressureDrop(),
						this.bell.asFlux().onBackpressureLatest())
				.onBackpressureLatest()
				.concatMap((tick) -> Mono.defer(this::round).onErrorResume((error) -> {
					this.logger.warn("{} and the next round tries again: {}", this.failure, error.getMessage());
					return Mono.empty();
				}), 0)
				.subscribe((done) -> {
				}, (error) -> this.logger.error("{}, and no round will come any more", this.failure, error));
		}
	}

	@Override
	public final synchronized void stop() {
		Disposable ending = this.rounds;
		this.rounds = null;
		if (ending != null) {
			ending.dispose();
		}
	}

	@Override
	public final boolean isRunning() {
		return this.rounds != null;
	}

	/** With the outbox: before the counting stops. */
	@Override
	public int getPhase() {
		return Phases.OUTBOX;
	}

}
