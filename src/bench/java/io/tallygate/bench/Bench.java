package io.tallygate.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

import io.tallygate.bench.Samples.Sample;
import io.tallygate.support.Progress;
import io.tallygate.support.Results;
import io.tallygate.support.Wait;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Measures Tallygate beside what it stands on:
 * <ol>
 * <li>the mock provider, the stores and all targets start, and the JVMs among them are
 * warmed up;</li>
 * <li>in each round every load is put on every target, in turn and in an order that
 * changes;</li>
 * <li>then it is sampled what the gateways use their CPU for;</li>
 * <li>then the durability settings are compared in the same way;</li>
 * <li>every answer must have been right, and the ledger must have a line for each;</li>
 * <li>ratios are printed and written to {@code target/results/bench.json}, and compared
 * with the recorded ones if asked to.</li>
 * </ol>
 */
final class Bench {

	private static final Logger logger = LoggerFactory.getLogger(Bench.class);

	private static final int CHECKED_ROUNDS_MIN = 3;

	/** Beside another build a tenth is to be told from nothing. */
	private static final int CHECKED_ROUNDS_MIN_BEFORE = 5;

	/** What was recorded, and is compared with. */
	static final Path RECORDED = Path.of("docs", "results", "bench.json");

	private final Options options;

	private final Samples samples = new Samples();

	private final Child provider = Peers.startProvider();

	private final Child stripe = Peers.startStripe();

	private final Stores stores = Stores.start();

	private final Measuring measuring;

	/** Whole answers a second that a target gave in its warm-up. */
	private final Map<String, Double> rates = new HashMap<>();

	/** Seconds until a target's compilers rested, after its warm-up. */
	private final Map<String, Integer> settled = new LinkedHashMap<>();

	/** What their CPU goes to, by load and target. */
	private final Map<String, Map<String, Map<Room, Double>>> profiles = new LinkedHashMap<>();

	private final List<Child> peers = new ArrayList<>();

	private final List<Installation> installations = new ArrayList<>();

	private Bench(Options options) {
		this.options = options;
		this.measuring = new Measuring(options.seconds(), this.provider, this.stripe);
	}

	/** Exits with 1 if an answer was wrong, or a ratio got worse than recorded. */
	public static void main(String[] args) {
		Options options = Options.ofSystem();
		if (!Files.exists(options.jar())) {
			throw new IllegalStateException("There is no " + options.jar() + ": ./mvnw -DskipTests package");
		}
		if (options.before() != null && !Files.exists(options.before())) {
			throw new IllegalArgumentException("-Dbefore must be the jar of another build but there is no " + options.before());
		}
		if (options.check()) {
			comparable(options);
		}
		Child.stepAside();
		Bench bench = new Bench(options);
		boolean isWell = false;
		try {
			isWell = bench.run();
		}
		catch (RuntimeException | AssertionError ex) {
			logger.error("The bench stopped", ex);
		}
		finally {
			bench.stop();
		}
		// Nothing that was left behind by a library may keep the JVM.
		System.exit(isWell ? 0 : 1);
	}

	private boolean run() {
		Installation metered = install(Target.TALLYGATE, this.options, Map.of(), null);
		Target tallygate = metered.target();
		Target unmetered = install(Target.UNMETERED, this.options,
				Map.of("SPRING_MAIN_SOURCES", MeteringOff.class.getName()), Installation.alone(MeteringOff.class))
			.target();
		List<Target> targets = new ArrayList<>(peers());
		targets.add(tallygate);
		targets.add(unmetered);
		if (this.options.before() != null) {
			targets.add(install(Target.BEFORE, this.options.of(this.options.before()), Map.of(), null).target());
		}
		targets.stream().filter((target) -> target.process() != 0).forEach(this::warm);
		rounds(targets, metered);
		Profiler.here().ifPresent((profiler) -> profile(profiler, targets));
		if (this.options.has(Loads.DURABILITY)) {
			durability(metered, tallygate, unmetered);
		}
		this.measuring.expect(() -> metered.expectLines(this.measuring.sent(tallygate)));
		Console.print(this.samples);
		write();
		this.measuring.faults().forEach((fault) -> System.out.println("WRONG: " + fault));
		return this.measuring.faults().isEmpty() && (!this.options.check() || isNoWorseThanRecorded());
	}

	private Installation install(String name, Options build, Map<String, String> environment, @Nullable Path beside) {
		Installation installation = Installation.start(name, build, this.stores, this.provider.port(), this.stripe,
				environment, beside);
		this.installations.add(installation);
		return installation;
	}

