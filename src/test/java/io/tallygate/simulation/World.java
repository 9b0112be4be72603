package io.tallygate.simulation;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

import io.tallygate.client.ChargeBy;
import io.tallygate.client.ChargePolicy;
import io.tallygate.client.Limits;
import io.tallygate.client.Report;
import io.tallygate.client.Terms;
import io.tallygate.client.TokenWeights;
import io.tallygate.core.AgencyId;
import io.tallygate.core.AgreedClock;
import io.tallygate.core.ChannelId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Ids;
import io.tallygate.core.RequestId;
import io.tallygate.metering.AccountKey;
import io.tallygate.metering.Admission;
import io.tallygate.metering.InMemoryAccounts;
import io.tallygate.metering.InMemoryPostgres;
import io.tallygate.metering.InMemoryProgress;
import io.tallygate.metering.InMemoryRedis;
import io.tallygate.metering.MeteringInstance;
import io.tallygate.metering.Opening;
import io.tallygate.metering.Outcome;
import io.tallygate.outbox.Delivery;
import io.tallygate.outbox.InMemoryOutbox;
import io.tallygate.outbox.Lane;
import io.tallygate.outbox.MeterEventRow;
import io.tallygate.outbox.OutboxInstance;
import io.tallygate.provider.Usage;
import org.jspecify.annotations.Nullable;
import reactor.test.scheduler.VirtualTimeScheduler;

/**
 * One schedule: a seed decides who asks for what, what is lost or late, who dies, what is
 * forgotten and what the clocks say. The stores, the network and Stripe are simulated;
 * everything between them is the code that runs in production. At every step, and at rest
 * when all is well again, the invariants are checked.
 */
final class World {

	private static final Duration LEDGER_PAUSE = Duration.ofMillis(200);

	private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

	/** Before a period ends. */
	private static final Instant LATE_IN_NOVEMBER = Instant.parse("2026-11-30T23:57:00Z");

	private static final Instant DECEMBER = Instant.parse("2026-12-01T00:00:00Z");

	/** What makes one forget an invoice, or see it too late. */
	private static final Set<Trouble> FORGETS_INVOICES = Set.of(Trouble.CLOCKS, Trouble.POSTGRES_ROLLS_BACK);

	/** The most that an exchange uses, in tokens. */
	private static final long TOKENS_MAX = 1001;

	/** Four exchanges' reservations, and some eight's use. */
	private static final Limits CAPPED = new Limits(null, 4_004_000L, null, null);

	/**
	 * What puts marks aside although their exchanges go on, or loses them, or what was
	 * used.
	 */
	private static final Set<Trouble> FORGETS_USE = Set.of(Trouble.REDIS_FORGETS, Trouble.REDIS_FAILS_OVER,
			Trouble.FREEZES, Trouble.CLOCKS, Trouble.STRIPE_AWAY, Trouble.POSTGRES_ROLLS_BACK);

	private static final int PROCESSES = 2;

	private static final Duration REST = Duration.ofMinutes(4);

	private static final int SHORT_ANSWER_MILLIS = 1500;

	private static final int LONG_ANSWER_MILLIS = 150_000;

	private static final Duration HEALING = Duration.ofSeconds(100);

	private static final int LAG_MILLIS_MAX = 30_000;

	private final long seed;

	private final Bug bug;

	private final Set<Trouble> troubles;

	private final Random random;

	private final VirtualTimeScheduler time = VirtualTimeScheduler.create();

	/** What the clocks of all machines have moved on while everybody stood still. */
	private Duration stoodStill = Duration.ZERO;

	private final Instant start;

	private final InstantSource clock = () -> start().plusMillis(this.time.now(TimeUnit.MILLISECONDS))
		.plus(this.stoodStill);

	private final Ids ids;

	private final Tables tables = new Tables();

	/** Raised by each failover of PostgreSQL. */
	private int postgresLife;

	private final InMemoryProgress progress;

	private final InMemoryAccounts accounts;

	private final InMemoryPostgres postgres;

	private final InMemoryRedis redis;

	private final InMemoryOutbox outbox;

	private final StripeOracle stripe;

	private final boolean redisLoses;

	private final int wirePercent;

	private final int stripePercent;

	private final List<Client> clients = new ArrayList<>();

	private final List<Process> living = new ArrayList<>();

	private @Nullable Trouble lastTrouble;

	private boolean standbyLags;

