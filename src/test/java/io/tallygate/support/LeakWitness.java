package io.tallygate.support;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakTracker;

/**
 * Netty's detector of leaks, which also remembers what it found until somebody looks.
 * pom.xml names it to Netty ({@code io.netty.customResourceLeakDetector}), because Netty
 * makes its detectors with the first buffer, before any test could ask for another.
 *
 * @param <T> what may leak, buffers as a rule
 */
public final class LeakWitness<T> extends ResourceLeakDetector<T> {

	/** A collection queues what it found in another thread, soon after. */
	private static final int QUEUED_MILLIS_MAX = 2000;

	private static final int SETTLED_MILLIS = 20;

	private static final Queue<String> REPORTS = new ConcurrentLinkedQueue<>();

	private static volatile boolean isThere;

	private static volatile boolean hasTracked;

	/** Netty's own way to make one, by reflection. */
	public LeakWitness(Class<?> type, int samplingInterval) {
		super(type, samplingInterval);
		isThere = true;
	}

	/** The same, as it was made formerly; Netty wants both. */
	public LeakWitness(Class<?> type, int samplingInterval, long mostActive) {
		this(type, samplingInterval);
	}

	@Override
	public ResourceLeakTracker<T> track(T resource) {
		hasTracked = true;
		return super.track(resource);
	}

	@Override
	protected void reportTracedLeak(String type, String records) {
		REPORTS.add(type + " was not released." + records);
		super.reportTracedLeak(type, records);
	}

	@Override
	protected void reportUntracedLeak(String type) {
		REPORTS.add(type + " was not released.");
		super.reportUntracedLeak(type);
	}

	/**
	 * What was not released and is garbage by now, since this was asked last. Collects it
	 * where there were any buffers at all.
	 */
	static List<String> look() {
		if (hasTracked) {
			collect();
			// Netty reports when it tracks the next one.
			ByteBufAllocator.DEFAULT.buffer(1).release();
			hasTracked = false;
		}
		List<String> found = new ArrayList<>();
		for (String next = REPORTS.poll(); next != null; next = REPORTS.poll()) {
			found.add(next);
		}
		return found;
	}

	/** Whether Netty asks it. */
	static boolean isThere() {
		return isThere;
	}

	private static void collect() {
		ReferenceQueue<Object> collected = new ReferenceQueue<>();
		WeakReference<Object> garbage = new WeakReference<>(new Object(), collected);
		System.gc();
		try {
			if (collected.remove(QUEUED_MILLIS_MAX) != garbage) {
				throw new IllegalStateException("Nothing was collected: is System.gc() switched off?");
			}
			TimeUnit.MILLISECONDS.sleep(SETTLED_MILLIS);
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
		}
	}

}
