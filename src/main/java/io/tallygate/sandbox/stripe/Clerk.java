package io.tallygate.sandbox.stripe;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * One thread that owns all state. It takes what waits, does each piece in turn, writes
 * what changed to the journal with one wait for the disk, and only then hands back the
 * results: nothing is answered that a crash could take back.
 */
final class Clerk implements AutoCloseable {

	/** Calls that may wait; more are refused. */
	static final int WAITING_MAX = 10_000;

	private static final int BATCH_MAX = 256;

	private static final long STOP_MILLIS_MAX = 5_000;

	private final BlockingQueue<Job<?>> waiting = new ArrayBlockingQueue<>(WAITING_MAX);

	private final Journal journal;

	private final Thread thread;

	private volatile boolean isClosed;

	private @Nullable IOException broken;

	Clerk(Journal journal) {
		this.journal = journal;
		this.thread = new Thread(this::run, "fake-stripe-clerk");
		this.thread.setDaemon(true);
	}

	void start() {
		this.thread.start();
	}

	/** Has the work done; fails when the disk does, or when too much waits. */
	<T> CompletableFuture<T> submit(Supplier<Outcome<T>> work) {
		Job<T> job = new Job<>(work);
		if (this.isClosed || !this.waiting.offer(job)) {
			job.result.completeExceptionally(
					new IllegalStateException(this.isClosed ? "The fake Stripe is closed" : "Too many calls wait"));
		}
		return job.result;
	}

	private void run() {
		List<Job<?>> batch = new ArrayList<>(BATCH_MAX);
		while (!this.isClosed) {
			try {
				batch.add(this.waiting.take());
			}
			catch (InterruptedException ex) {
				return;
			}
			this.waiting.drainTo(batch, BATCH_MAX - 1);
			handle(batch);
			batch.clear();
		}
		this.waiting.drainTo(batch);
		batch.forEach((job) -> job.fail(new IllegalStateException("The fake Stripe is closed")));
	}

	private void handle(List<Job<?>> batch) {
		if (this.broken == null) {
			List<ObjectNode> lines = new ArrayList<>();
			batch.forEach((job) -> job.perform(lines));
			try {
				if (!lines.isEmpty()) {
					this.journal.append(lines);
				}
			}
			catch (IOException ex) {
				// What is in memory is not on the disk: from here on nothing can be
				// promised.
				this.broken = ex;
			}
		}
		IOException failure = this.broken;
		batch.forEach((failure != null) ? (job) -> job.fail(failure) : Job::handBack);
	}

	/** Finishes what waits, then stops. */
	@Override
	public void close() {
		try {
			this.waiting.put(new Job<>(() -> {
				this.isClosed = true;
				return Outcome.unchanged(true);
			}));
			this.thread.join(STOP_MILLIS_MAX);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/** A piece of work and the promise of its result. */
	private static final class Job<T> {

		private final Supplier<Outcome<T>> work;

		private final CompletableFuture<T> result = new CompletableFuture<>();

		private @Nullable Outcome<T> outcome;

		private @Nullable RuntimeException failure;

		Job(Supplier<Outcome<T>> work) {
			this.work = work;
		}

		void perform(List<ObjectNode> lines) {
			try {
				Outcome<T> done = this.work.get();
				if (done.line() != null) {
					lines.add(done.line());
				}
				this.outcome = done;
			}
			catch (RuntimeException ex) {
				this.failure = ex;
			}
		}

		void handBack() {
			Outcome<T> done = this.outcome;
			if (done != null) {
				this.result.complete(done.value());
			}
			else {
				fail((this.failure != null) ? this.failure : new IllegalStateException("Never performed"));
			}
		}

		void fail(Exception ex) {
			this.result.completeExceptionally(ex);
		}

	}

}
