package io.tallygate.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

import io.tallygate.bench.Load.Plan;
import io.tallygate.support.Results;
import io.tallygate.support.Wait;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/**
 * Measures what a request costs as an installation grows, each time with the shipped jar,
 * a PostgreSQL and a Redis:
 * <ol>
 * <li>replicas: one and two processes on the same stores;</li>
 * <li>clients: requests spread over the keys of more and more of them;</li>
 * <li>ledger: requests, and what operators read, with more and more lines behind;</li>
 * <li>backlog: requests while Stripe is away and meter events of other agencies wait, and
 * how fast those leave when it is back.</li>
 * </ol>
 * Sizes of one curve follow each other in the same processes, so that what differs is the
 * size. Results go to {@code target/results/growth.json}.
 */
final class Growth {

	static final String REPLICAS = "replicas";

	static final String CLIENTS = "clients";

	static final String LEDGER = "ledger";

	static final String BACKLOG = "backlog";

	/** Every key was asked with before. */
	static final String WARM = "warm";

	/** No key was asked with before. */
	static final String FIRST_USE = "first use";

	/** The keys of one client, whatever else is there. */
	static final String ALONE = "one client";

	static final String IDLE = "idle";

	static final String BEST = "best rate";

	private static final Path LAST = Path.of("target", "results", "growth.json");

	private static final Logger logger = LoggerFactory.getLogger(Growth.class);

	/** For large databases, and to know how long statements take. */
	private static final Map<String, String> POSTGRES = Map.of("max_wal_size", "8GB", "checkpoint_timeout", "30min",
			"shared_preload_libraries", "pg_stat_statements");

	/** Runs over all customers would stand beside what is measured. */
	private static final Map<String, String> GATEWAY = Map.of("TALLYGATE_BILLING_RECONCILIATIONS_EVERY", "24h");

	private static final int LEDGER_CLIENTS = 1000;

	/** Which share deliveries among themselves. */
	private static final int AGENCIES = 20;

	private static final int READS = 15;

	private static final int DELIVERING_SECONDS = 20;

	private static final int FIRST_SECONDS_MAX = 60;

	/** Its first attempts after Stripe went away are over by then. */
	private static final int AWAY_SECONDS = 10;

	private static final int RECONCILED_SECONDS_MAX = 120;

	private static final int LINES_SECONDS_MAX = 60;

	private static final int FIRST_USES_MAX = 10_000;

	private static final int SETTLE_SECONDS_MAX = 60;

	/** Accounts with units that Stripe does not have, and meter events on their way. */
	private static final String OWED = """
			select (select count(*) from account where lane_id is not null and crossed > cut)
			  + (select count(*) from meter_event where state in ('due', 'sending'))
			""";

	private static final String DELIVERED = "select count(*) from meter_event where state = 'delivered'";

	private static final String METER_EVENTS = "select count(*) from meter_event";

	/** What was made up ended an hour ago. */
	private static final String LINES = "select count(*) from ledger where id >= id_at('led_', now() - interval '55 minutes')";

	private final GrowthOptions options;

	private final Points points = new Points();

	/** How each curve of this run was measured. */
	private final Map<String, Map<String, Object>> measured = new TreeMap<>();

	private final Child provider = Peers.startProvider();

	private final int stripePort = Child.freePort();

	private final Path stripeFiles;

	private Child stripe;

	private final Stores stores = Stores.start(POSTGRES);

	private final Measuring measuring;

	private Growth(GrowthOptions options) {
		this.options = options;
		try {
			this.stripeFiles = Files.createTempDirectory(Child.directory().toAbsolutePath(), "stripe");
		}
		catch (IOException ex) {
			throw new UncheckedIOException(ex);
		}
		this.stripe = Peers.startLargeStripe(this.stripePort, this.stripeFiles);
		this.measuring = new Measuring(options.common().seconds(), this.provider, this.stripe);
	}

	/** Exits with 1 if an answer was wrong. */
	public static void main(String[] args) {
		GrowthOptions options = GrowthOptions.ofSystem();
		Child.stepAside();
		Growth growth = new Growth(options);
		boolean isWell = false;
		try {
			isWell = growth.run();
		}
		catch (RuntimeException | AssertionError ex) {
			logger.error("The bench stopped", ex);
		}
		finally {
			growth.stop();
		}
		// Nothing that was left behind by a library may keep the JVM.
		System.exit(isWell ? 0 : 1);
	}

