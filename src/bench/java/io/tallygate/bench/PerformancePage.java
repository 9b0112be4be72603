package io.tallygate.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.tallygate.bench.BarChart.Bar;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Makes {@code docs/performance.md} and its plots from {@code docs/results/bench.json}:
 * {@code ./mvnw -Pbench verify -Dbench.main=io.tallygate.bench.PerformancePage}.
 */
final class PerformancePage {

	private static final Path PAGE = Path.of("docs", "performance.md");

	/** An earlier run, and another build beside this one. */
	private static final Path RUNS = Path.of("docs", "results", "bench-runs.json");

	/** A run of the plateaus alone, with less heap. */
	private static final Path SMALL_HEAP = Path.of("docs", "results", "bench-small-heap.json");

	/** A run of a plateau alone, for what is in a stream's heap. */
	private static final Path HEAP = Path.of("docs", "results", "bench-heap.json");

	/** Medians of another load tool, by target and load. */
	private static final Path OTHER_TOOL = Path.of("docs", "results", "other-tool.json");

	private static final Path IMAGES = Path.of("docs", "images");

	private static final List<Column> JSON = List.of(new Column("CPU", Figure.CPU),
			new Column("of it compiler", Figure.COMPILER),
			new Column("answers/s", Figure.RATE), new Column("p50", Figure.WHOLE_P50),
			new Column("p99", Figure.WHOLE_P99));

	private static final List<Column> STREAMS = List.of(new Column("CPU", Figure.CPU),
			new Column("of it compiler", Figure.COMPILER),
			new Column("first chunk p50", Figure.FIRST_P50), new Column("p99", Figure.FIRST_P99),
			new Column("chunk delay p50", Figure.CHUNK_P50), new Column("p99", Figure.CHUNK_P99));

	private final JsonNode results;

	private final Samples samples;

	private final StringBuilder page = new StringBuilder();

	/**
	 * Of a table.
	 *
	 * @param title in its head
	 */
	private record Column(String title, Figure figure) {
	}

	private PerformancePage(JsonNode results) {
		this.results = results;
		this.samples = Samples.of(results);
	}

	public static void main(String[] args) throws IOException {
		PerformancePage page = new PerformancePage(JsonMapper.shared().readTree(Files.readString(Bench.RECORDED)));
		page.write();
	}

	private void write() throws IOException {
		Files.createDirectories(IMAGES);
		about();
		goals();
		plot("json-cpu.svg", "CPU per request of 1.5 KB JSON at best rate, µs", Loads.JSON_BEST);
		plot("sse-cpu.svg", "CPU per chunk of a stream, µs", Loads.SSE);
		table("JSON at the best rate",
				Loads.CONNECTIONS + " connections, each with a request as soon as it has its answer.", Loads.JSON_BEST,
				JSON);
		table("JSON at 2,000 a second", "Latency counts from when a request was due.", Loads.JSON_FIXED, JSON);
		table("JSON at 500 a second", "The same with little to do: what a request waits for.", Loads.JSON_CALM, JSON);
		table("Streams", "100 new streams a second of 100 chunks, 20 ms apart: 10,000 chunks a second.", Loads.SSE,
				STREAMS);
		plateaus("", "A chunk a second each. Live heap is what a full collection leaves, less what it left before.",
				this.samples);
		if (Files.exists(SMALL_HEAP)) {
			JsonNode small = JsonMapper.shared().readTree(Files.readString(SMALL_HEAP));
			String heap = small.path("heap").asString();
			plateaus(" in " + heap, "The same in a run of its own (" + small.path("at").asString() + ") with `-Xmx" + heap
					+ "` for each target, in " + rounds(small) + ", after " + small.path("warmup").asString()
					+ " s of load.", Samples.of(small));
		}
		heap();
		table("Clients that leave",
				Loads.LEAVING_STREAMS + " clients hang up in the middle of a stream of 5 s. By default Tallygate reads "
						+ "the answer to its end, to bill what the provider bills.",
				Loads.LEAVING, List.of(new Column("provider's streams went on, ms", Figure.WENT_ON),
						new Column("read to their end, %", Figure.READ_TO_END)));
		stores();
		counting();
		profiles();
		portkey();
		waiting();
		durability();
		otherTool();
		Files.writeString(PAGE, this.page.toString().stripTrailing() + "\n");
		System.out.println("Written to " + PAGE);
	}