	/** PostgreSQL has lost commits, and nobody has written that down yet. */
	private boolean isBehind;

	private boolean healed;

	private @Nullable Instant invoicedAt;

	private boolean stripeIsAway;

	private boolean keyIsRefused;

	/** What was admitted, and by whom. */
	private final Map<String, Process> admitted = new TreeMap<>();

	/** What the provider reported, in thousandths of the quantity. */
	private final Map<String, Long> reported = new HashMap<>();

	/** Where it counts. */
	private final Map<String, AccountKey> accountOf = new HashMap<>();

	/** What a client saw the end of. */
	private final Set<String> complete = new HashSet<>();

	/** What was open, or held unwritten, when its process died. */
	private final Set<String> ofTheDead = new HashSet<>();

	private final Map<String, MeterEventRow> firstRows = new HashMap<>();

	private final Map<AccountKey, Long> cuts = new HashMap<>();

	/**
	 * @param troubles what may go wrong beside lost and late calls
	 */
	World(long seed, Set<Trouble> troubles, Bug bug) {
		this.seed = seed;
		this.start = (Math.floorMod(seed, 3) == 0) ? LATE_IN_NOVEMBER : NOON;
		this.bug = bug;
		this.troubles = Set.copyOf(troubles);
		this.random = new Random(seed);
		this.ids = new Ids(this.clock, this.random);
		this.accounts = new InMemoryAccounts(this.tables);
		this.progress = new InMemoryProgress(this.clock, this.tables, bug);
		this.postgres = new InMemoryPostgres(this.clock, this.tables, bug);
		this.redis = new InMemoryRedis(this.clock, bug);
		this.outbox = new InMemoryOutbox(this.tables, this.clock, this.ids, this.random, bug);
		this.stripe = new StripeOracle(this.clock, this::mishap,
				() -> Duration.ofSeconds(this.healed ? 0 : this.random.nextInt(200)));
		this.redisLoses = troubles.contains(Trouble.REDIS_FORGETS) || troubles.contains(Trouble.REDIS_FAILS_OVER);
		this.wirePercent = troubles.contains(Trouble.NETWORK) ? 33 : new int[] { 0, 3, 12 }[this.random.nextInt(3)];
		this.stripePercent = new int[] { 0, 10, 50 }[this.random.nextInt(3)];
		AgencyId agency = new AgencyId(this.ids.next("agy_"));
		AgencyId sister = (bug == Bug.LANE_BY_AGENCY) ? new AgencyId(this.ids.next("agy_")) : agency;
		this.clients.add(new Client(agency, lane(1, agency, "cus_1"), Report.UNITS, 1000, Limits.NONE));
		this.clients.add(new Client(sister, lane(2, sister, (bug == Bug.LANE_BY_AGENCY) ? "cus_1" : "cus_2"),
				Report.USAGE, 7, Limits.NONE));
		this.clients.add(new Client(agency, lane(3, agency, "cus_3"), Report.UNITS, 1, Limits.NONE));
		this.clients.add(new Client(agency, lane(4, agency, "cus_4"), Report.UNITS, 1000, CAPPED));
		for (int i = 0; i < PROCESSES; i++) {
			this.living.add(new Process());
		}
	}

	private Instant start() {
		return this.start;
	}

	private static Lane lane(long id, AgencyId agency, String customer) {
		return new Lane(id, agency, "acct_1", false, customer, "mtr_1", "tokens");
	}

	/** Runs the schedule; a broken invariant is an {@link AssertionError}. */
	void run(int steps) {
		for (int i = 0; i < steps; i++) {
			step();
			check();
		}
		heal();
		checkRest();
	}

	/**
	 * In some schedules the period that ends is invoiced at once. It costs no chance, so
	 * that the other schedules stay what they are.
	 */
	private void invoice() {
		Instant now = this.clock.instant();
		if (this.invoicedAt == null && this.start.equals(LATE_IN_NOVEMBER) && this.seed % 2 == 0
				&& !now.isBefore(DECEMBER)) {
			this.invoicedAt = now;
			this.clients
				.forEach((client) -> this.outbox.close(client.id, DECEMBER.minus(Duration.ofDays(30)), DECEMBER));
		}
	}

