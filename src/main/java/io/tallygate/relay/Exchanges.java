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

	/** After the grace, for ending what is left and telling its clients. */
	static final Duration ENDING = Duration.ofSeconds(5);

	/** Of which this is left to whatever else stops at the same time. */
	private static final Duration SPARE = Duration.ofSeconds(1);

	private static final Duration LOOK = Duration.ofMillis(50);

	private final int drainsMax;

	private final Duration grace;

	private final Set<Exchange> running = ConcurrentHashMap.newKeySet();

	private final AtomicInteger draining = new AtomicInteger();

	private volatile boolean started;

	/**
	 * Nothing under way.
	 * @param drainsMax the most that are drained at once
	 * @param grace how long exchanges have to end by themselves once a shutdown has begun
	 */
	Exchanges(int drainsMax, Duration grace) {
		this.drainsMax = drainsMax;
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
		awaitNone(this.grace);
		this.running.forEach(Exchange::shutDown);
		awaitNone(ENDING.minus(SPARE));
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