	private static String rounds(JsonNode results) {
		int rounds = results.path("rounds").asInt();
		return ((rounds == 1) ? "one round" : rounds + " rounds") + " of " + results.path("seconds").asString() + " s";
	}

	private void about() {
		JsonNode machine = this.results.path("machine");
		line("# Performance");
		line("");
		line("Generated from `docs/results/bench.json`; [Campaigns](operating.md#campaigns) has the commands that measure and");
		line("that make this page. Compare ratios, and only within one run: the machine decides about all else.");
		if (Files.exists(GrowthPage.PAGE)) {
			line("What a request costs as an installation grows is on [Growth](growth.md).");
		}
		line("");
		line("Tallygate runs out of its jar in production mode with everything on: a channel key on each request, an open mark and an");
		line("entry in Redis (`appendonly yes`, `appendfsync always` unless said otherwise), the ledger in PostgreSQL, and meter");
		line("events on their way to the sandbox's Stripe. \"Metering off\" is the same without marks, entries and ledger. Spring");
		line("Cloud Gateway is as its starter sets it up, with one route and no metrics. Every answer was compared with what the");
		line("provider sent, byte for byte, and the ledger had a line for each request: %s wrong answers.",
				this.results.path("faults").asInt() == 0 ? "no" : this.results.path("faults").asString());
		line("");
		line("| | |");
		line("|---|---|");
		line("| When | %s |", this.results.path("at").asString());
		line("| Machine | %s cores, %s, %s; %s |", this.results.path("cores").asString(),
				machine.path("processor").asString(), machine.path("system").asString(),
				machine.path("places").asString());
		line("| JVM | %s, `-Xms%s -Xmx%s` for each target, otherwise its defaults; on one core that is the serial collector |",
				machine.path("java").asString(), this.results.path("heap").asString(),
				this.results.path("heap").asString());
		line("| Versions | %s |",
				this.results.path("versions")
					.properties()
					.stream()
					.map((entry) -> entry.getKey() + " " + entry.getValue().asString())
					.collect(Collectors.joining(", ")));
		line("| Rounds | %s of %s s each, after %s s of full load on every core%s |",
				this.results.path("rounds").asString(), this.results.path("seconds").asString(),
				this.results.path("warmup").asString(), settled());
		line("| Noise | %s of a core used by others while a target was measured, %s at most |", noise(false),
				noise(true));
		line("");
		line("Times are in microseconds, CPU is that of the target's own process, and figures are medians over the rounds.");
		line("");
	}

	/** How long the compilers of JVMs were waited for beyond the warm-up. */
	private String settled() {
		String each = this.results.path("settled")
			.properties()
			.stream()
			.map((entry) -> entry.getKey() + " " + entry.getValue().asString())
			.collect(Collectors.joining("; "));
		return each.isEmpty() ? "" : ", and of more until the compilers of a JVM use less than 2 % of its CPU, s: " + each;
	}

	private String noise(boolean isMost) {
		List<Double> all = this.samples.loads()
			.stream()
			.flatMap((load) -> this.samples.targets(load)
				.stream()
				.flatMap((target) -> this.samples.spread(load, target, Figure.NOISE).stream()))
			.map((spread) -> isMost ? spread.max() : spread.median())
			.toList();
		if (all.isEmpty()) {
			return "?";
		}
		return "%.0f %%".formatted(isMost ? Spread.of(all).max() : Spread.of(all).median());
	}

