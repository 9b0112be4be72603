package io.tallygate.stripe;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import io.tallygate.core.AgencyId;

/**
 * The threads on which blocking calls to Stripe run. Each agency has at most a few of
 * them at once and its further calls wait in a line of their own, so an account that
 * hangs keeps nobody else waiting.
 */
final class StripeThreads {

	private final StripeProperties properties;

	private final ThreadPoolExecutor threads;

	private final Map<AgencyId, Turns> turns = new HashMap<>();

	private int admitted;

	private boolean closed;

	StripeThreads(StripeProperties properties) {
		this.properties = properties;
		AtomicInteger number = new AtomicInteger();
		// The queue has no bound of its own because offer() keeps one over all that is
		// admitted.
		this.threads = new ThreadPoolExecutor(properties.threads(), properties.threads(), 30, TimeUnit.SECONDS,
				new LinkedBlockingQueue<>(), (task) -> new Thread(task, "stripe-" + number.incrementAndGet()));
		this.threads.allowCoreThreadTimeOut(true);
	}

	/** Takes a call for its turn, or says that too much waits already. */
	synchronized boolean offer(AgencyId agency, Call call) {
		if (this.closed || this.admitted >= this.properties.threads() + this.properties.queueMax()) {
			return false;
		}
		Turns mine = this.turns.computeIfAbsent(agency, (key) -> new Turns());
		if (mine.running < this.properties.callsPerAccountMax()) {
			mine.running++;
			this.threads.execute(() -> run(agency, call));
		}
		else if (mine.waiting.size() < this.properties.waitingPerAccountMax()) {
			mine.waiting.add(call);
		}
		else {
			return false;
		}
		this.admitted++;
		return true;
	}

	private void run(AgencyId agency, Call call) {
		try {
			call.run();
		}
		finally {
			passOn(agency);
		}
	}

	private synchronized void passOn(AgencyId agency) {
		this.admitted--;
		Turns mine = Objects.requireNonNull(this.turns.get(agency));
		Call next = mine.waiting.poll();
		if (next != null) {
			this.threads.execute(() -> run(agency, next));
		}
		else if (--mine.running == 0) {
			this.turns.remove(agency);
		}
	}

	/** Calls that run or wait. */
	synchronized int admitted() {
		return this.admitted;
	}

	/** Lets calls that began end, and refuses those that wait. */
	void close() {
		synchronized (this) {
			this.closed = true;
			for (Turns each : this.turns.values()) {
				each.waiting.forEach(Call::refuse);
				this.admitted -= each.waiting.size();
				each.waiting.clear();
			}
			this.threads.shutdown();
		}
		try {
			this.threads.awaitTermination(
					this.properties.connectTimeout().plus(this.properties.readTimeout()).toMillis(),
					TimeUnit.MILLISECONDS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

	/** A call that will be run, or else refused. */
	interface Call {

		void run();

		void refuse();

	}

	/** The calls of one agency. */
	private static final class Turns {

		private final Deque<Call> waiting = new ArrayDeque<>();

		private int running;

	}

}