	private List<Target> peers() {
		List<Target> targets = new ArrayList<>();
		targets.add(Target.of(Target.DIRECT, this.provider.port(), 0));
		Peers.nginx().ifPresent((command) -> {
			Child nginx = Peers.startNginx(command, this.provider.port());
			this.peers.add(nginx);
			targets.add(Target.of(Target.NGINX, nginx.port(), nginx.pid()));
		});
		Child plain = Peers.startPlain(this.options, this.provider.port());
		this.peers.add(plain);
		targets.add(Target.ofJvm(Target.PLAIN, plain, List.of(), List.of()));
		Portkey.folder().ifPresentOrElse((folder) -> {
			Child portkey = Portkey.start(folder);
			this.peers.add(portkey);
			targets.add(Portkey.target(portkey, this.provider.port()));
		}, () -> System.out.println("Left out: Portkey, for -Dportkey does not say where it is"));
		return targets;
	}

	private void warm(Target target) {
		System.out.println("Warming up: " + target.name());
		this.rates.put(target.name(), this.measuring.warm(target, this.options.warmup()));
		if (target.isJvm()) {
			this.settled.put(target.name(), this.measuring.settle(target, this.options.warmup()));
		}
	}

	private void rounds(List<Target> targets, Installation metered) {
		Map<String, Measurement> loads = new LinkedHashMap<>();
		List.of(Loads.JSON_BEST, Loads.JSON_FIXED, Loads.JSON_CALM, Loads.SSE)
			.forEach((load) -> loads.put(load, (target) -> this.measuring.load(target, load, Loads.plan(load))));
		this.options.streams()
			.forEach((streams) -> loads.put(Loads.plateau(streams),
					(target) -> this.measuring.plateau(target, streams)));
		loads.put(Loads.LEAVING, this.measuring::leaving);
		loads.keySet().removeIf((load) -> !this.options.has(load));
		List<Target> leaving = new ArrayList<>(targets);
		leaving.add(metered.aborting());
		List<Turn> turns = new ArrayList<>();
		for (int round = 1; round <= this.options.rounds(); round++) {
			for (String load : loads.keySet()) {
				List<Target> order = new ArrayList<>(load.equals(Loads.LEAVING) ? leaving : targets);
				Collections.rotate(order, round - 1);
				order.removeIf((target) -> !carries(target, load));
				for (Target target : order) {
					turns.add(new Turn(round, load, target));
				}
			}
		}
		try (Progress progress = new Progress("measurements", turns.size())) {
			for (Turn turn : turns) {
				Measurement measurement = Objects.requireNonNull(loads.get(turn.load()));
				this.measuring.expect(() -> this.samples
					.add(new Sample(turn.round(), turn.load(), turn.target().name(), measurement.of(turn.target()))));
				progress.step();
			}
		}
	}

	/**
	 * Whether it makes sense to put this load on a target: what cannot carry a rate has a
	 * best one, and Portkey is not asked for thousands of open streams.
	 */
	private boolean carries(Target target, String load) {
		if (Loads.isPlateau(load)) {
			return !target.name().equals(Target.PORTKEY);
		}
		return !Loads.isFixed(load)
				|| Loads.plan(load).perSecond() < this.rates.getOrDefault(target.name(), Double.MAX_VALUE);
	}

	/** A target meets a load. */
	private record Turn(int round, String load, Target target) {
	}

	/** What a load is to a target. */
	private interface Measurement {

		Map<Figure, Double> of(Target target);

	}

	private void profile(Profiler profiler, List<Target> targets) {
		List<Target> gateways = targets.stream().filter(Target::isJvm).toList();
		List<String> loads = Loads.PROFILED.stream().filter(this.options::has).toList();
		try (Progress progress = new Progress("profiles", (long) loads.size() * gateways.size())) {
			for (String load : loads) {
				Map<String, Map<Room, Double>> shares = new LinkedHashMap<>();
				for (Target target : gateways) {
					String name = load + "-" + target.name().replaceAll("\\W+", "-");
					shares.put(target.name(), profiler.during(target.process(), name,
							() -> this.measuring.load(target, load, Loads.plan(load))));
					progress.step();
				}
				this.profiles.put(load, shares);
			}
		}
	}