	private void goals() throws IOException {
		if (Comparison.of(this.samples).isEmpty()) {
			line("Only some loads were measured in this run, and none of those that the goals are about.");
			line("");
			return;
		}
		JsonNode runs = Files.exists(RUNS) ? JsonMapper.shared().readTree(Files.readString(RUNS))
				: JsonMapper.shared().createObjectNode();
		JsonNode earlier = runs.path("earlier");
		line("## Goals");
		line("");
		line("| %s, everything on | median | rounds | goal |%s", Target.TALLYGATE,
				earlier.isObject() ? " at " + earlier.path("at").asString() + " | rounds |" : "");
		line("|---|---|---|---|%s", earlier.isObject() ? "---|---|" : "");
		for (Comparison comparison : Comparison.of(this.samples)) {
			Spread spread = comparison.spread(this.samples).orElseThrow();
			Double goal = comparison.goal();
			line("| %s | %s | %s to %s | %s |%s", title(comparison), Console.number(spread.median()),
					Console.number(spread.min()), Console.number(spread.max()), (goal == null) ? ""
							: Console.number(goal) + (comparison.isMetBy(spread) ? ", met" : ", **missed**"),
					earlier.isObject() ? earlier(earlier.path("comparisons").path(comparison.name())) : "");
		}
		line("");
		builds(runs.path("builds"));
	}

	private static String earlier(JsonNode spread) {
		return !spread.isObject() ? " | |"
				: " %s | %s to %s |".formatted(Console.number(spread.path("median").asDouble()),
						Console.number(spread.path("min").asDouble()), Console.number(spread.path("max").asDouble()));
	}

	/** What two builds in one run say of what two runs of one build do. */
	private void builds(JsonNode builds) {
		if (!builds.isObject()) {
			return;
		}
		line("The last two columns are of an earlier run, of commit `%s`, when the machine, a virtual one, was quicker for all targets.",
				builds.path("before").asString());
		line("Of both builds side by side (`-Dbefore`, %s rounds that ended by %s) this one used, for each",
				builds.path("rounds").asString(), last(builds.path("at")));
		line("µs of that, %s for a whole answer at the best rate and %s for a chunk.",
				Spread.of(builds.path("comparisons").path("json-best, cpu, against " + Target.BEFORE)).inWords(),
				Spread.of(builds.path("comparisons").path("sse, cpu, against " + Target.BEFORE)).inWords());
		line("So a figure here is to be read with the spread of its rounds, and a change is judged beside the build before it.");
		line("");
	}

	private static String last(JsonNode times) {
		return times.path(times.size() - 1).asString();
	}

	/** A share says of what; all else is known by the name that a check knows it by. */
	private static String title(Comparison comparison) {
		return (comparison.kind() == Comparison.Kind.SHARE && comparison.figure() == Figure.REDIS)
				? comparison.load() + ", Redis's CPU for each µs of " + comparison.target() + "'s" : comparison.name();
	}

	private void plot(String file, String title, String load) throws IOException {
		List<Bar> bars = this.samples.targets(load)
			.stream()
			.flatMap((target) -> this.samples.spread(load, target, Figure.CPU)
				.map((spread) -> new Bar(target, spread, target.startsWith(Target.TALLYGATE)))
				.stream())
			.toList();
		if (!bars.isEmpty()) {
			Files.writeString(IMAGES.resolve(file), BarChart.of(title, bars));
			line("![%s](images/%s)", title, file);
			line("");
		}
	}

	private void plateaus(String title, String about, Samples measured) {
		List<Column> columns = new ArrayList<>(STREAMS);
		columns.add(new Column("live heap a stream, bytes", Figure.HEAP));
		for (String load : measured.loads().stream().filter(Loads::isPlateau).toList()) {
			table("Open streams: " + load.substring(load.indexOf('-') + 1) + title, about, load, columns, measured);
		}
	}

