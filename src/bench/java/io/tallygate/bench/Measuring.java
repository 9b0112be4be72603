package io.tallygate.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import io.tallygate.bench.Load.Plan;
import io.tallygate.support.Wait;
import org.HdrHistogram.Histogram;

/**
 * Puts a load on a target and measures:
 * <ol>
 * <li>the load runs until it has settled;</li>
 * <li>then times are recorded, and CPU is read before and after;</li>
 * <li>then what runs comes to its end, and every answer must have been right.</li>
 * </ol>
 */
final class Measuring implements AutoCloseable {

	private static final int SETTLE_MILLIS = 2500;

	/** Compilers rest when they use less of a JVM's CPU than this, under each load. */
	private static final double RESTING_MAX = 0.02;

	/** For how many times its warm-up a JVM is waited for to come to rest, at most. */
	private static final int REST_WARMUPS_MAX = 2;

	private static final int WENT_ON_SECONDS_MAX = 60;

	private final Loop loop = Loop.start();

	private final int seconds;

	private final Child provider;

	/** Whose CPU is no noise. */
	private final List<Long> processes;

	private final List<String> faults = new ArrayList<>();

	private final Map<String, Long> sent = new HashMap<>();

	Measuring(int seconds, Child provider, Child stripe) {
		this.seconds = seconds;
		this.provider = provider;
		this.processes = List.of(provider.pid(), stripe.pid());
	}

	/** What was wrong with answers, in words; nothing, if all is well. */
	List<String> faults() {
		return this.faults;
	}

	/** Does this, and takes its failure down as a fault: the rest is worth measuring. */
	void expect(Runnable what) {
		try {
			what.run();
		}
		catch (AssertionError ex) {
			this.faults.add(String.valueOf(ex.getMessage()));
		}
	}

	/** How many requests a key has sent to a target. */
	long sent(Target target) {
		return this.sent.getOrDefault(target.key(), 0L);
	}

	/**
	 * Full load without a measurement, on every core until the last quarter; gives how
	 * many whole answers a second that was in the last quarter.
	 */
	double warm(Target target, int seconds) {
		long millis = TimeUnit.SECONDS.toMillis(seconds);
		Child.spread(target.process(), true);
		Load streams = Load.start(this.loop, target, Loads.plan(Loads.SSE));
		Wait.pause(millis / 2);
		end(target, "warm-up", streams);
		Load whole = Load.start(this.loop, target, Loads.plan(Loads.JSON_BEST));
		Wait.pause(millis / 4);
		Child.spread(target.process(), false);
		long before = whole.sent();
		Wait.pause(millis / 4);
		double rate = (whole.sent() - before) * 4000.0 / millis;
		end(target, "warm-up", whole);
		return rate;
	}

	/**
	 * Streams and whole answers in turn, until the compilers of a JVM rest: code that runs
	 * seldom, as what writes the ledger does, is compiled long after the rest, and until
	 * then costs several times as much. Gives how many seconds that took.
	 */
	int settle(Target target, int warmup) {
		long begun = System.nanoTime();
		boolean isResting = false;
		while (!isResting && secondsSince(begun) < warmup * REST_WARMUPS_MAX) {
			isResting = true;
			for (String load : List.of(Loads.SSE, Loads.JSON_BEST)) {
				Map<Figure, Double> figures = load(target, load, Loads.plan(load));
				double compilers = figures.getOrDefault(Figure.COMPILER, 0.0);
				isResting &= compilers < RESTING_MAX * figures.getOrDefault(Figure.CPU, 0.0);
			}
		}
		return secondsSince(begun);
	}