	private void step() {
		invoice();
		int dice = this.random.nextInt(100);
		if (dice < 45) {
			ask(anyone(), anyClient());
		}
		else if (dice < 70) {
			pass(Duration.ofMillis(this.random.nextInt(400)));
		}
		else if (dice < 88) {
			pass(Duration.ofSeconds(this.random.nextInt(40)));
		}
		else if (dice < 91) {
			// A change of settings that PostgreSQL loses is for whoever made it to make
			// again.
			if (!this.troubles.contains(Trouble.POSTGRES_ROLLS_BACK)) {
				anyClient().changesPolicy();
			}
		}
		else if (!this.troubles.isEmpty()) {
			List<Trouble> all = this.troubles.stream().sorted().toList();
			happens(all.get(this.random.nextInt(all.size())));
		}
	}

	/** One trouble begins when the last has had time to heal. */
	private void happens(Trouble trouble) {
		if (this.lastTrouble != null && this.lastTrouble != trouble) {
			pass(HEALING);
		}
		this.lastTrouble = trouble;
		switch (trouble) {
			case NETWORK -> {
				// All the time.
			}
			case REDIS_FORGETS -> this.redis.flush();
			case REDIS_FAILS_OVER -> {
				Runnable promote = this.redis.lagFromNow();
				later(Duration.ofMillis(this.random.nextInt(3000)), promote);
			}
			case REDIS_AWAY -> awayForAWhile(Process::toRedis);
			case POSTGRES_AWAY -> awayForAWhile(Process::toPostgres);
			case POSTGRES_ROLLS_BACK -> {
				if (!this.standbyLags && !this.isBehind && this.progress.rollback() == null) {
					Tables.Backup standby = this.tables.backUp();
					this.standbyLags = true;
					later(Duration.ofMillis(this.random.nextInt(LAG_MILLIS_MAX)), () -> failOverTo(standby));
				}
			}
			case DEATHS -> {
				Process process = anyone();
				boolean isHeard = this.random.nextBoolean();
				later(Duration.ofMillis(this.random.nextInt(1000)), () -> {
					if (isHeard) {
						die(process);
					}
					else {
						process.toPostgres.beforeNextAnswer(() -> die(process));
					}
				});
			}
			case FREEZES -> {
				Process process = anyone();
				if (!process.scheduler.isFrozen()) {
					process.scheduler.freeze();
					later(Duration.ofSeconds(1 + this.random.nextInt(90)), process.scheduler::thaw);
				}
			}
			case STRIPE_AWAY -> {
				this.stripeIsAway = !this.stripeIsAway;
				if (this.stripeIsAway && this.random.nextBoolean()) {
					standStill(Duration.ofMinutes(this.random.nextInt(36 * 60)));
				}
			}
			case KEY_REVOKED -> {
				this.keyIsRefused = !this.keyIsRefused;
				if (!this.keyIsRefused) {
					resume();
				}
			}
			case CLOCKS -> {
				if (this.random.nextBoolean()) {
					anyone().skew = Duration.ofMinutes(this.random.nextInt(-90, 90))
						.plusDays((this.random.nextInt(4) == 0) ? 40 : 0);
				}
				else {
					standStill(Duration.ofMinutes(this.random.nextInt(12 * 60)));
				}
			}
		}
	}

	private void awayForAWhile(java.util.function.Function<Process, Wire> wire) {
		List<Wire> cut = this.living.stream().map(wire).toList();
		cut.forEach(Wire::cut);
		later(Duration.ofSeconds(1 + this.random.nextInt(60)), () -> cut.forEach(Wire::join));
	}

	private void failOverTo(Tables.Backup standby) {
		this.tables.restore(standby);
		this.postgresLife++;
		this.standbyLags = false;
		this.isBehind = true;
		this.cuts.clear();
		this.firstRows.clear();
	}

	private void die(Process process) {
		if (!this.living.remove(process)) {
			return;
		}
		process.scheduler.die();
		this.admitted.forEach((request, by) -> {
			if (by == process && this.postgres.counted().get(request) == null) {
				this.ofTheDead.add(request);
			}
		});
		this.living.add(new Process());
	}

	private Process anyone() {
		return this.living.get(this.random.nextInt(this.living.size()));
	}

	private Client anyClient() {
		return this.clients.get(this.random.nextInt(this.clients.size()));
	}