	private boolean run() {
		part(REPLICAS, this::replicas);
		part(CLIENTS, this::clients);
		part(LEDGER, this::ledger);
		part(BACKLOG, this::backlog);
		this.points.print();
		this.measuring.faults().forEach((fault) -> System.out.println("WRONG: " + fault));
		return this.measuring.faults().isEmpty();
	}

	/** Curves that were not asked for stay as the run before left them. */
	private void write() {
		GrowthResults before = GrowthResults.read(LAST);
		Points all = new Points();
		all.addOthers(this.points, Set.of());
		all.addOthers(before.points(), this.measured.keySet());
		Map<String, Object> curves = new TreeMap<>(before.curves());
		curves.putAll(this.measured);
		Map<String, String> versions = new TreeMap<>(Peers.versions());
		versions.putAll(this.stores.versions());
		Results.write("growth",
				Map.of("points", all.toJson(), "curves", curves, "versions", versions, "machine", Machine.describe(),
						"heap", this.options.common().heap(), "rate", this.options.rate(), "cores",
						Child.coresOfBench()));
	}

	private void part(String curve, Part part) {
		if (!this.options.common().has(curve)) {
			return;
		}
		System.out.println("Now: " + curve);
		try (Installation installation = Installation.start("growth " + curve, this.options.common(), this.stores,
				this.provider.port(), this.stripe, GATEWAY, null)) {
			Target target = installation.target();
			warm(target);
			part.measure(installation, target);
			this.measuring.expect(() -> expectLines(installation, this.measuring.sent(target) + 1));
		}
		this.stores.dropDatabase("growth_" + curve);
		Options common = this.options.common();
		this.measured.put(curve,
				Map.of("at", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(), "rounds", common.rounds(),
						"seconds", common.seconds(), "warmup", common.warmup(), "faults",
						this.measuring.faults().size()));
		write();
	}

	/** A line for each request that was sent, and no more. */
	private void expectLines(Installation installation, long wanted) {
		try (Sql sql = new Sql(this.stores.connect(installation.database()))) {
			Wait.until("ledger lines", LINES_SECONDS_MAX, () -> sql.number(LINES) >= wanted,
					() -> sql.number(LINES) + " of " + wanted);
			if (sql.number(LINES) != wanted) {
				throw new AssertionError("The ledger has " + sql.number(LINES) + " lines for " + wanted + " requests");
			}
		}
	}

	/** One curve. */
	private interface Part {

		void measure(Installation installation, Target target);

	}

	private void replicas(Installation installation, Target first) {
		Target second = installation.replica(first.name()).with(first.name(), first.key());
		// Until then its own measurements stand alone: it is warmed like the first.
		warm(second);
		Supplier<byte[]> key = new Population(this.stores, installation, first).keys(1);
		for (int round = 0; round < this.options.common().rounds(); round++) {
			for (List<Target> asked : List.of(List.of(first), List.of(first, second))) {
				at(REPLICAS, asked.size(), WARM, asked, key);
				this.measuring.expect(() -> this.points.add(REPLICAS, asked.size(), BEST,
						this.measuring.load(asked, REPLICAS, Plan.best(Loads.CONNECTIONS), key)));
			}
			this.points.add(REPLICAS, 2, IDLE, this.measuring.idle(List.of(first, second)));
		}
		installation.stopReplicas();
		Wait.pause(2000);
		for (int round = 0; round < this.options.common().rounds(); round++) {
			this.points.add(REPLICAS, 1, IDLE, this.measuring.idle(List.of(first)));
		}
	}