	private void heap() throws IOException {
		if (!Files.exists(HEAP)) {
			return;
		}
		JsonNode results = JsonMapper.shared().readTree(Files.readString(HEAP));
		Samples measured = Samples.of(results);
		String load = measured.loads().stream().filter(Loads::isPlateau).findFirst().orElseThrow();
		table("What an open stream holds", "Live heap for each of " + load.substring(load.indexOf('-') + 1)
				+ " open streams by whose classes its objects are of, in bytes, in a run of its own ("
				+ results.path("at").asString() + ", " + rounds(results) + ").", load,
				List.of(new Column("all", Figure.HEAP), new Column("Tallygate", Figure.HEAP_TALLYGATE),
						new Column("Reactor Netty", Figure.HEAP_REACTOR_NETTY), new Column("Reactor", Figure.HEAP_REACTOR),
						new Column("Netty", Figure.HEAP_NETTY), new Column("Spring", Figure.HEAP_SPRING),
						new Column("Java", Figure.HEAP_JAVA)),
				measured);
		double libraries = Stream
			.of(Figure.HEAP_REACTOR_NETTY, Figure.HEAP_REACTOR, Figure.HEAP_NETTY, Figure.HEAP_SPRING)
			.mapToDouble((figure) -> measured.spread(load, Target.TALLYGATE, figure).orElseThrow().median())
			.sum();
		line("Java's own are arrays of bytes, texts and maps, mostly the heads of two requests and two answers, which connections");
		line("hold as long as their exchange lasts, and what is kept of a request for an estimate. The four libraries alone hold %s",
				Console.number(libraries));
		line("bytes: two connections with their pipelines and codecs, and the chain of operators that a request has in Spring WebFlux.");
		line("So the goal of 16 KB would take another HTTP server than WebFlux's under the relay; it is not to be had from");
		line("Tallygate's own part.");
		line("");
	}

	private void table(String title, String about, String load, List<Column> columns) {
		table(title, about, load, columns, this.samples);
	}

	private void table(String title, String about, String load, List<Column> columns, Samples measured) {
		if (measured.targets(load).isEmpty()) {
			return;
		}
		line("## %s", title);
		line("");
		line("%s", about);
		line("");
		line("| | %s |", columns.stream().map(Column::title).collect(Collectors.joining(" | ")));
		line("|---%s|", "|---".repeat(columns.size()));
		for (String target : measured.targets(load)) {
			if (columns.stream().allMatch((column) -> measured.spread(load, target, column.figure()).isEmpty())) {
				continue;
			}
			line("| %s | %s |", target,
					columns.stream()
						.map((column) -> measured.spread(load, target, column.figure())
							.map((spread) -> Console.number(spread.median()))
							.orElse(""))
						.collect(Collectors.joining(" | ")));
		}
		line("");
	}

	private void stores() {
		if (!this.samples.targets(Loads.JSON_BEST).contains(Target.TALLYGATE)) {
			return;
		}
		line("## What the stores use");
		line("");
		line("CPU of their own processes, beside the gateway's.");
		line("");
		line("| | Tallygate | Redis | PostgreSQL |");
		line("|---|---|---|---|");
		used("a request at the best rate", Loads.JSON_BEST);
		used("a request at 2,000 a second", Loads.JSON_FIXED);
		used("a chunk", Loads.SSE);
		line("");
	}

	private void used(String what, String load) {
		if (this.samples.targets(load).contains(Target.TALLYGATE)) {
			line("| %s | %s | %s | %s |", what, median(load, Figure.CPU), median(load, Figure.REDIS),
					median(load, Figure.POSTGRES));
		}
	}

	private String median(String load, Figure figure) {
		return this.samples.spread(load, Target.TALLYGATE, figure)
			.map((spread) -> Console.number(spread.median()))
			.orElse("");
	}

	/** What of the CPU is the relay's, and what is counting's. */
	private void counting() {
		Set<String> best = Set.copyOf(this.samples.targets(Loads.JSON_BEST));
		if (!best.containsAll(List.of(Target.PLAIN, Target.TALLYGATE, Target.UNMETERED))) {
			return;
		}
		line("## What counting costs");
		line("");
		line("At the best rate and with metering off a request costs %s of plain Spring Cloud Gateway's CPU: its body and its",
				against(Target.UNMETERED, Target.PLAIN));
		line("answer are each one message, and it stays on one event loop. With everything on it costs %s. Calls to Redis and",
				against(Target.TALLYGATE, Target.PLAIN));
		line("PostgreSQL are shared by what comes while one is under way, and on this machine little comes: the stores, the provider");
		line("and the clients share the other core, and the gateway used %.0f %% of its own.",
				100 * value(Figure.CPU) * value(Figure.RATE) / 1e6);
		line("An exchange uses %s µs of Redis's CPU: two operations of the script that each wait for the disk together with",
				median(Loads.JSON_BEST, Figure.REDIS));
		line("those that came meanwhile, and a third when PostgreSQL has the entry; some twenty commands in all. The goal of a tenth");
		line("of the gateway's would be %s µs. At 500 requests a second Redis uses %s µs an exchange, and %s without its file",
				Console.number(0.1 * value(Figure.CPU)), redis("redis, appendfsync always"),
				redis("redis, appendonly no"));
		line("(`appendonly no`): waking up, reading, running the script and answering, three times, is above the goal without any");
		line("disk. It would take one operation an exchange that nobody waits for, and then a crash could lose what it counted.");
		line("");
	}

