package io.tallygate.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import io.tallygate.bench.LineChart.Line;
import tools.jackson.databind.JsonNode;

/**
 * Makes {@code docs/growth.md} and its plots from {@code docs/results/growth.json}:
 * {@code ./mvnw -Pbench verify -Dbench.main=io.tallygate.bench.GrowthPage}.
 */
final class GrowthPage {

	static final Path PAGE = Path.of("docs", "growth.md");

	private static final Path IMAGES = Path.of("docs", "images");

	private static final Map<String, Figure> PROCESSES = orderedProcesses();

	/** What Stripe takes of meter events a second, of one account in live mode. */
	private static final int STRIPE_EVENTS_A_SECOND = 1000;

	private static final double MICROS_OF_A_CORE = 1e6;

	private final GrowthResults results;

	private final Points points;

	private final StringBuilder page = new StringBuilder();

	private GrowthPage(GrowthResults results) {
		this.results = results;
		this.points = results.points();
	}

	public static void main(String[] args) throws IOException {
		new GrowthPage(GrowthResults.read(GrowthResults.RECORDED)).write();
	}

	private static Map<String, Figure> orderedProcesses() {
		Map<String, Figure> processes = new LinkedHashMap<>();
		processes.put("Tallygate", Figure.CPU);
		processes.put("Redis", Figure.REDIS);
		processes.put("PostgreSQL", Figure.POSTGRES);
		return processes;
	}

	private void write() throws IOException {
		Files.createDirectories(IMAGES);
		about();
		clients();
		ledger();
		backlog();
		replicas();
		Files.writeString(PAGE, this.page.toString().stripTrailing() + "\n");
		System.out.println("Written to " + PAGE);
	}

	private void about() {
		JsonNode results = this.results.json();
		JsonNode machine = results.path("machine");
		line("# Growth");
		line("");
		line("What a request costs as there are more clients, more ledger lines, more meter events that wait, and more replicas.");
		line("Generated from `docs/results/growth.json`; [Campaigns](operating.md#campaigns) has the commands that measure and that");
		line("make this page. What is measured and how is as on [Performance](performance.md): the jar in production mode, Redis with");
		line("`appendfsync always`, PostgreSQL with `fsync`; whole answers of 1.5 KB, at %s a second. Wrong answers or requests",
				results.path("rate").asString());
		line("without their line in the ledger: %s.",
				(this.results.faults() == 0) ? "none" : Integer.toString(this.results.faults()));
		line("");
		line("| | |");
		line("|---|---|");
		this.results.curves()
			.forEach((curve, how) -> line(
					"| %s | measured %s, in %s rounds of %s s at each size, after %s s of full load |", curve,
					how.path("at").asString(), how.path("rounds").asString(), how.path("seconds").asString(),
					how.path("warmup").asString()));
		line("| Machine | %s cores, %s, %s; %s |", results.path("cores").asString(),
				machine.path("processor").asString(), machine.path("system").asString(),
				machine.path("places").asString());
		line("| JVM | %s, `-Xms%s -Xmx%s` for each gateway |", machine.path("java").asString(),
				results.path("heap").asString(), results.path("heap").asString());
		line("| Versions | %s |",
				results.path("versions")
					.properties()
					.stream()
					.map((entry) -> entry.getKey() + " " + entry.getValue().asString())
					.collect(Collectors.joining(", ")));
		line("");
		line("CPU and latency are in microseconds and medians over the rounds; marks in the plots show from where to where they");
		line("went. Idle is microseconds of CPU a second while nothing is asked. Sizes of a curve follow each other in the same");
		line("processes. Noise is what processes that have nothing to do with it used of a core meanwhile; a row with much of it");
		line("says little.");
		line("");
	}

	private void clients() throws IOException {
		if (heading("Clients", Growth.CLIENTS)) {
			line("Requests go to the keys of all clients in turn, which is the worst order: no key is asked with twice before all");
			line("others were. Each client has a Stripe customer and meter of its own. \"First use\" is a request with a key that the");
			line("replica does not hold: it is looked up in PostgreSQL, once for each key and replica, and again after a change to the");
			line("key's agency. \"One client\" is the load of one key while all the others are there: what differs in its rows is not");
			line("the work of more clients but the processes, which were up for longer.");
			line("");
			plot("growth-clients.svg", "CPU per request, µs, against clients", Growth.CLIENTS, Growth.WARM);
			costs("clients", Growth.CLIENTS, List.of(Growth.WARM, Growth.ALONE, Growth.FIRST_USE));
			facts("clients", Growth.CLIENTS, List.of("meter events a request"));
			idle("clients", Growth.CLIENTS);
			line("With one client its units share meter events. With a thousand that are active all the time, each is cut every ten");
			line("seconds, and the work of sending that grows until every unit is a meter event of its own; it is in the figures above.");
			line("");
		}
	}

