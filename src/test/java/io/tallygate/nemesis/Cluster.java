package io.tallygate.nemesis;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

import io.tallygate.nemesis.Customer.Wanted;
import io.tallygate.support.GatewayClient;
import io.tallygate.support.RawClient;
import io.tallygate.support.Together;
import io.tallygate.support.Wait;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What agencies run: replicas behind nginx, on a PostgreSQL whose standby has every
 * commit, and on a Redis Cluster. Everything that is asked of it goes through nginx, with
 * load beside it, and each act says by itself what must hold.
 */
final class Cluster implements AutoCloseable {

	/** Of each kind, so many guests for each number of replicas. */
	private static final int REVOKED = 3;

	private static final int MESSAGES_MAX = 300;

	private static final int TOKENS_MAX = 6000;

	private static final int ANSWER_TOKENS = 25;

	private static final int CALLERS = 24;

	/** A reading of what changed, and a load (docs/operating.md, "Channel keys"). */
	private static final Duration REVOCATION_MAX = Duration.ofSeconds(1 + 2);

	private static final int STILL_REFUSED_MILLIS = 1000;

	private static final int LOOK_MILLIS = 5;

	/** What a replica had taken from the kernel and not accepted when it stopped. */
	private static final int REFUSED_PART = 20;

	private static final int PATIENCE_SECONDS = 30;

	/** Streams may take longer than that. */
	private static final Map<String, String> SETTINGS = Map.of("TALLYGATE_SHUTDOWN_GRACE", "5s");

	private static final String USED = """
			select coalesce(sum(quantity), 0) / 1000 from ledger where client_id = :client and kind = 'exchange'
			""";

	private static final String LINES = "select count(*) from ledger";

	private static final String ROLLBACKS = "select count(*) from rollback";

	private static final JsonMapper JSON = JsonMapper.shared();

	private final Random random;

	private final Scene scene;

	private final Nginx nginx;

	private final Load load;

	private final Streams streams;

	private final Deaths deaths;

	private final Audit audit;

	private final List<Revocation> revocations = new ArrayList<>();

	private final List<Cap> caps = new ArrayList<>();

	private final List<Burial> burials = new ArrayList<>();

	private final List<Restarts> rolls = new ArrayList<>();

	private final List<Promotion> promotions = new ArrayList<>();

	/**
	 * A key that was revoked.
	 *
	 * @param replicas that had served it
	 * @param seconds from the answer of the revocation until each of them refused it
	 */
	record Revocation(int replicas, List<Double> seconds) {
	}

	/**
	 * A client that asked for more than its cap, over all replicas at once.
	 *
	 * @param of what it counts
	 * @param replicas that it asked
	 * @param cap in messages or tokens
	 * @param used in the ledger
	 * @param overshoot use beyond the cap
	 * @param answer what one request uses at most
	 * @param refusals requests answered 402
	 * @param alone requests admitted one by one at the end
	 */
	record Cap(String of, int replicas, long cap, long used, long overshoot, long answer, int refusals, int alone) {
	}

	/**
	 * A replica that was killed, and what another listed of it.
	 *
	 * @param replicas before
	 * @param orphans that the living listed, the same as the marks that were open
	 * @param seconds until they had
	 */
	record Burial(int replicas, int orphans, double seconds) {
	}

	/**
	 * The standby in the place of its primary.
	 *
	 * @param linesBefore lines that the primary showed last
	 * @param linesAfter lines of the standby when it was promoted
	 * @param secondsToWrite from the death to the first line after the promotion
	 */
	record Promotion(long linesBefore, long linesAfter, double secondsToWrite) {
	}

	/**
	 * Starts everybody.
	 * @param logs where they print to
	 * @param perSecond requests, besides streams
	 * @param streams open at each restart
	 */
	Cluster(Path logs, int perSecond, int streams, long seed) {
		Nginx.installed();
		this.random = new Random(seed);
		Load[] told = new Load[1];
		Cast cast = new Cast(2, true, true, Version.THIS, false, guests(), SETTINGS);
		this.scene = new Scene(logs, cast, seed, (answer) -> told[0].told(answer));
		try {
			this.nginx = this.scene
				.alongside(new Nginx(logs.resolve("nginx"), logs, this.scene.ports().next(), ports()));
			List<Customer> regulars = regulars();
			this.load = Load.through(this.scene, this.nginx.port(), regulars, perSecond, seed);
			told[0] = this.load;
			this.streams = new Streams(this.load, this.scene.loops(), regulars, streams, seed);
			this.deaths = new Deaths(this.scene);
			this.audit = new Audit(this.scene, this.load, this.deaths, false);
		}
		catch (AssertionError | RuntimeException ex) {
			this.scene.close();
			throw ex;
		}
		this.load.start();
	}