	/**
	 * The end of an answer waits for a store. Which one, and how soon that says that it
	 * has an entry, is the setting.
	 */
	private void durability(Installation metered, Target tallygate, Target unmetered) {
		Target ledger = install(Target.LEDGER, this.options, Map.of("TALLYGATE_CLOSE_DURABILITY", "ledger"), null)
			.target();
		warm(ledger);
		Map<String, Runnable> redis = new LinkedHashMap<>();
		redis.put("redis, appendonly no", () -> metered.configureRedis(Map.of("appendonly", "no")));
		redis.put("redis, appendfsync everysec",
				() -> metered.configureRedis(Map.of("appendonly", "yes", "appendfsync", "everysec")));
		redis.put("redis, appendfsync always", () -> metered.configureRedis(Map.of("appendfsync", "always")));
		try (Progress progress = new Progress("settings", 5L * this.options.rounds())) {
			for (int round = 1; round <= this.options.rounds(); round++) {
				waits(round, Target.UNMETERED, unmetered);
				progress.step();
				for (Map.Entry<String, Runnable> setting : redis.entrySet()) {
					setting.getValue().run();
					Wait.pause(1000);
					waits(round, setting.getKey(), tallygate);
					progress.step();
				}
				waits(round, "ledger", ledger);
				progress.step();
			}
		}
	}

	private void waits(int round, String setting, Target target) {
		for (String load : List.of(Loads.JSON_CALM, Loads.SSE)) {
			this.samples.add(new Sample(round, Loads.DURABILITY + ", " + load, setting,
					this.measuring.load(target, load, Loads.plan(load))));
		}
	}

	private void write() {
		Map<String, Object> comparisons = new TreeMap<>();
		for (Comparison comparison : Comparison.of(this.samples)) {
			comparison.spread(this.samples).ifPresent((spread) -> comparisons.put(comparison.name(), spread));
		}
		Map<String, String> versions = new TreeMap<>(Peers.versions());
		versions.putAll(this.stores.versions());
		Portkey.folder().map(Portkey::versions).ifPresent(versions::putAll);
		Results.write("bench",
				Map.ofEntries(Map.entry("samples", this.samples.toJson()), Map.entry("comparisons", comparisons),
						Map.entry("profiles", profilesAsJson()), Map.entry("versions", versions),
						Map.entry("machine", Machine.describe()), Map.entry("rounds", this.options.rounds()),
						Map.entry("seconds", this.options.seconds()), Map.entry("warmup", this.options.warmup()),
						Map.entry("settled", this.settled), Map.entry("heap", this.options.heap()),
						Map.entry("faults", this.measuring.faults().size()),
						Map.entry("cores", Child.coresOfBench())));
	}

	private List<Map<String, Object>> profilesAsJson() {
		List<Map<String, Object>> all = new ArrayList<>();
		this.profiles.forEach((load, targets) -> targets.forEach((target, shares) -> {
			Map<String, Object> profile = new LinkedHashMap<>(Map.of("load", load, "target", target));
			shares.forEach((room, share) -> profile.put(room.key(), Math.round(share * 10_000) / 10_000.0));
			all.add(profile);
		}));
		return all;
	}

	/** Half as long a warm-up makes figures worse by more than a check lets pass. */
	private static void comparable(Options options) {
		int roundsMin = (options.before() != null) ? CHECKED_ROUNDS_MIN_BEFORE : CHECKED_ROUNDS_MIN;
		if (options.rounds() < roundsMin) {
			throw new IllegalArgumentException("-Dcheck needs at least %d rounds to tell a change from the machine's moods but -Drounds was %d"
				.formatted(roundsMin, options.rounds()));
		}
		JsonNode recorded = recorded();
		if (options.warmup() < recorded.path("warmup").asInt()
				|| !options.heap().equals(recorded.path("heap").asString())) {
			throw new IllegalArgumentException(
					"-Dcheck compares with a run after %s s of warm-up with a heap of %s, and is of no use with %s s and %s"
						.formatted(recorded.path("warmup").asString(), recorded.path("heap").asString(),
								options.warmup(), options.heap()));
		}
	}

	private boolean isNoWorseThanRecorded() {
		List<String> worse = Comparison.worse(this.samples, recorded().path("comparisons"));
		worse.forEach((each) -> System.out.println("WORSE: " + each));
		System.out.println(worse.isEmpty() ? "No ratio is worse by more than 10 %." : "");
		return worse.isEmpty();
	}

	private static JsonNode recorded() {
		try {
			return JsonMapper.shared().readTree(Files.readString(RECORDED));
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
	}

	private void stop() {
		this.measuring.close();
		this.installations.forEach(Installation::close);
		this.peers.forEach(Child::close);
		this.provider.close();
		this.stripe.close();
		this.stores.close();
	}

}