	private String redis(String setting) {
		return this.samples.spread(Loads.DURABILITY + ", " + Loads.JSON_CALM, setting, Figure.REDIS)
			.map((spread) -> Console.number(spread.median()))
			.orElse("");
	}

	/** What stands where in a gateway's CPU. */
	private void profiles() {
		Map<String, Map<String, JsonNode>> byLoad = new LinkedHashMap<>();
		this.results.path("profiles")
			.forEach((profile) -> byLoad
				.computeIfAbsent(profile.path("load").asString(), (load) -> new LinkedHashMap<>())
				.put(profile.path("target").asString(), profile));
		if (byLoad.isEmpty()) {
			return;
		}
		line("## Where the CPU goes");
		line("");
		line("Sampled with async-profiler under the same loads, in a run of its own after the rounds: the shares of the samples,");
		line("times the CPU above. A sample belongs to the innermost part that its stack names, so that what a driver's answer");
		line("sets off is not the driver's; time in the kernel is with whoever called it.");
		line("");
		byLoad.forEach((load, targets) -> {
			line("| µs %s | %s |", load.equals(Loads.SSE) ? "a chunk" : "a request at the best rate",
					String.join(" | ", targets.keySet()));
			line("|---%s|", "|---".repeat(targets.size()));
			for (Room room : Room.values()) {
				line("| %s | %s |", room.title(),
						targets.entrySet()
							.stream()
							.map((target) -> this.samples.spread(load, target.getKey(), Figure.CPU)
								.map((cpu) -> Console
									.number(cpu.median() * target.getValue().path(room.key()).asDouble()))
								.orElse(""))
							.collect(Collectors.joining(" | ")));
			}
			line("");
		});
		goalOfCpu(byLoad.getOrDefault(Loads.JSON_BEST, Map.of()).get(Target.TALLYGATE));
	}

	/** What stands between a request's CPU and its goal. */
	private void goalOfCpu(@Nullable JsonNode profile) {
		if (profile == null) {
			return;
		}
		double counting = Stream.of(Room.REDIS, Room.POSTGRES, Room.DELIVERY, Room.COUNTING)
			.mapToDouble((room) -> profile.path(room.key()).asDouble())
			.sum() * cpu(Target.TALLYGATE);
		line("At the best rate 0.75 of plain Spring Cloud Gateway is %s µs. Relaying alone takes %s of them (metering off), and the",
				Console.number(0.75 * cpu(Target.PLAIN)), Console.number(cpu(Target.UNMETERED)));
		line("parts that only metering has, drivers, meter events and counting, %s. What is left of the difference is what the JVM's",
				Console.number(counting));
		line("compiler and collector have more to do, and the same relaying at another pace: answers leave in the bursts in which");
		line("Redis acknowledges them. The profile is flat: no part of counting's own stands out. So the goal would take fewer than");
		line("half as many operations an exchange, which the rules of accounting do not allow (a mark before the provider is asked, an");
		line("entry before the last byte leaves, and a line in PostgreSQL), or drivers that cost a third. The same stands between");
		line("it and the goal of four times nginx, %s µs.", Console.number(4 * cpu(Target.NGINX)));
		line("");
		goalOfChunks();
	}

	/** Chunks are cheap and exchanges are not: how long a stream must be. */
	private void goalOfChunks() {
		double relaying = cpu(Loads.SSE, Target.UNMETERED);
		double counting = cpu(Loads.SSE, Target.TALLYGATE) - relaying;
		double goal = 0.9 * cpu(Loads.SSE, Target.PLAIN);
		line("A chunk of a stream takes %s µs to relay, where 0.9 of plain Spring Cloud Gateway is %s. What counting adds, %s µs, is",
				Console.number(relaying), Console.number(goal), Console.number(counting));
		line("of the exchange and not of the chunk: nothing of it is done a chunk. These streams have %d chunks%s.", Loads.SSE_CHUNKS,
				(relaying < goal) ? "; with %s and more the goal is met"
					.formatted(Console.number(Math.ceil(Loads.SSE_CHUNKS * counting / (goal - relaying))))
						: ", and in this run relaying alone is above the goal");
		line("");
	}