	/** One exchange, from the admission to whatever its end is. */
	private void ask(Process process, Client client) {
		if (!process.isReady) {
			return;
		}
		Opening opening = new Opening(new RequestId(this.ids.next("req_")), new ChannelId(this.ids.next("chn_")),
				client.terms(), TOKENS_MAX * ChargePolicy.THOUSANDTHS, TOKENS_MAX, process.clock.instant());
		String request = opening.request().value();
		long takes = this.random.nextInt((this.random.nextInt(10) == 0) ? LONG_ANSWER_MILLIS : SHORT_ANSWER_MILLIS);
		boolean hangsUp = this.random.nextInt(100) < 15;
		process.scheduler.schedule(() -> process.metering.meter()
			.open(opening)
			.filter(Admission.Admitted.class::isInstance)
			.subscribe((admission) -> {
				this.admitted.put(request, process);
				if (!hangsUp || this.bug != Bug.SETTLED_ONLY_ON_COMPLETION) {
					process.scheduler.schedule(() -> end(process, opening), takes, TimeUnit.MILLISECONDS);
				}
			}, (notMetered) -> {
			}));
	}

	private void end(Process process, Opening opening) {
		String request = opening.request().value();
		Outcome outcome = outcome();
		Terms terms = opening.terms();
		long quantity = (outcome.usage() == null) ? 0 : terms.policy().quantity(outcome.usage(), outcome.messages());
		this.reported.put(request, quantity);
		this.accountOf.put(request, new AccountKey(terms.client(), terms.epoch()));
		process.metering.meter().close(opening, outcome).subscribe((done) -> {
		}, (late) -> {
		}, () -> {
			this.complete.add(request);
			that(request + " is complete for its client and stands nowhere", this.redisLoses
					|| this.redis.pending().contains(request) || this.postgres.counted().containsKey(request));
		});
	}

	/** What the provider answered. */
	private Outcome outcome() {
		int dice = this.random.nextInt(20);
		Outcome.Status status = (dice == 0) ? Outcome.Status.FREE
				: (dice == 1) ? Outcome.Status.ESTIMATED : Outcome.Status.BILLED;
		long tokens = (dice == 2) ? 0 : this.random.nextInt(4) * 333L + this.random.nextInt(3);
		Usage usage = (status == Outcome.Status.FREE) ? null : Usage.of(tokens, 0);
		return new Outcome(null, "gpt-test", "chat.completions", status, usage, 1, 200, false, false, null, 12, null);
	}

	private void pass(Duration time) {
		this.time.advanceTimeBy(time);
	}

	/** No process does anything for a while; what it had sent by then arrives. */
	private void standStill(Duration time) {
		List<ProcessScheduler> awake = this.living.stream()
			.map((process) -> process.scheduler)
			.filter((scheduler) -> !scheduler.isFrozen())
			.toList();
		awake.forEach(ProcessScheduler::freeze);
		pass(Wire.ARRIVAL_MAX);
		this.stoodStill = this.stoodStill.plus(time);
		awake.forEach(ProcessScheduler::thaw);
	}

	private void later(Duration delay, Runnable step) {
		this.time.schedule(step, delay.toMillis(), TimeUnit.MILLISECONDS);
	}

	private StripeOracle.Mishap mishap() {
		if (this.healed) {
			return StripeOracle.Mishap.NONE;
		}
		if (this.stripeIsAway) {
			return StripeOracle.Mishap.AWAY;
		}
		if (this.keyIsRefused) {
			return StripeOracle.Mishap.KEY_REFUSED;
		}
		StripeOracle.Mishap[] all = StripeOracle.Mishap.OF_ONE_CALL;
		return (this.random.nextInt(100) < this.stripePercent) ? all[this.random.nextInt(all.length)]
				: StripeOracle.Mishap.NONE;
	}

	/** Everything is well again, and time passes until nothing is left to do. */
	private void heal() {
		this.healed = true;
		for (Process process : List.copyOf(this.living)) {
			process.toRedis.heal();
			process.toPostgres.heal();
			process.skew = Duration.ZERO;
			process.scheduler.thaw();
		}
		resume();
		pass(REST);
		check();
		// A failover that was still to come has brought an old pause back.
		resume();
		pass(REST);
		for (int hour = 0; hour < 60 && !isDelivered(); hour++) {
			standStill(Duration.ofMinutes(30));
			pass(Duration.ofMinutes(2));
			check();
		}
	}

	private void resume() {
		this.clients.forEach((client) -> this.outbox.resume(client.agency, this.clock.instant()));
	}

	private boolean isDelivered() {
		return this.progress.rollback() == null
				&& this.outbox.rows().stream().allMatch((row) -> row.delivery().state() == Delivery.State.DELIVERED)
				&& this.accounts.keys()
					.stream()
					.allMatch((account) -> this.accounts.cut(account) == this.accounts.crossed(account));
	}