	private void clients(Installation installation, Target target) {
		Population population = new Population(this.stores, installation, target);
		List<Target> asked = List.of(target);
		int rounds = this.options.common().rounds();
		int known = 1;
		try (Sql sql = new Sql(this.stores.connect(installation.database()))) {
			for (int size : this.options.clients()) {
				population.grow(size);
				if (size > known) {
					Plan once = Plan.fixed(this.options.rate()).most(Math.min(size - known, FIRST_USES_MAX));
					this.points.add(CLIENTS, size, FIRST_USE,
							this.measuring.all(asked, FIRST_USE, once, population.keys(known, size)));
					Plan rest = Plan.best(Loads.CONNECTIONS).most(size - known);
					this.measuring.all(asked, FIRST_USE, rest, population.keys(known, size));
				}
				known = size;
				settle(sql);
				double begun = sql.number(METER_EVENTS);
				long sent = this.measuring.sent(target);
				for (int round = 0; round < rounds; round++) {
					at(CLIENTS, size, WARM, asked, population.keys(size));
				}
				this.points.add(CLIENTS, size, "meter events a request",
						(sql.number(METER_EVENTS) - begun) / (this.measuring.sent(target) - sent));
				settle(sql);
				for (int round = 0; round < rounds; round++) {
					at(CLIENTS, size, ALONE, asked, population.keys(1));
				}
				settle(sql);
				for (int round = 0; round < rounds; round++) {
					this.points.add(CLIENTS, size, IDLE, this.measuring.idle(asked));
				}
			}
		}
	}

	private void settle(Installation installation) {
		try (Sql sql = new Sql(this.stores.connect(installation.database()))) {
			settle(sql);
		}
	}

	/** Waits until Stripe has all that was completed, or as long as that is worth. */
	private static void settle(Sql sql) {
		long latest = System.nanoTime() + TimeUnit.SECONDS.toNanos(SETTLE_SECONDS_MAX);
		while (sql.number(OWED) > 0 && System.nanoTime() < latest) {
			Wait.pause(500);
		}
		Wait.pause(1000);
	}

	private void ledger(Installation installation, Target target) {
		Population population = new Population(this.stores, installation, target);
		population.grow(LEDGER_CLIENTS);
		List<Target> asked = List.of(target);
		this.measuring.all(asked, FIRST_USE, Plan.fixed(this.options.rate()).most(LEDGER_CLIENTS),
				population.keys(LEDGER_CLIENTS));
		long present = 0;
		for (long size : this.options.rows()) {
			Wait.pause(2000);
			PastRequests.fill(this.stores, installation, present, size);
			present = size;
			settle(installation);
			for (int round = 0; round < this.options.common().rounds(); round++) {
				at(LEDGER, size, WARM, asked, population.keys(LEDGER_CLIENTS));
			}
			reads(installation, population, size);
		}
	}

	/** Milliseconds of what operators ask for, each of other clients. */
	private void reads(Installation installation, Population population, long size) {
		LocalDate today = LocalDate.now(ZoneOffset.UTC);
		String before = "from=" + today.withDayOfMonth(1).minusMonths(1) + "&to=" + today.withDayOfMonth(1);
		for (int i = 0; i < READS; i++) {
			String client = population.clients().get(1 + i * 61);
			JsonNode page = read(installation, size, "ledger page of a client", "/admin/v1/ledger?client=" + client);
			read(installation, size, "ledger page of a client, month before",
					"/admin/v1/ledger?client=" + client + "&" + before);
			read(installation, size, "ledger page of the agency", "/admin/v1/ledger");
			read(installation, size, "a line and its meter event",
					"/admin/v1/ledger/" + page.path("data").path(0).path("request_id").asString());
			read(installation, size, "usage of a client by day", "/admin/v1/clients/" + client + "/usage");
			read(installation, size, "usage of a client by day, month before",
					"/admin/v1/clients/" + client + "/usage?" + before);
		}
		try (Sql sql = new Sql(this.stores.connect(installation.database()))) {
			sql.run("create extension if not exists pg_stat_statements");
			sql.run("select pg_stat_statements_reset()");
			for (int i = 0; i < 5; i++) {
				reconcile(installation, population.clients().get(2 + i * 61));
			}
			statement(sql, LEDGER, size, "what reconciling a client reads of the ledger",
					"%join ledger g on g.client_id = a.client_id%g.units <> %");
		}
	}

	private JsonNode read(Installation installation, long size, String what, String path) {
		long begun = System.nanoTime();
		JsonNode answer = installation.call("GET", path, null);
		this.points.add(LEDGER, size, what, (System.nanoTime() - begun) / 1e6);
		return answer;
	}

	/** The last 35 days, which is as far as the hourly run goes. */
	private static void reconcile(Installation installation, String client) {
		LocalDate today = LocalDate.now(ZoneOffset.UTC);
		JsonNode run = installation.call("POST", "/admin/v1/reconciliations",
				Map.of("client", client, "from", today.minusDays(35) + "T00:00:00Z", "to", today + "T00:00:00Z"));
		Wait.until("reconciliation", RECONCILED_SECONDS_MAX,
				() -> installation.call("GET", "/admin/v1/reconciliations/" + run.path("id").asString(), null)
					.path("state")
					.asString()
					.equals("done"));
	}

