package io.tallygate.core;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Supplier;

import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Natural batching: a call leaves at once when none is in flight; while one is, what
 * comes collects and leaves with the next. Idle there is no wait, busy the cost is
 * shared. Where nobody waits for the answers there may be a pause after each call, so
 * that more collects.
 * <p>
 * What was submitted goes out even when nobody waits for it any more.
 *
 * @param <T> what is submitted
 * @param <R> what each gets back
 */
public final class NaturalBatch<T, R> {

	private final Function<List<T>, Mono<List<R>>> call;

	private final int sizeMax;

	private final int waitingMax;

	private final Supplier<Duration> pause;

	private final Scheduler scheduler;

	private final Queue<Waiting<T, R>> queue = new ConcurrentLinkedQueue<>();

	/**
	 * Guards the one call in flight: whoever raises it from zero makes the calls until it
	 * is zero again.
	 */
	private final AtomicInteger wip = new AtomicInteger();

	/** Guards the loop over calls. */
	private final AtomicInteger turns = new AtomicInteger();

	private final AtomicLong waiting = new AtomicLong();

	private record Waiting<T, R>(T item, Sinks.One<R> result) {
	}

	/**
	 * Batches for {@code call}, which answers one result an item, in order.
	 * @param sizeMax the most items in one call
	 * @param waitingMax the most items that may wait
	 */
	public NaturalBatch(int sizeMax, int waitingMax, Function<List<T>, Mono<List<R>>> call) {
		this(sizeMax, waitingMax, call, () -> Duration.ZERO, Schedulers.immediate());
	}

	/**
	 * The same with a pause after each call, unless a whole batch waits.
	 * @param pause asked after each call; for zero there is none
	 * @param scheduler of the pauses
	 */
	public NaturalBatch(int sizeMax, int waitingMax, Function<List<T>, Mono<List<R>>> call, Supplier<Duration> pause,
			Scheduler scheduler) {
		this.sizeMax = sizeMax;
		this.waitingMax = waitingMax;
		this.call = call;
		this.pause = pause;
		this.scheduler = scheduler;
	}

	/**
	 * Submits at once, without waiting for a subscriber; the result may be awaited or
	 * not.
	 */
	public Mono<R> submit(T item) {
		if (this.waiting.incrementAndGet() > this.waitingMax) {
			this.waiting.decrementAndGet();
			return Mono.error(new BatchFull(this.waitingMax));
		}
		Waiting<T, R> waiting = new Waiting<>(item, Sinks.one());
		this.queue.add(waiting);
		if (this.wip.getAndIncrement() == 0) {
			leave();
		}
		return waiting.result().asMono();
	}

	/** How many items have not been answered. */
	public long waiting() {
		return this.waiting.get();
	}

	private void next() {
		Duration pause = this.pause.get();
		if (pause.isZero() || this.waiting.get() >= this.sizeMax) {
			leave();
		}
		else {
			this.scheduler.schedule(this::leave, pause.toNanos(), TimeUnit.NANOSECONDS);
		}
	}

	/** After a call that was over at once the next one leaves in this loop, not in it. */
	private void leave() {
		if (this.turns.getAndIncrement() == 0) {
			do {
				leaveOnce();
			}
			while (this.turns.decrementAndGet() != 0);
		}
	}

	private void leaveOnce() {
		this.wip.set(1);
		List<Waiting<T, R>> batch = new ArrayList<>();
		Waiting<T, R> first;
		while (batch.size() < this.sizeMax && (first = this.queue.poll()) != null) {
			batch.add(first);
		}
		if (batch.isEmpty()) {
			if (this.wip.decrementAndGet() != 0) {
				leave();
			}
			return;
		}
		List<T> items = new ArrayList<>(batch.size());
		batch.forEach((waiting) -> items.add(waiting.item()));
		Mono.defer(() -> this.call.apply(items))
			.subscribe((results) -> answer(batch, results), (error) -> fail(batch, error));
	}

	private void answer(List<Waiting<T, R>> batch, List<R> results) {
		this.waiting.addAndGet(-batch.size());
		for (int i = 0; i < batch.size(); i++) {
			batch.get(i).result().tryEmitValue(results.get(i));
		}
		next();
	}

	private void fail(List<Waiting<T, R>> batch, Throwable error) {
		this.waiting.addAndGet(-batch.size());
		batch.forEach((waiting) -> waiting.result().tryEmitError(error));
		next();
	}

	/** As many items wait as may. */
	public static final class BatchFull extends RuntimeException {

		private static final long serialVersionUID = 1L;

		BatchFull(int waitingMax) {
			super(waitingMax + " operations wait already");
		}

	}

}