	private void ledger() throws IOException {
		if (heading("Ledger lines", Growth.LEDGER)) {
			line("Lines of 1,000 clients over the running month and the %d before it, a partition each; requests go to all",
					PastRequests.MONTHS);
			line("clients in turn.");
			line("");
			plot("growth-ledger.svg", "CPU per request, µs, against ledger lines", Growth.LEDGER, Growth.WARM);
			costs("lines", Growth.LEDGER, List.of(Growth.WARM));
			List<String> reads = List.of("ledger page of a client", "ledger page of a client, month before",
					"ledger page of the agency", "a line and its meter event", "usage of a client by day",
					"usage of a client by day, month before", "what reconciling a client reads of the ledger, ms");
			line("What operators read, in milliseconds: over the admin API from the first byte sent to the last one received, with");
			line("another client each time; for reconciliations, the statement in PostgreSQL over 35 days.");
			line("");
			facts("lines", Growth.LEDGER, reads);
			line("Usage by day added up a client's lines of the period, and so grew with those. It reads hours since");
			line("(`usage_hour`), which was not measured again.");
			line("");
		}
	}

	private void backlog() throws IOException {
		if (heading("Meter events that wait", Growth.BACKLOG)) {
			line("They are of clients of 20 other agencies, one each, with more units waiting behind each, while Stripe refuses every");
			line("connection. An agency from which Stripe took nothing rests, up to `tallygate.outbox.rest-max`, and a few are tried");
			line("between two rests; that is what the gateway does when idle, and count from time to time.");
			line("");
			plot("growth-backlog.svg", "CPU per request, µs, against meter events that wait", Growth.BACKLOG,
					Growth.WARM);
			costs("waiting", Growth.BACKLOG, List.of(Growth.WARM));
			idle("waiting", Growth.BACKLOG);
			line("When Stripe is back, and how long the statements of the outbox take on average, in milliseconds:");
			line("");
			facts("waiting", Growth.BACKLOG,
					List.of("seconds to the first", "meter events out a second", "claim, Stripe away, ms", "claim, Stripe back, ms",
							"lanes with units due, Stripe away, ms", "lanes with units due, Stripe back, ms",
							"count of what waits, Stripe away, ms", "count of what waits, Stripe back, ms"));
			line("The first leaves when a rest ends; \"out a second\" is over the twenty seconds after that. Counting, for the");
			line("metrics, rests fifty times as long as it took, a minute at most.");
			line("");
			line("The sandbox's Stripe answers at once, so that this is what the outbox itself can do on this machine.");
			line("Stripe takes longer: an agency has at most `tallygate.outbox.deliveries-per-agency` calls under way on each replica,");
			line("and a call of 200 ms makes that 5 meter events a second for each of them. Stripe's own limit is %,d a second for",
					STRIPE_EVENTS_A_SECOND);
			line("an account; by the stream (`meter_events: v2_stream`) up to 100 share a call.");
			line("");
		}
	}

	private void replicas() {
		if (!heading("Replicas", Growth.REPLICAS)) {
			return;
		}
		line("All gateways of this bench share one core, so a second one cannot bring more requests a second here. What is measured");
		line("is what it costs that there are two: batches are smaller, and everything that a replica does by itself is done twice.");
		line("");
		costs("replicas", Growth.REPLICAS, List.of(Growth.WARM, Growth.BEST));
		idle("replicas", Growth.REPLICAS);
		Optional<Spread> gateway = best(1, Figure.CPU);
		Optional<Spread> redis = best(2, Figure.REDIS);
		Optional<Spread> postgres = best(2, Figure.POSTGRES);
		if (gateway.isEmpty() || redis.isEmpty() || postgres.isEmpty()) {
			return;
		}
		double ofReplica = MICROS_OF_A_CORE / gateway.get().median();
		double ofRedis = MICROS_OF_A_CORE / redis.get().median();
		double ofPostgres = MICROS_OF_A_CORE / postgres.get().median();
		line("### Computed from that");
		line("");
		line("A core divided by the CPU of a request at the best rate, of the gateway alone and of the stores with two replicas, is");
		line("the most requests a second that each can carry. It is computed, not measured: on more cores neither memory nor disks");
		line("nor the network are as fast for each of them as for one.");
		line("");
		line("| | requests a second |");
		line("|---|---|");
		line("| a replica on one core | %,.0f |", ofReplica);
		line("| Redis, which runs scripts on one core however many there are | %,.0f |", ofRedis);
		line("| PostgreSQL, for each core | %,.0f |", ofPostgres);
		line("| Stripe, if each request completed a unit and each unit were a meter event of its own | %,d |",
				STRIPE_EVENTS_A_SECOND);
		line("");
		line("| replicas, a core each | their own | with Redis | PostgreSQL's cores at that rate |");
		line("|---|---|---|---|");
		for (int replicas : new int[] { 1, 2, 3, 5, 10 }) {
			double rate = Math.min(replicas * ofReplica, ofRedis);
			line("| %d | %,.0f | %,.0f | %.1f |", replicas, replicas * ofReplica, rate, rate / ofPostgres);
		}
		line("");
		line("So it is Redis that ends the growth by replicas, at about %.0f of them. Beyond that a Redis Cluster carries more: clients",
				Math.max(1, Math.floor(ofRedis / ofReplica)));
		line("fall into sixteen hash slots, each of which may be on a node of its own. PostgreSQL can be given cores; it writes each");
		line("line once whoever relays. Units of one client and hour share a meter event while one is under way, so that what");
		line("Stripe is sent grows with clients that are active, not with requests.");
		line("");
	}