	private static List<Wanted> guests() {
		List<Wanted> guests = new ArrayList<>();
		for (int replicas = 2; replicas <= 3; replicas++) {
			for (int i = 0; i < REVOKED; i++) {
				guests.add(new Wanted(revoked(replicas, i), 0, "", "", Map.of()));
			}
			guests.add(new Wanted(capped("messages", replicas), 0, "cus_messages_" + replicas, "price_units",
					Map.of("charge_by", "messages", "billing_unit", 1, "report", "units", "caps",
							Map.of("hard_quantity", MESSAGES_MAX))));
			guests.add(new Wanted(capped("tokens", replicas), 0, "cus_tokens_" + replicas, "price_units",
					Map.of("charge_by", "tokens", "billing_unit", 100, "report", "units", "caps",
							Map.of("hard_quantity", TOKENS_MAX))));
		}
		return guests;
	}

	private static String revoked(int replicas, int number) {
		return "Revoked " + (number + 1) + " of " + replicas;
	}

	private static String capped(String by, int replicas) {
		return "Capped by " + by + " at " + replicas;
	}

	private List<Customer> regulars() {
		Set<String> guests = guests().stream().map(Wanted::name).collect(Collectors.toSet());
		return this.scene.customers().stream().filter((customer) -> !guests.contains(customer.name())).toList();
	}

	private List<Integer> ports() {
		return this.scene.gateways().stream().map(Gateway::port).toList();
	}

	private int replicas() {
		return this.scene.gateways().size();
	}

	/** One more replica. */
	void join() {
		this.scene.join();
		this.nginx.leadTo(ports());
	}

	/** Waits until all that was asked before now is where it belongs. */
	void rest() {
		this.audit.rest();
	}

	/**
	 * Revokes keys that every replica serves, and sees when each of them serves it no
	 * more.
	 */
	void revoke() {
		for (int i = 0; i < REVOKED; i++) {
			revoke(this.scene.customer(revoked(replicas(), i)));
		}
	}

	private void revoke(Customer customer) {
		GatewayClient api = new GatewayClient(this.nginx.port());
		String token = this.scene.agencyToken(0);
		String key = api.get("/admin/v1/clients/" + customer.id(), token).at("/channels/0/keys/0/id").asString();
		for (Gateway gateway : this.scene.gateways()) {
			assertThat(status(gateway, customer)).as(gateway.name() + " serves " + customer.name()).isEqualTo(200);
		}
		List<CompletableFuture<Long>> refusals = this.scene.gateways()
			.stream()
			.map((gateway) -> CompletableFuture.supplyAsync(() -> firstRefusal(gateway, customer)))
			.toList();
		Wait.pause(200);

		api.call("DELETE", "/admin/v1/keys/" + key, token, Map.of());
		long revoked = System.nanoTime();

		Revocation found = new Revocation(replicas(),
				refusals.stream().map((refusal) -> seconds(Math.max(0, refusal.join() - revoked))).toList());
		this.revocations.add(found);
		assertThat(found.seconds()).as("seconds until each replica refuses a revoked key")
			.allMatch((seconds) -> seconds <= REVOCATION_MAX.toSeconds());
	}

	/** To the millisecond. */
	private static double seconds(long nanos) {
		return TimeUnit.NANOSECONDS.toMillis(nanos) / 1000.0;
	}