	/** At every instant. */
	private void check() {
		none("accounts", this.postgres.faults());
		this.isBehind &= this.progress.rollback() == null;
		none("Redis", this.redis.faults(this.accounts, this.isBehind));
		none("Stripe's rules", this.stripe.brokenRules());
		this.postgres.counted()
			.forEach((request, quantity) -> same("I1: quantity of " + request, this.reported.get(request), quantity));
		Map<AccountKey, Long> charged = charged();
		for (AccountKey account : this.accounts.keys()) {
			long most = this.troubles.contains(Trouble.POSTGRES_ROLLS_BACK) ? ended(account)
					: this.accounts.crossed(account);
			that("I4: " + charged.getOrDefault(account, 0L) + " of " + most + " units of " + account + " at Stripe",
					charged.getOrDefault(account, 0L) <= most);
			Long before = this.cuts.put(account, this.accounts.cut(account));
			that("I6: the cut of " + account + " fell", before == null || before <= this.accounts.cut(account));
		}
		if (!this.redisLoses) {
			this.living.forEach(this::checkWhatIsKept);
		}
		for (MeterEventRow row : this.outbox.rows()) {
			MeterEventRow first = this.firstRows.putIfAbsent(row.identifier(), row);
			that("I6: " + row.identifier() + " was changed", first == null || isSame(first, row));
			that(row.identifier() + " stands on no invoice", first != null || isBilled(row));
		}
	}

	/**
	 * Units that the exchanges completed that have ended, whatever PostgreSQL has lost.
	 */
	private long ended(AccountKey account) {
		return this.accountOf.entrySet()
			.stream()
			.filter((request) -> request.getValue().equals(account))
			.mapToLong((request) -> this.reported.get(request.getKey()))
			.sum() / this.accounts.divisor(account);
	}

	/** What is cut after November's invoice is dated in December. */
	private boolean isBilled(MeterEventRow row) {
		return this.invoicedAt == null || row.createdAt().isBefore(this.invoicedAt)
				|| !row.occurredAt().isBefore(DECEMBER) || FORGETS_INVOICES.stream().anyMatch(this.troubles::contains);
	}

	private static boolean isSame(MeterEventRow first, MeterEventRow row) {
		return first.value() == row.value() && first.occurredAt().equals(row.occurredAt())
				&& first.lane().equals(row.lane()) && first.fromUnit() == row.fromUnit();
	}

	/** What PostgreSQL has lost is written again from what Redis keeps of it. */
	private void checkWhatIsKept(Process process) {
		boolean isLost = this.isBehind || this.progress.rollback() != null;
		for (String request : process.metering.believedKept()) {
			that(request + " is kept by Redis, as it is believed", this.redis.pending().contains(request)
					|| this.postgres.counted().containsKey(request) || (isLost && this.redis.keeps(request)));
		}
	}

	/** When nothing is under way any more. */
	private void checkRest() {
		check();
		Map<String, Long> counted = this.postgres.counted();
		for (String request : this.admitted.keySet()) {
			boolean isOrphan = this.ofTheDead.contains(request) && this.postgres.orphans().contains(request);
			that("I7: " + request + " is in the ledger or an orphan of the dead",
					counted.containsKey(request) != isOrphan);
		}
		this.complete
			.forEach((request) -> that(request + " was complete and is in the ledger", counted.containsKey(request)));
		none("Redis at rest", this.redis.faultsAtRest(this.accounts, this.postgres));
		that("nothing is reserved by nobody",
				this.living.stream().allMatch((process) -> process.metering.reserved() == 0));
		if (this.troubles.stream().noneMatch(FORGETS_USE::contains)) {
			none("I12: admitted above their cap", this.redis.admittedAboveTheirCap(this.postgres));
		}
		none("open rows", List.copyOf(this.postgres.open()));
		that("everything is written", this.living.stream().allMatch((process) -> process.metering.hasWrittenAll()));
		Map<AccountKey, Long> charged = charged();
		Map<AccountKey, Long> delivered = new HashMap<>();
		for (MeterEventRow row : this.outbox.rows()) {
			that(row.identifier() + " is delivered and not " + row.delivery(),
					row.delivery().state() == Delivery.State.DELIVERED);
			delivered.merge(new AccountKey(row.client(), row.epoch()), row.value(), Long::sum);
		}
		for (AccountKey account : this.accounts.keys()) {
			same("I4: units of " + account + " at Stripe", this.accounts.crossed(account),
					charged.getOrDefault(account, 0L));
			same("I5: units of " + account + " delivered", charged.getOrDefault(account, 0L),
					delivered.getOrDefault(account, 0L));
		}
	}

