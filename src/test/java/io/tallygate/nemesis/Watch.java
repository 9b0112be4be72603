package io.tallygate.nemesis;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

import io.tallygate.nemesis.Trend.Point;
import io.tallygate.nemesis.Vitals.Heap;

/**
 * Watches the gateways' processes for as long as a soak runs: every ten seconds what can
 * be had without disturbing them, and about once a minute, in a calm, what it takes a
 * full collection to know. Whether something rises is judged by what was seen in calms,
 * when all that a fault had held up is where it belongs.
 */
final class Watch implements AutoCloseable {

	private static final int EVERY_SECONDS = 10;

	/** After the last fault's traces are gone from the stores, connections are too. */
	private static final Duration CALM_BEGINS_AFTER = Duration.ofSeconds(8);

	private static final Duration HEAP_EVERY = Duration.ofSeconds(55);

	/** Caches fill and code is compiled. */
	private static final Duration WARM_UP_MAX = Duration.ofMinutes(10);

	private static final int CLASSES_SHOWN = 15;

	private final List<Gateway> gateways;

	private final List<Vitals> vitals;

	private final double warmUpSeconds;

	private final long begun = System.nanoTime();

	private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();

	private final Map<Seen, List<Point>> calm = new LinkedHashMap<>();

	private final Map<Seen, Double> most = new LinkedHashMap<>();

	private final Map<Gateway, List<Heap>> heaps = new LinkedHashMap<>();

	private long calmSince = Long.MAX_VALUE;

	private long heapAt = System.nanoTime();

	private int missed;

	/** A series. */
	private record Seen(Gateway gateway, Quantity quantity) {
	}

	/**
	 * What became of one quantity of one gateway.
	 *
	 * @param gateway from 1
	 * @param most that was seen at any time, whatever was wrong just then
	 * @param trend of what was seen in calms
	 * @param points these
	 */
	record Finding(int gateway, Quantity quantity, double most, Trend trend, List<Point> points) {

		boolean isRising() {
			return this.quantity.isTooMuch(this.trend);
		}

		@Override
		public String toString() {
			return "gateway %d, %s: %.1f to %.1f %s (%+.2f an hour, %.2f pass), %.1f at most, %d points%s".formatted(
					this.gateway, this.quantity.label(), this.trend.first(), this.trend.last(), this.quantity.unit(),
					this.trend.perHour(), this.quantity.perHourMax(), this.most, this.points.size(),
					isRising() ? ", RISES" : "");
		}

	}

	/**
	 * Begins.
	 * @param time that the whole takes; a third of it, but no more than ten minutes, is
	 * warming up and does not count
	 */
	Watch(Scene scene, Duration time) {
		this.gateways = scene.gateways();
		this.vitals = this.gateways.stream()
			.map((gateway) -> new Vitals(gateway, scene.redis().ways(gateway.number()).stream().map(Way::port).toList(),
					scene.toProvider().port()))
			.toList();
		this.warmUpSeconds = Math.min(time.toSeconds() / 3.0, WARM_UP_MAX.toSeconds());
		this.clock.scheduleAtFixedRate(this::look, EVERY_SECONDS, EVERY_SECONDS, TimeUnit.SECONDS);
	}

	/** Nothing is wrong from now on, for a while. */
	synchronized void calmBegins() {
		this.calmSince = System.nanoTime();
	}

	/** Something will be wrong next. */
	synchronized void calmEnds() {
		if (isCalm() && System.nanoTime() - this.heapAt > HEAP_EVERY.toNanos()) {
			lookAtHeaps();
			this.heapAt = System.nanoTime();
		}
		this.calmSince = Long.MAX_VALUE;
	}

	private boolean isCalm() {
		return this.calmSince != Long.MAX_VALUE && System.nanoTime() - this.calmSince > CALM_BEGINS_AFTER.toNanos();
	}

	private void look() {
		for (int i = 0; i < this.gateways.size(); i++) {
			try {
				note(this.gateways.get(i), this.vitals.get(i).light());
			}
			catch (AssertionError | RuntimeException ex) {
				miss();
			}
		}
	}

	/** It stands still, as part of a fault. */
	private synchronized void miss() {
		this.missed++;
	}

	private void lookAtHeaps() {
		for (int i = 0; i < this.gateways.size(); i++) {
			Gateway gateway = this.gateways.get(i);
			Heap heap = this.vitals.get(i).heap();
			note(gateway, Map.of(Quantity.LIVE_HEAP, Vitals.megabytes(heap.bytes())));
			note(gateway, this.vitals.get(i).memory());
			List<Heap> seen = this.heaps.computeIfAbsent(gateway, (key) -> new ArrayList<>());
			// Of these the first that counts and the last are compared.
			if (seen.size() > 1) {
				seen.remove(1);
			}
			if (!seen.isEmpty() || seconds() > this.warmUpSeconds) {
				seen.add(heap);
			}
		}
	}

	private synchronized void note(Gateway gateway, Map<Quantity, Double> values) {
		double seconds = seconds();
		values.forEach((quantity, value) -> {
			Seen seen = new Seen(gateway, quantity);
			this.most.merge(seen, value, Math::max);
			if (isCalm() && seconds > this.warmUpSeconds) {
				this.calm.computeIfAbsent(seen, (key) -> new ArrayList<>()).add(new Point(seconds, value));
			}
		});
	}

	private double seconds() {
		return (System.nanoTime() - this.begun) / 1e9;
	}

	/** What became of all of them; fails when something was not seen often enough. */
	synchronized List<Finding> findings() {
		List<Finding> findings = seen();
		if (findings.size() < this.gateways.size() * Quantity.values().length) {
			throw new AssertionError("Too short to see everything twice in a calm: " + findings);
		}
		return findings;
	}

	/** What became of those that were seen more than once in a calm. */
	synchronized List<Finding> seen() {
		List<Finding> findings = new ArrayList<>();
		for (Gateway gateway : this.gateways) {
			for (Quantity quantity : Quantity.values()) {
				Seen seen = new Seen(gateway, quantity);
				List<Point> points = this.calm.getOrDefault(seen, List.of());
				if (points.size() > 1) {
					findings.add(new Finding(gateway.number() + 1, quantity, this.most.get(seen), Trend.of(points),
							List.copyOf(points)));
				}
			}
		}
		return findings;
	}

	/**
	 * Classes of whose objects there was more in the end, by kilobytes, the most first.
	 */
	synchronized Map<String, Long> grown(Gateway gateway) {
		List<Heap> seen = this.heaps.getOrDefault(gateway, List.of());
		if (seen.size() < 2) {
			return Map.of();
		}
		Map<String, Long> before = seen.get(0).classes();
		Map<String, Long> grown = new LinkedHashMap<>();
		new TreeMap<>(seen.get(1).classes()).entrySet()
			.stream()
			.map((entry) -> Map.entry(entry.getKey(), entry.getValue() - before.getOrDefault(entry.getKey(), 0L)))
			.sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
			.limit(CLASSES_SHOWN)
			.forEach((entry) -> grown.put(entry.getKey(), entry.getValue() / 1024));
		return grown;
	}

	/** How often a gateway said nothing, because it stood still. */
	synchronized int missed() {
		return this.missed;
	}

	/** What does not count yet. */
	double warmUpSeconds() {
		return this.warmUpSeconds;
	}

	@Override
	public void close() {
		this.clock.shutdownNow();
	}

}