	/** When this replica begins to refuse; it must go on with that. */
	private static long firstRefusal(Gateway gateway, Customer customer) {
		long begun = System.nanoTime();
		while (status(gateway, customer) == 200) {
			assertThat(System.nanoTime() - begun).as("wait for " + gateway.name() + " to refuse the key")
				.isLessThan(TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS));
			Wait.pause(LOOK_MILLIS);
		}
		long refused = System.nanoTime();
		while (System.nanoTime() - refused < TimeUnit.MILLISECONDS.toNanos(STILL_REFUSED_MILLIS)) {
			assertThat(status(gateway, customer)).as(gateway.name() + " had refused the key").isEqualTo(401);
			Wait.pause(LOOK_MILLIS);
		}
		return refused;
	}

	private static int status(Gateway gateway, Customer customer) {
		return gateway.process().client().chat(customer.key(), "fake:t=3,d=0").status();
	}

	/** Has clients use up their caps from many callers at once, over all replicas. */
	void useUpCaps() {
		useUp("messages", MESSAGES_MAX, 1);
		int prompt = promptTokens(this.scene.customer(capped("tokens", replicas())));
		useUp("tokens", TOKENS_MAX, prompt + ANSWER_TOKENS);
	}

	private void useUp(String by, long cap, long answer) {
		Customer customer = this.scene.customer(capped(by, replicas()));
		AtomicInteger refusals = new AtomicInteger();
		List<Callable<Boolean>> callers = IntStream.range(0, CALLERS).<Callable<Boolean>>mapToObj((i) -> () -> {
			for (int refused = 0; refused < 3;) {
				if (!isAdmitted(customer)) {
					refused++;
					refusals.incrementAndGet();
				}
			}
			return true;
		}).toList();
		Together.run(CALLERS, callers);
		// What running requests had reserved is free again: the last ones, one by one.
		int alone = 0;
		while (isAdmitted(customer)) {
			alone++;
		}
		Wait.until("use up to the cap in the ledger", 30, () -> used(customer) >= cap);
		rest();
		long used = used(customer);
		Cap found = new Cap(by, replicas(), cap, used, used - cap, answer, refusals.incrementAndGet(), alone);
		this.caps.add(found);
		assertThat(found.overshoot()).as("%s", found).isBetween(0L, answer - 1);
	}

	private long used(Customer customer) {
		return this.scene.postgres().sql().sql(USED).param("client", customer.id()).query(Long.class).single();
	}

	/**
	 * Whether a request is answered; any other refusal than that of the cap is a failure.
	 */
	private boolean isAdmitted(Customer customer) {
		RawClient.Answer answer = ask(customer);
		if (answer.status() == 402 && answer.body().contains("usage_cap_reached")) {
			return false;
		}
		assertThat(answer.status()).as(answer.body()).isEqualTo(200);
		return true;
	}

	private RawClient.Answer ask(Customer customer) {
		try (RawClient client = new RawClient(this.nginx.port())) {
			return client.post("/v1/chat/completions",
					"{\"model\":\"fake:t=%1$d,d=20\",\"max_tokens\":%1$d,\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"
						.formatted(ANSWER_TOKENS),
					"Authorization: Bearer " + customer.key())
				.answer();
		}
	}

	private int promptTokens(Customer customer) {
		RawClient.Answer answer = ask(customer);
		assertThat(answer.status()).as(answer.body()).isEqualTo(200);
		return JSON.readTree(answer.body()).at("/usage/prompt_tokens").asInt();
	}

	/**
	 * kill -9 of a replica with streams open; the others bury it before it comes back.
	 */
	void killOne() {
		this.streams.start();
		Wait.until("streams", 60, this.streams::areAllOpen);
		Gateway gateway = this.scene.gateways().get(this.random.nextInt(replicas()));
		int orphansBefore = this.audit.buried(replicas());
		long killed = System.nanoTime();
		this.deaths.kill(gateway, this.load);
		int orphans = this.audit.buried(replicas() - 1) - orphansBefore;
		this.burials.add(new Burial(replicas(), orphans, seconds(System.nanoTime() - killed)));
		assertThat(orphans).as("orphans of " + gateway.name()).isPositive();
		this.streams.stop();
		gateway.start();
		rest();
		this.streams.takeEnded();
	}

	/** kill -9 of a master of the Redis Cluster, whose replica is elected. */
	void electRedis() {
		((RedisCluster) this.scene.redis()).elect(this.random);
		rest();
	}

	/**
	 * SIGTERM of one replica after the other, so often, with streams open all the time.
	 */
	void roll(int times) {
		this.streams.start();
		for (int i = 0; i < times; i++) {
			List<Restarts> restarts = this.scene.gateways().stream().map(this::restart).toList();
			this.rolls.add(Restarts.sum(restarts));
		}
		this.streams.stop();
		rest();
	}

	private Restarts restart(Gateway gateway) {
		Wait.until("streams", 60, this.streams::areAllOpen);
		this.streams.takeEnded();
		long begun = System.nanoTime();
		Set<Attempt> open = new HashSet<>(this.streams.open());
		gateway.stop();
		long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
		List<Attempt> before = open.stream().filter((stream) -> stream.isAnsweredBy(gateway)).toList();
		Wait.until("end of the streams of " + gateway.name(), 10, () -> before.stream().allMatch(Attempt::isOver));
		List<Attempt> ended = this.streams.takeEnded();
		// Some began between the count and the signal.
		Set<Attempt> atIt = new HashSet<>(before);
		ended.stream().filter((stream) -> stream.status() == 200 && stream.isAnsweredBy(gateway)).forEach(atIt::add);
		// The gateway hung up on the provider before it told them, whose report may have
		// been on its way.
		atIt.stream().filter(Attempt::hasErrorEvent).forEach(Attempt::providerCutOff);
		List<Attempt> elsewhere = ended.stream().filter((stream) -> !atIt.contains(stream)).toList();
		gateway.start();
		Restarts restarts = Restarts.of(open.size(), List.copyOf(atIt), elsewhere, millis);
		assertThat(restarts.falseEnds()).as("streams that ended as if they were whole").isZero();
		assertThat(restarts.refused()).as("streams that did not begin").isLessThan(restarts.open() / REFUSED_PART);
		assertThat(restarts.elsewhere()).as("streams broken at replicas that nobody stopped").isZero();
		return restarts;
	}

	/** kill -9 of PostgreSQL; the standby takes its place, and all ways lead there. */
	void promote() {
		PostgresServer postgres = this.scene.postgres();
		long before = lines();
		long killed = System.nanoTime();
		postgres.failOver();
		long after = lines();
		this.scene.gateways().forEach((gateway) -> {
			gateway.toPostgres().leadTo(postgres.port());
			gateway.toPostgres().cut();
		});
		Wait.until("line in the ledger of the new primary", 60, () -> lines() > after);
		this.promotions.add(new Promotion(before, after, seconds(System.nanoTime() - killed)));
		assertThat(after).as("lines after the promotion").isGreaterThanOrEqualTo(before);
		rest();
		assertThat(rollbacks()).as("rollbacks found").isZero();
	}

	private long lines() {
		return this.scene.postgres().sql().sql(LINES).query(Long.class).single();
	}

	private long rollbacks() {
		return this.scene.postgres().sql().sql(ROLLBACKS).query(Long.class).single();
	}

	/** Asks for nothing more, compares everything, and says what came of it. */
	Map<String, Object> end() {
		this.load.stop();
		Audit.Sums sums = this.audit.end();
		assertThat(sums.drift()).isZero();
		assertThat(sums.missing()).isZero();
		assertThat(sums.doubled()).isZero();
		assertThat(sums.orphans()).isEqualTo(sums.marked());
		long overlaps = this.scene.stripe().overlaps();
		assertThat(overlaps).as("calls for one lane at the same time").isZero();
		Map<String, Object> figures = new LinkedHashMap<>();
		figures.put("requests", this.load.attempts());
		figures.put("complete", this.load.complete());
		figures.put("errors", this.load.errors());
		figures.put("retries", this.load.retries());
		figures.put("answers_by_replica", this.scene.gateways()
			.stream()
			.collect(Collectors.toMap((gateway) -> Integer.toString(gateway.number() + 1), this.load::answers)));
		figures.put("answers_reported", sums.reported());
		figures.put("tokens_reported", sums.tokens());
		figures.put("lines_billed", sums.billed());
		figures.put("lines_estimated", sums.estimated());
		figures.put("lines_free", sums.free());
		figures.put("answers_cut_off", sums.cutOff());
		figures.put("drift", sums.drift());
		figures.put("missing", sums.missing());
		figures.put("doubled", sums.doubled());
		figures.put("orphans", sums.orphans());
		figures.put("marks_open_at_kills", sums.marked());
		figures.put("units_at_stripe", sums.units());
		figures.put("calls_for_one_lane_at_once", overlaps);
		figures.put("rollbacks", rollbacks());
		figures.put("revocations", this.revocations);
		figures.put("caps", this.caps);
		figures.put("burials", this.burials);
		figures.put("rolls", this.rolls);
		figures.put("promotions", this.promotions);
		return figures;
	}

	@Override
	public void close() {
		this.streams.close();
		this.load.close();
		this.scene.close();
	}

}
