package io.tallygate.relay;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Every exchange under way, with or without a client: bounds how many are drained at
 * once, and at shutdown waits for them, then ends what is left.
 */
final class Exchanges implements SmartLifecycle {

	private static final Duration LOOK = Duration.ofMillis(50);

	private final int drainsMax;

	private final Duration grace;

	private final Duration ending;

	private final Set<Exchange> running = ConcurrentHashMap.newKeySet();

	private final AtomicInteger draining = new AtomicInteger();

	private volatile boolean started;

	/**
	 * Nothing under way.
	 * @param drainsMax the most that are drained at once
	 * @param grace how long a shutdown lasts; its last part (a tenth, at most 5 s) is for
	 * ending what is left
	 */
	Exchanges(int drainsMax, Duration grace) {
		this.drainsMax = drainsMax;
		Duration tenth = grace.dividedBy(10);
		this.ending = (tenth.compareTo(Duration.ofSeconds(5)) < 0) ? tenth : Duration.ofSeconds(5);
		this.grace = grace;
	}

	void add(Exchange exchange) {
		this.running.add(exchange);
	}

	void remove(Exchange exchange) {
		this.running.remove(exchange);
	}

	/** Takes a place among those that are drained, if there is one. */
	boolean drain() {
		if (this.draining.incrementAndGet() <= this.drainsMax) {
			return true;
		}
		this.draining.decrementAndGet();
		return false;
	}

	/** Gives the place back. */
	void drained() {
		this.draining.decrementAndGet();
	}

	int draining() {
		return this.draining.get();
	}

	int running() {
		return this.running.size();
	}

	@Override
	public void start() {
		this.started = true;
	}

	@Override
	public void stop() {
		awaitNone(this.grace.minus(this.ending));
		this.running.forEach(Exchange::shutDown);
		awaitNone(this.ending.dividedBy(2));
		this.started = false;
	}

	/** Waits on a thread of its own: the web server's grace runs at the same time. */
	@Override
	public void stop(Runnable stopped) {
		new Thread(() -> {
			stop();
			stopped.run();
		}, "relay-shutdown").start();
	}

	@Override
	public boolean isRunning() {
		return this.started;
	}

	/** Beside the web server, which by then accepts nothing new, and before metering. */
	@Override
	public int getPhase() {
		return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE;
	}

	private void awaitNone(Duration longest) {
		long end = System.nanoTime() + longest.toNanos();
		try {
			while (!this.running.isEmpty() && System.nanoTime() < end) {
				Thread.sleep(LOOK.toMillis());
			}
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