	/** What Stripe would charge, by account. */
	private Map<AccountKey, Long> charged() {
		Map<AccountKey, Long> charged = new HashMap<>();
		this.stripe.accepted()
			.forEach((event) -> charged.merge(accountOf(event.identifier()), event.value(), Long::sum));
		return charged;
	}

	private static AccountKey accountOf(String identifier) {
		String[] parts = identifier.split("_");
		return new AccountKey(new ClientId("cli_" + parts[1]), Integer.parseInt(parts[2]));
	}

	private void none(String where, List<String> faults) {
		that(where + ": " + faults, faults.isEmpty());
	}

	private void same(String what, Object expected, Object actual) {
		that(what + " should be " + expected + " and is " + actual, expected != null && expected.equals(actual));
	}

	private void that(String claim, boolean holds) {
		if (!holds) {
			throw new AssertionError("Seed " + this.seed + ", " + this.troubles + ", " + this.bug + ": " + claim);
		}
	}

	/** A client of an agency, whose policy changes now and then. */
	private final class Client {

		private final AgencyId agency;

		private final ClientId id = new ClientId(World.this.ids.next("cli_"));

		private final Lane lane;

		private final Report report;

		private final Limits limits;

		private long unit;

		private int epoch;

		Client(AgencyId agency, Lane lane, Report report, long unit, Limits limits) {
			this.agency = agency;
			this.lane = lane;
			this.report = report;
			this.unit = unit;
			this.limits = limits;
			opensAnEpoch();
		}

		Terms terms() {
			return new Terms(this.agency, this.id, this.epoch,
					new ChargePolicy(ChargeBy.TOKENS, this.unit, this.report, TokenWeights.ONE), this.limits);
		}

		void changesPolicy() {
			if (World.this.random.nextBoolean()) {
				this.unit = 1 + World.this.random.nextInt(2000);
			}
			opensAnEpoch();
		}

		private void opensAnEpoch() {
			this.epoch++;
			World.this.postgres.open(terms(), World.this.random.nextBoolean());
			World.this.outbox.feed(new AccountKey(this.id, this.epoch), this.lane, this.report);
		}

	}

	/** One gateway. */
	private final class Process {

		private final ProcessScheduler scheduler = new ProcessScheduler(World.this.time);

		private boolean isReady;

		private Duration skew = Duration.ZERO;

		private final AgreedClock clock = new AgreedClock(() -> World.this.clock.instant().plus(this.skew),
				() -> World.this.time.now(TimeUnit.NANOSECONDS) + World.this.stoodStill.toNanos());

		private final Wire toRedis = wire(() -> 0);

		private final Wire toPostgres = wire(() -> World.this.postgresLife);

		private final MeteringInstance metering;

		Process() {
			this.metering = new MeteringInstance(this.scheduler, this.clock, World.this.ids, World.this.redis,
					this.toRedis, World.this.postgres, World.this.progress, this.toPostgres,
					World.this.random.nextInt(4) == 0, World.this.random.nextBoolean() ? LEDGER_PAUSE : Duration.ZERO,
					World.this.bug);
			OutboxInstance lanes = new OutboxInstance(this.scheduler, this.clock, World.this.ids.next("ins_"),
					World.this.outbox, World.this.progress, this.metering.witness(), this.metering.certainty(),
					this.toPostgres, new StripeOverWire(World.this.stripe, this.scheduler, World.this.time,
							World.this.random, World.this.bug, World.this.clock));
			this.metering.tell(lanes.due());
			this.metering.begun().subscribe((done) -> {
			}, (never) -> {
			}, () -> {
				lanes.start();
				this.isReady = true;
			});
		}

		Wire toRedis() {
			return this.toRedis;
		}

		Wire toPostgres() {
			return this.toPostgres;
		}

		private Wire wire(IntSupplier lives) {
			Wire wire = new Wire(World.this.time, lives, this.scheduler, World.this.random, World.this.wirePercent);
			if (World.this.healed) {
				wire.heal();
			}
			return wire;
		}

	}

}