	private static int secondsSince(long begun) {
		return (int) TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun);
	}

	/** Full load of these kinds, one after the other. */
	void warm(Target target, int seconds, List<String> loads) {
		Child.spread(target.process(), true);
		for (String load : loads) {
			Load running = Load.start(this.loop, target, Loads.plan(load));
			Wait.pause(TimeUnit.SECONDS.toMillis(seconds) / loads.size());
			end(target, "warm-up", running);
		}
		Child.spread(target.process(), false);
	}

	/** Whole answers or streams, with CPU for each request or chunk. */
	Map<Figure, Double> load(Target target, String name, Plan plan) {
		Load load = Load.start(this.loop, target, plan);
		Wait.pause(SETTLE_MILLIS);
		return counted(List.of(target), name, load, plan.chunks() > 0);
	}

	/** The same over all replicas together, with these keys. */
	Map<Figure, Double> load(List<Target> replicas, String name, Plan plan, Supplier<byte[]> keys) {
		Load load = Load.start(this.loop, replicas, keys, plan);
		Wait.pause(SETTLE_MILLIS);
		return counted(replicas, name, load, plan.chunks() > 0);
	}

	/** As many whole answers as the plan has, from the first to the last. */
	Map<Figure, Double> all(List<Target> replicas, String name, Plan plan, Supplier<byte[]> keys) {
		Used before = Used.now(replicas, this.processes);
		Load load = Load.start(this.loop, replicas, keys, plan);
		load.beginCounting();
		while (load.sent() < plan.most() && !load.hasFailed()) {
			Wait.pause(5);
		}
		Tally tally = end(replicas.get(0), name, load);
		return figures(replicas, Used.now(replicas, this.processes).minus(before), tally, (double) tally.answers);
	}

	/** Nothing is asked: microseconds of CPU a second. */
	Map<Figure, Double> idle(List<Target> replicas) {
		Used before = Used.now(replicas, this.processes);
		Wait.pause(TimeUnit.SECONDS.toMillis(this.seconds));
		Used used = Used.now(replicas, this.processes).minus(before);
		return figures(replicas, used, new Tally(), used.time() / 1e6);
	}

	/** Streams that stay open, with the heap that each of them takes. */
	Map<Figure, Double> plateau(Target target, int streams) {
		Optional<LiveHeap> before = liveHeap(target);
		Load load = Load.start(this.loop, target, Loads.plateau(streams, this.seconds));
		Wait.until("first chunks of " + streams + " streams", 60, () -> load.told() == streams,
				() -> load.told() + " have one");
		Map<Figure, Double> heap = new EnumMap<>(Figure.class);
		Map<Figure, Double> figures = counted(List.of(target), Loads.plateau(streams), load, true,
				() -> before.ifPresent((earlier) -> heap.putAll(LiveHeap.of(target.process()).since(earlier, streams))));
		figures.putAll(heap);
		return figures;
	}

	/** Clients that hang up, all at once, after their first chunk. */
	Map<Figure, Double> leaving(Target target) {
		long[] before = streams();
		Load load = Load.start(this.loop, target, Loads.plan(Loads.LEAVING));
		Wait.until("first chunks", 60, () -> load.told() == Loads.LEAVING_STREAMS, () -> load.told() + " have one");
		long left = System.nanoTime();
		load.leave();
		Wait.pause(5);
		while (streams()[0] > 0 && System.nanoTime() - left < TimeUnit.SECONDS.toNanos(WENT_ON_SECONDS_MAX)) {
			Wait.pause(5);
		}
		double wentOn = (System.nanoTime() - left) / 1e6;
		count(target, load);
		return new EnumMap<>(Map.of(Figure.WENT_ON, wentOn, Figure.READ_TO_END,
				(streams()[1] - before[1]) * 100.0 / Loads.LEAVING_STREAMS));
	}

	private Map<Figure, Double> counted(List<Target> replicas, String name, Load load, boolean perChunk) {
		return counted(replicas, name, load, perChunk, () -> {
		});
	}

	private Map<Figure, Double> counted(List<Target> replicas, String name, Load load, boolean perChunk,
			Runnable after) {
		load.beginCounting();
		Used before = Used.now(replicas, this.processes);
		Wait.pause(TimeUnit.SECONDS.toMillis(this.seconds));
		Used used = Used.now(replicas, this.processes).minus(before);
		load.endCounting();
		after.run();
		Tally tally = end(replicas.get(0), name, load);
		return figures(replicas, used, tally, (double) (perChunk ? tally.chunk.getTotalCount() : tally.answers));
	}

	private static Map<Figure, Double> figures(List<Target> replicas, Used used, Tally tally, double each) {
		Map<Figure, Double> figures = new EnumMap<>(Figure.class);
		if (tally.answers > 0) {
			figures.put(Figure.RATE, tally.answers * 1e6 / used.time());
		}
		if (replicas.get(0).process() != 0 && each > 0) {
			figures.put(Figure.CPU, used.target() / each);
			if (replicas.get(0).isJvm()) {
				figures.put(Figure.COMPILER, Math.max(0, used.compilers()) / each);
			}
		}
		if (!replicas.get(0).redis().isEmpty() && each > 0) {
			figures.put(Figure.REDIS, used.redis() / each);
			figures.put(Figure.POSTGRES, used.postgres() / each);
		}
		figures.put(Figure.NOISE, 100 * used.others() / used.time());
		percentiles(figures, tally.whole, Figure.WHOLE_P50, Figure.WHOLE_P99);
		percentiles(figures, tally.first, Figure.FIRST_P50, Figure.FIRST_P99);
		percentiles(figures, tally.chunk, Figure.CHUNK_P50, Figure.CHUNK_P99);
		percentiles(figures, tally.last, Figure.LAST_P50, Figure.LAST_P99);
		return figures;
	}

	private Tally end(Target target, String name, Load load) {
		Tally tally = load.end();
		load.close();
		count(target, load);
		if (tally.fault != null) {
			this.faults.add("%s, %s: %d times, first: %s".formatted(target.name(), name, tally.wrong, tally.fault));
		}
		return tally;
	}

	private void count(Target target, Load load) {
		this.sent.merge(target.key(), load.sent(), Long::sum);
	}

	private static void percentiles(Map<Figure, Double> figures, Histogram times, Figure half, Figure nearlyAll) {
		if (times.getTotalCount() > 0) {
			figures.put(half, times.getValueAtPercentile(50) / 1000.0);
			figures.put(nearlyAll, times.getValueAtPercentile(99) / 1000.0);
		}
	}

	/** The provider's streams: open, told to their end, aborted. */
	private long[] streams() {
		try (var body = URI.create("http://127.0.0.1:" + this.provider.port() + "/streams").toURL().openStream()) {
			return Arrays.stream(new String(body.readAllBytes(), StandardCharsets.US_ASCII).split(" ", -1))
				.mapToLong(Long::parseLong)
				.toArray();
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private static Optional<LiveHeap> liveHeap(Target target) {
		return target.isJvm() ? Optional.of(LiveHeap.of(target.process())) : Optional.empty();
	}

	@Override
	public void close() {
		this.loop.close();
	}

	/** Microseconds that were used, and that passed. */
	private record Used(double time, double target, double compilers, double redis, double postgres, double bench, double all) {

		/** Replicas share their stores. */
		static Used now(List<Target> replicas, List<Long> processes) {
			Target first = replicas.get(0);
			return new Used(System.nanoTime() / 1000.0,
					Cpu.micros(replicas.stream().map(Target::process).filter((process) -> process != 0).toList()),
					replicas.stream().mapToDouble((target) -> Cpu.microsOfCompilers(target.process())).sum(),
					Cpu.micros(first.redis()), Cpu.micros(first.postgres()),
					Cpu.micros(processes) + ProcessHandle.current()
						.info()
						.totalCpuDuration()
						.map((own) -> own.toNanos() / 1000.0)
						.orElse(0.0),
					Cpu.microsOfAll());
		}

		Used minus(Used before) {
			return new Used(this.time - before.time, this.target - before.target,
					this.compilers - before.compilers, this.redis - before.redis,
					this.postgres - before.postgres, this.bench - before.bench, this.all - before.all);
		}

		/** Not by the bench. */
		double others() {
			return Math.max(0, this.all - this.target - this.redis - this.postgres - this.bench);
		}

	}

}