	private double cpu(String target) {
		return cpu(Loads.JSON_BEST, target);
	}

	private double cpu(String load, String target) {
		return this.samples.spread(load, target, Figure.CPU).map(Spread::median).orElse(Double.NaN);
	}

	private String against(String target, String other) {
		return this.samples.against(Loads.JSON_BEST, target, Figure.CPU, other, Figure.CPU, (own, its) -> own / its)
			.map((spread) -> Console.number(spread.median()))
			.orElse("");
	}

	private double value(Figure figure) {
		return this.samples.spread(Loads.JSON_BEST, Target.TALLYGATE, figure).map(Spread::median).orElse(0.0);
	}

	/** What of the time is the gateway's own, and what is Redis's. */
	private void waiting() {
		Set<String> calm = Set.copyOf(this.samples.targets(Loads.JSON_CALM));
		Set<String> streams = Set.copyOf(this.samples.targets(Loads.SSE));
		List<String> compared = List.of(Target.DIRECT, Target.PLAIN, Target.TALLYGATE, Target.UNMETERED);
		if (!calm.containsAll(compared) || !streams.containsAll(compared)) {
			return;
		}
		line("## What a request waits for");
		line("");
		line("Added to a direct answer, p50, in microseconds:");
		line("");
		line("| | a whole answer, 500 a second | a stream's first chunk |");
		line("|---|---|---|");
		for (String target : compared.subList(1, compared.size())) {
			line("| %s | %s | %s |", target, addedToDirect(Loads.JSON_CALM, target, Figure.WHOLE_P50),
					addedToDirect(Loads.SSE, target, Figure.FIRST_P50));
		}
		line("");
		line("What Tallygate adds with metering on it waits for Redis: an exchange is marked open before the provider is asked,");
		line("and counted before its last byte leaves, and with `appendfsync always` each of these answers comes when Redis has");
		line("written to this machine's disk. The next section has the same without the disk: that is less, and more than the goals");
		line("for these two figures, so a quicker disk alone would not reach them. So seldom do cutting and writing run that the JVM");
		line("has not compiled all of them after its warm-up: what its compilers still used is in the tables above.");
		line("");
	}

	private String addedToDirect(String load, String target, Figure figure) {
		return this.samples.against(load, target, figure, Target.DIRECT, figure, (own, other) -> own - other)
			.map((spread) -> Console.number(spread.median()))
			.orElse("");
	}

	private void portkey() {
		line("## Portkey");
		line("");
		if (this.samples.loads().stream().noneMatch((load) -> this.samples.targets(load).contains(Target.PORTKEY))) {
			line("Left out of this run: `-Dportkey` did not say where it is ([Gateways by others](operating.md#gateways-by-others)).");
		}
		else {
			line("Portkey's gateway comes from its npm package and runs alone on the gateways' core, with `NODE_ENV=production` and");
			line("without its console. It takes the provider from each request, asks for no key of its own and counts nothing. It meets");
			line("the loads above except the thousands of open streams; a rate that it cannot carry has no row, for its best rate tells.");
		}
		line("");
	}