	private Optional<Spread> best(long replicas, Figure figure) {
		return this.points.spread(Growth.REPLICAS, replicas, Points.name(Growth.BEST, figure));
	}

	private boolean heading(String title, String curve) {
		boolean isMeasured = !sizes(curve, Growth.WARM).isEmpty();
		if (isMeasured) {
			line("## %s", title);
			line("");
		}
		return isMeasured;
	}

	private List<Long> sizes(String curve, String load) {
		return this.points.sizes(curve, Points.name(load, Figure.CPU));
	}

	private void plot(String file, String title, String curve, String load) throws IOException {
		List<Long> sizes = sizes(curve, load);
		List<Line> lines = new ArrayList<>();
		PROCESSES.forEach((name, figure) -> lines.add(new Line(name,
				sizes.stream().map((size) -> this.points.spread(curve, size, Points.name(load, figure))).toList())));
		Files.writeString(IMAGES.resolve(file),
				LineChart.of(title, sizes.stream().map((size) -> number(size)).toList(), lines));
		line("![%s](images/%s)", title, file);
		line("");
	}

	private void costs(String title, String curve, List<String> loads) {
		List<Figure> figures = Stream
			.concat(PROCESSES.values().stream(), Stream.of(Figure.WHOLE_P50, Figure.WHOLE_P99, Figure.RATE, Figure.NOISE))
			.toList();
		line("| %s | | %s | p50 | p99 | answers/s | noise, %% |", title, String.join(" | ", PROCESSES.keySet()));
		line("|---|---|---|---|---|---|---|---|---|");
		for (String load : loads) {
			for (long size : sizes(curve, load)) {
				line("| %s | %s | %s |", number(size), load,
						figures.stream()
							.map((figure) -> median(curve, size, Points.name(load, figure)))
							.collect(Collectors.joining(" | ")));
			}
		}
		line("");
	}

	private void idle(String title, String curve) {
		line("| %s, idle, µs a second | %s |", title, String.join(" | ", PROCESSES.keySet()));
		line("|---|---|---|---|");
		for (long size : sizes(curve, Growth.IDLE)) {
			line("| %s | %s |", number(size),
					PROCESSES.values()
						.stream()
						.map((figure) -> median(curve, size, Points.name(Growth.IDLE, figure)))
						.collect(Collectors.joining(" | ")));
		}
		line("");
	}

	/** A row for each fact that was measured, a column for each size. */
	private void facts(String title, String curve, List<String> wanted) {
		List<String> facts = wanted.stream().filter((fact) -> !this.points.sizes(curve, fact).isEmpty()).toList();
		List<Long> sizes = facts.stream()
			.flatMap((fact) -> this.points.sizes(curve, fact).stream())
			.distinct()
			.sorted()
			.toList();
		line("| %s | %s |", title, sizes.stream().map(GrowthPage::number).collect(Collectors.joining(" | ")));
		line("|---%s|", "|---".repeat(sizes.size()));
		for (String fact : facts) {
			line("| %s | %s |", fact.replaceAll(", ms$", ""),
					sizes.stream().map((size) -> median(curve, size, fact)).collect(Collectors.joining(" | ")));
		}
		line("");
	}

	private String median(String curve, long size, String what) {
		return this.points.spread(curve, size, what).map((spread) -> Console.number(spread.median())).orElse("");
	}

	private static String number(long size) {
		return String.format(Locale.ROOT, "%,d", size);
	}

	private void line(String text, Object... arguments) {
		this.page.append((arguments.length != 0) ? String.format(Locale.ROOT, text, arguments) : text).append('\n');
	}

}