	private void backlog(Installation installation, Target target) {
		List<String> agencies = new ArrayList<>();
		for (int i = 0; i < AGENCIES; i++) {
			agencies.add(installation.agency("Agency " + i).path("id").asString());
		}
		Supplier<byte[]> key = new Population(this.stores, installation, target).keys(1);
		List<Target> asked = List.of(target);
		long made = 0;
		try (Sql sql = new Sql(this.stores.connect(installation.database()))) {
			sql.run("create extension if not exists pg_stat_statements");
			for (int size : this.options.backlog()) {
				this.stripe.close();
				long missing = size - Math.round(Waiting.left(sql));
				if (missing > 0) {
					Waiting.add(this.stores, installation, agencies, made, made + missing);
					made += missing;
				}
				Wait.pause(AWAY_SECONDS * 1000L);
				sql.run("select pg_stat_statements_reset()");
				for (int round = 0; round < this.options.common().rounds(); round++) {
					at(BACKLOG, size, WARM, asked, key);
					this.points.add(BACKLOG, size, IDLE, this.measuring.idle(asked));
				}
				outboxStatements(sql, size, "Stripe away");
				this.stripe = Peers.startLargeStripe(this.stripePort, this.stripeFiles);
				if (size > 0) {
					delivering(sql, size);
				}
			}
		}
	}

	/** How long the first takes, and then events a second. */
	private void delivering(Sql sql, int size) {
		sql.run("select pg_stat_statements_reset()");
		double before = sql.number(DELIVERED);
		double delivered = before;
		long back = System.nanoTime();
		while (delivered == before && System.nanoTime() - back < FIRST_SECONDS_MAX * 1e9) {
			Wait.pause(100);
			delivered = sql.number(DELIVERED);
		}
		long begun = System.nanoTime();
		double first = delivered;
		this.points.add(BACKLOG, size, "seconds to the first", (begun - back) / 1e9);
		while (delivered < before + size && System.nanoTime() - begun < DELIVERING_SECONDS * 1e9) {
			Wait.pause(1000);
			delivered = sql.number(DELIVERED);
		}
		this.points.add(BACKLOG, size, "meter events out a second",
				(delivered - first) * 1e9 / (System.nanoTime() - begun));
		outboxStatements(sql, size, "Stripe back");
	}

	private void outboxStatements(Sql sql, int size, String when) {
		statement(sql, BACKLOG, size, "claim, " + when, "%for update of m skip locked%");
		statement(sql, BACKLOG, size, "lanes with units due, " + when, "%with due as (%order by lane_id limit%");
		statement(sql, BACKLOG, size, "count of what waits, " + when, "%lanes_in_doubt%");
	}

	/** Milliseconds of one statement, on average, where it ran. */
	private void statement(Sql sql, String curve, long size, String what, String pattern) {
		double calls = sql.number("select coalesce(sum(calls), 0) from pg_stat_statements where query like ?", pattern);
		if (calls > 0) {
			this.points.add(curve, size, what + ", ms", sql.number(
					"select sum(total_exec_time) / sum(calls) from pg_stat_statements where query like ?", pattern));
			this.points.add(curve, size, what + ", calls", calls);
		}
	}

	/** On all cores, and then a little on its own. */
	private void warm(Target target) {
		this.measuring.warm(target, this.options.common().warmup(), List.of(Loads.JSON_BEST));
		byte[] key = target.key().getBytes(StandardCharsets.US_ASCII);
		this.measuring.load(List.of(target), "warm-up", Plan.fixed(this.options.rate()), () -> key);
	}

	/** What a request costs at the fixed rate. */
	private void at(String curve, long size, String load, List<Target> asked, Supplier<byte[]> keys) {
		this.measuring.expect(() -> this.points.add(curve, size, load,
				this.measuring.load(asked, curve + ", " + load, Plan.fixed(this.options.rate()), keys)));
		System.out.printf("%s, %,d: %s measured%n", curve, size, load);
	}

	private void stop() {
		this.measuring.close();
		this.provider.close();
		this.stripe.close();
		this.stores.close();
	}

}
