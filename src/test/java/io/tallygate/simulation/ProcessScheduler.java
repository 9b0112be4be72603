package io.tallygate.simulation;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;

import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;
import reactor.test.scheduler.VirtualTimeScheduler;

/**
 * The one thread of a simulated process, in virtual time. A frozen process does what was
 * due when it goes on; a dead one does nothing more.
 */
final class ProcessScheduler implements Scheduler {

	private final VirtualTimeScheduler time;

	private final Queue<Runnable> backlog = new ArrayDeque<>();

	private boolean frozen;

	private boolean dead;

	ProcessScheduler(VirtualTimeScheduler time) {
		this.time = time;
	}

	/** Stops it, as by SIGSTOP. */
	void freeze() {
		this.frozen = true;
	}

	/** Lets it go on, as by SIGCONT. */
	void thaw() {
		this.frozen = false;
		while (!this.frozen && !this.backlog.isEmpty()) {
			run(this.backlog.poll());
		}
	}

	/** Ends it, as by SIGKILL. */
	void die() {
		this.dead = true;
		this.backlog.clear();
	}

	boolean isFrozen() {
		return this.frozen;
	}

	private void run(Runnable task) {
		if (this.dead) {
			return;
		}
		if (this.frozen) {
			this.backlog.add(task);
			return;
		}
		task.run();
	}

	@Override
	public Disposable schedule(Runnable task) {
		return this.time.schedule(() -> run(task));
	}

	@Override
	public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
		return this.time.schedule(() -> run(task), delay, unit);
	}

	@Override
	public Disposable schedulePeriodically(Runnable task, long initialDelay, long period, TimeUnit unit) {
		return this.time.schedulePeriodically(() -> run(task), initialDelay, period, unit);
	}

	@Override
	public long now(TimeUnit unit) {
		return this.time.now(unit);
	}

	@Override
	public Worker createWorker() {
		Worker worker = this.time.createWorker();
		return new Worker() {

			@Override
			public Disposable schedule(Runnable task) {
				return worker.schedule(() -> run(task));
			}

			@Override
			public Disposable schedule(Runnable task, long delay, TimeUnit unit) {
				return worker.schedule(() -> run(task), delay, unit);
			}

			@Override
			public Disposable schedulePeriodically(Runnable task, long initialDelay, long period, TimeUnit unit) {
				return worker.schedulePeriodically(() -> run(task), initialDelay, period, unit);
			}

			@Override
			public void dispose() {
				worker.dispose();
			}

			@Override
			public boolean isDisposed() {
				return worker.isDisposed();
			}

		};
	}

}
