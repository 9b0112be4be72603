package io.tallygate.support;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** Says how far long work has come, a line every few seconds, with what is left. */
public final class Progress implements AutoCloseable {

	private static final Duration EVERY = Duration.ofSeconds(5);

	private static final int WIDTH = 30;

	private final String what;

	private final long all;

	private final long begun = System.nanoTime();

	private final AtomicLong done = new AtomicLong();

	private final AtomicLong shownAt = new AtomicLong(System.nanoTime());

	/** Work of so many steps. */
	public Progress(String what, long all) {
		this.what = what;
		this.all = all;
	}

	/** One more is done. */
	public void step() {
		reach(this.done.incrementAndGet());
	}

	/** So many are done. */
	public void reach(long now) {
		this.done.set(now);
		long shown = this.shownAt.get();
		long time = System.nanoTime();
		if (time - shown > EVERY.toNanos() && this.shownAt.compareAndSet(shown, time)) {
			show(now);
		}
	}

	/** A line that is no progress. */
	public synchronized void say(String text) {
		System.out.println(text);
	}

	private synchronized void show(long now) {
		double share = Math.min(1, (double) now / this.all);
		Duration took = Duration.ofNanos(System.nanoTime() - this.begun);
		Duration left = (share > 0) ? Duration.ofMillis((long) (took.toMillis() * (1 - share) / share)) : Duration.ZERO;
		int full = (int) (WIDTH * share);
		System.out.printf("[%s%s] %,d of %,d %s, %s, %s left%n", "#".repeat(full), ".".repeat(WIDTH - full), now,
				this.all, this.what, text(took), text(left));
	}

	private static String text(Duration time) {
		return "%d:%02d".formatted(time.toMinutes(), time.toSecondsPart());
	}

	@Override
	public void close() {
		show(this.done.get());
	}

}