	private void durability() {
		List<String> loads = this.samples.loads().stream().filter((load) -> load.startsWith(Loads.DURABILITY)).toList();
		if (loads.isEmpty()) {
			return;
		}
		line("## What durability costs");
		line("");
		line("The last byte of an answer waits until its entry is safe, and `TALLYGATE_CLOSE_DURABILITY` and Redis's settings say");
		line("what is safe ([What a power cut costs](operating.md#what-a-power-cut-costs)). Each row is what the setting adds to");
		line("the same gateway with metering off, in the same round: to whole answers at 500 a second, and to the end of a stream");
		line("after the provider's last chunk.");
		line("");
		line("| | JSON p50 | rounds | p99 | rounds | end of stream p50 | rounds | p99 | rounds |");
		line("|---|---|---|---|---|---|---|---|---|");
		String json = Loads.DURABILITY + ", " + Loads.JSON_CALM;
		String streams = Loads.DURABILITY + ", " + Loads.SSE;
		this.samples.targets(json)
			.stream()
			.filter((setting) -> !setting.equals(Target.UNMETERED))
			.forEach((setting) -> line("| %s | %s | %s | %s | %s |", setting, added(json, setting, Figure.WHOLE_P50),
					added(json, setting, Figure.WHOLE_P99), added(streams, setting, Figure.LAST_P50),
					added(streams, setting, Figure.LAST_P99)));
		line("");
	}

	private void otherTool() throws IOException {
		if (!Files.exists(OTHER_TOOL)) {
			return;
		}
		JsonNode other = JsonMapper.shared().readTree(Files.readString(OTHER_TOOL));
		JsonNode targets = other.path("targets");
		line("## Another load tool");
		line("");
		line("The same targets under a load generator and a mock provider that others wrote, in C, with one thread each: %s,",
				other.path("at").asString());
		int rounds = other.path("rounds").asInt();
		line("%s. The targets were left standing by `io.tallygate.bench.Standing`",
				(rounds == 1) ? "one round" : "medians of " + rounds + " rounds");
		line("([Campaigns](operating.md#campaigns)), and each JVM was warmed up for %s s. Whole answers at the best rate of 64",
				other.path("warmup").asString());
		line("connections and at 500 a second; 200 streams at a time with 10,000 chunks a second; 200 new streams a second of 10");
		line("chunks. Wrong answers: %s.", (other.path("bad").asLong() == 0) ? "none" : other.path("bad").asString());
		line("");
		line("| | CPU a request | against plain | answers/s | CPU a request, 500/s | p50, 500/s | CPU a chunk | against plain | first chunk p50 |");
		line("|---|---|---|---|---|---|---|---|---|");
		JsonNode plain = targets.path(Target.PLAIN);
		targets.properties()
			.forEach((target) -> line("| %s | %s |", target.getKey(),
					Stream
						.of(number(target.getValue(), "json_max", "cpu"),
								ratio(target.getValue(), plain, "json_max"),
								number(target.getValue(), "json_max", "rate"),
								number(target.getValue(), "json_500", "cpu"),
								number(target.getValue(), "json_500", "p50"),
								number(target.getValue(), "sse_cpu", "cpu"), ratio(target.getValue(), plain, "sse_cpu"),
								number(target.getValue(), "sse_ttft", "first_p50"))
						.collect(Collectors.joining(" | "))));
		line("");
		line("On whole answers the two agree. They differ on streams, where relaying a chunk costs all targets less here,");
		line("presumably because one thread of the provider's sends many chunks in a turn and a gateway finds more of them in");
		line("each of its own. What counting costs, once for each stream, stays, and so the ratio is higher. The shorter warm-up");
		line("adds to that: code that writes and sends runs too seldom to be compiled by then, which is also in the CPU at 500 a");
		line("second.");
		line("");
	}

	private static String number(JsonNode target, String load, String figure) {
		JsonNode number = target.path(load).path(figure);
		return number.isNumber() ? Console.number(number.asDouble()) : "";
	}

	private static String ratio(JsonNode target, JsonNode plain, String load) {
		JsonNode own = target.path(load).path("cpu");
		return own.isNumber() ? String.format(Locale.ROOT, "%.2f", own.asDouble() / plain.path(load).path("cpu").asDouble())
				: "";
	}

	private String added(String load, String setting, Figure figure) {
		return this.samples.against(load, setting, figure, Target.UNMETERED, figure, (own, other) -> own - other)
			.map((spread) -> "%s | %s to %s".formatted(Console.number(spread.median()), Console.number(spread.min()),
					Console.number(spread.max())))
			.orElse(" | ");
	}

	private void line(String text, Object... arguments) {
		this.page.append((arguments.length != 0) ? String.format(Locale.ROOT, text, arguments) : text).append('\n');
	}

}
