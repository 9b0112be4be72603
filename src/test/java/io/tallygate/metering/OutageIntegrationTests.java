package io.tallygate.metering;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import io.tallygate.client.Terms;
import io.tallygate.fault.Matrix;
import io.tallygate.support.OwnRedis;
import io.tallygate.support.TestServers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * One dependency is flushed, frozen, killed or locked in the middle: nothing is lost,
 * nothing is counted twice.
 */
class OutageIntegrationTests {

	private final TestServers.TestDatabase database = TestServers.database();

	private final OwnRedis redis = new OwnRedis();

	private final Terms terms = Exchanges.terms(1000);

	private MeteringWorld world;

	private MeteringBooks books;

	@BeforeEach
	void start() {
		Exchanges.register(this.database, this.terms);
		this.world = new MeteringWorld(this.redis.url(), this.database.system(), Duration.ofSeconds(2)).connected();
		this.books = new MeteringBooks(this.world, this.redis, this.database, this.terms);
	}

	@AfterEach
	void stop() {
		this.world.close();
		this.redis.close();
	}

	@Test
	void aClosedExchangeStandsInTheLedgerAndInTheRunningTotal() {
		this.world.exchange(this.terms, 1500);

		settled(1, 1_500_000);
	}

	@Test
	@Matrix(24)
	void redisFlushedBetweenOpenAndCloseLosesNothing() {
		this.world.exchange(this.terms, 700);
		Opening opening = Exchanges.opening(this.terms);
		this.world.meter.open(opening).block(MeteringWorld.PATIENCE);

		this.redis.commands().sync().flushall();
		this.world.meter.close(opening, Exchanges.billed(800)).block(MeteringWorld.PATIENCE);

		settled(2, 1_500_000);
	}

	@Test
	@Matrix(24)
	void redisFlushedUnderLoadLosesNothing() {
		int exchanges = 400;

		StepVerifier.create(Flux.range(0, exchanges).delayElements(Duration.ofMillis(2)).flatMap((i) -> {
			if (i % 100 == 50) {
				this.redis.commands().async().flushall();
			}
			Opening opening = Exchanges.opening(this.terms);
			return this.world.meter.open(opening)
				.then(this.world.meter.close(opening, Exchanges.billed(37)))
				.thenReturn(i);
		}, 50).count()).expectNext((long) exchanges).expectComplete().verify(MeteringWorld.PATIENCE);

		settled(exchanges, exchanges * 37_000L);
	}

	@Test
	@Matrix(20)
	void whileRedisIsFrozenExchangesAreAdmittedAndCountedByPostgres() {
		this.redis.freeze();
		for (int i = 0; i < 20; i++) {
			this.world.exchange(this.terms, 100);
		}
		assertThat(count("select total from account")).isEqualTo(2_000_000);

		this.redis.thaw();

		settled(20, 2_000_000);
	}

	@Test
	@Matrix(19)
	void redisKilledAndStartedAgainLosesNothing() {
		this.world.exchange(this.terms, 100);
		this.redis.kill();
		for (int i = 0; i < 5; i++) {
			this.world.exchange(this.terms, 100);
		}
		this.redis.start();
		this.world.connected();
		this.world.exchange(this.terms, 100);

		settled(7, 700_000);
	}

	@Test
	@Matrix(19)
	void withRedisAwayAClientHasOnlySoMuchCredit() {
		this.redis.kill();
		MeteringWorld.await(this.world.totals::isAway);
		List<Opening> openings = new ArrayList<>();
		for (int i = 0; i < 1000; i++) {
			openings.add(Exchanges.opening(this.terms));
		}
		Flux.fromIterable(openings).flatMap(this.world.meter::open, 16).blockLast(MeteringWorld.PATIENCE);

		StepVerifier.create(this.world.meter.open(Exchanges.opening(this.terms)))
			.expectErrorMatches(
					(error) -> error instanceof MeteringUnavailable && error.getMessage().contains("credit"))
			.verify(MeteringWorld.PATIENCE);
	}

	@Test
	@Matrix({ 32, 38 })
	void whilePostgresIsBlockedTheAnswerEndsWhenRedisHasTheEntry() throws Exception {
		List<Opening> openings = new ArrayList<>();
		try (Connection connection = TestServers.postgres()
			.getDatabase("postgres", this.database.name())
			.getConnection(); Statement statement = connection.createStatement()) {
			connection.setAutoCommit(false);
			statement.execute("lock table account in access exclusive mode");
			for (int i = 0; i < 20; i++) {
				openings.add(this.world.exchange(this.terms, 100));
			}
			assertThat(this.world.ledger.unwritten()).hasSize(20);
			connection.rollback();
		}

		settled(20, 2_000_000);
	}

	@Test
	@Matrix(7)
	void withLedgerDurabilityTheAnswerWaitsForTheCommit() throws Exception {
		MeteringWorld strict = new MeteringWorld(this.redis.url(), this.database.system(), Duration.ofSeconds(2),
				MeteringProperties.CloseDurability.LEDGER)
			.connected();
		try (strict;
				Connection connection = TestServers.postgres()
					.getDatabase("postgres", this.database.name())
					.getConnection();
				Statement statement = connection.createStatement()) {
			connection.setAutoCommit(false);
			statement.execute("lock table account in access exclusive mode");
			Opening opening = Exchanges.opening(this.terms);
			strict.meter.open(opening).block(MeteringWorld.PATIENCE);

			StepVerifier.create(strict.meter.close(opening, Exchanges.billed(100)))
				.expectError(MeteringUnavailable.class)
				.verify(MeteringWorld.PATIENCE);
			assertThat(strict.ledger.exposed()).as("what a stop would lose").isEmpty();

			connection.rollback();
			MeteringWorld.await(() -> strict.ledger.unwritten().isEmpty());
		}

		settled(1, 100_000);
	}

	@Test
	@Matrix({ 16, 77 })
	void withBothAwayNothingIsAdmittedAndWhatRanIsCountedWhenOneReturns() throws Exception {
		Opening running = Exchanges.opening(this.terms);
		this.world.meter.open(running).block(MeteringWorld.PATIENCE);
		try (Connection connection = TestServers.postgres()
			.getDatabase("postgres", this.database.name())
			.getConnection(); Statement statement = connection.createStatement()) {
			connection.setAutoCommit(false);
			statement.execute("lock table account, open_exchange in access exclusive mode");
			this.redis.kill();
			MeteringWorld.await(this.world.totals::isAway);

			StepVerifier.create(this.world.meter.close(running, Exchanges.billed(100)))
				.expectError(MeteringUnavailable.class)
				.verify(MeteringWorld.PATIENCE);
			StepVerifier.create(this.world.meter.open(Exchanges.opening(this.terms)))
				.expectError(MeteringUnavailable.class)
				.verify(MeteringWorld.PATIENCE);
			connection.rollback();
		}
		MeteringWorld.await(() -> this.world.ledger.unwritten().isEmpty());
		this.redis.start();

		settled(1, 100_000);
	}

	@Test
	@Matrix({ 6, 73 })
	void whatADeadInstanceLeftIsWrittenOrListed() {
		MeteringWorld dead = new MeteringWorld(this.redis.url(), this.database.system(), Duration.ofSeconds(1))
			.connected();
		Opening orphan = Exchanges.opening(this.terms);
		dead.meter.open(orphan).block(MeteringWorld.PATIENCE);
		Entry closed = Exchanges.entry(this.terms, 300, Exchanges.NOON);
		Entry left = new Entry(closed.request(), closed.agency(), closed.account(), closed.channel(), closed.chargeBy(),
				closed.quantity(), closed.occurredAt(), dead.presence.id(), closed.outcome());
		dead.totals.submit(new Counters.Operation.Close(left)).block(MeteringWorld.PATIENCE);
		dead.close();

		this.world.becomeSteady();
		MeteringWorld.await(() -> {
			this.world.presence.renew().block(MeteringWorld.PATIENCE);
			this.world.sweeper.sweep().block(MeteringWorld.PATIENCE);
			return count("select count(*) from orphan") == 1 && count("select count(*) from ledger") == 1;
		});

		assertThat(text("select request_id from orphan")).isEqualTo(orphan.request().value());
		settled(1, 300_000);
		assertThat(this.world.counters.marks().collectList().block(MeteringWorld.PATIENCE)).isEmpty();
	}

	@Test
	@Matrix(15)
	void anEntryThatCannotBeReadIsLeftWhereItIsAndTheOthersAreWritten() {
		String key = "tg:{" + RedisCounters.tag(new AccountKey(this.terms.client(), 1)) + "}:pending";
		MeteringWorld dead = new MeteringWorld(this.redis.url(), this.database.system(), Duration.ofSeconds(1))
			.connected();
		Entry closed = Exchanges.entry(this.terms, 300, Exchanges.NOON);
		dead.totals.submit(new Counters.Operation.Close(closed)).block(MeteringWorld.PATIENCE);
		dead.close();
		String line = this.redis.commands().sync().hget(key, closed.request().value());
		this.redis.commands().sync().hset(key, "req_torn", line.substring(0, line.length() / 2));

		this.world.becomeSteady();
		MeteringWorld.await(() -> {
			this.world.presence.renew().block(MeteringWorld.PATIENCE);
			this.world.sweeper.sweep().block(MeteringWorld.PATIENCE);
			return count("select count(*) from ledger") == 1;
		});

		MeteringWorld.await(() -> this.redis.commands().sync().hkeys(key).equals(List.of("req_torn")));
	}

	@Test
	void anOrphanThatTurnsUpIsSuperseded() {
		Opening opening = Exchanges.opening(this.terms);
		this.world.meter.open(opening).block(MeteringWorld.PATIENCE);
		Counters.Mark mark = this.world.counters.marks().blockFirst(MeteringWorld.PATIENCE);
		this.world.instances.orphan(mark).block(MeteringWorld.PATIENCE);

		this.world.meter.close(opening, Exchanges.billed(10)).block(MeteringWorld.PATIENCE);

		settled(1, 10_000);
		assertThat(count("select count(*) from orphan where superseded_at is null")).isZero();
	}

	@Test
	void anExchangeThatWasRefusedIsNoOrphanThoughItsMarkStoodWhenALeaseLapsed() throws Exception {
		Opening refused = Exchanges.opening(this.terms);
		try (Connection connection = TestServers.postgres()
			.getDatabase("postgres", this.database.name())
			.getConnection(); Statement statement = connection.createStatement()) {
			connection.setAutoCommit(false);
			statement.execute("lock table open_exchange in access exclusive mode");
			this.redis.freeze();
			StepVerifier.create(this.world.meter.open(refused))
				.expectError(MeteringUnavailable.class)
				.verify(MeteringWorld.PATIENCE);
			connection.rollback();
		}
		this.redis.thaw();
		this.world.connected();
		this.world.instances
			.orphan(new Counters.Mark(refused.request().value(), this.terms.agency().value(),
					new AccountKey(this.terms.client(), this.terms.epoch()), refused.channel().value(),
					this.world.presence.id(), refused.reservation(), refused.at()))
			.block(MeteringWorld.PATIENCE);

		MeteringWorld.await(() -> {
			this.world.sweeper.sweep().block(MeteringWorld.PATIENCE);
			return count("select count(*) from orphan where superseded_at is null") == 0;
		});

		assertThat(this.world.counters.marks().collectList().block(MeteringWorld.PATIENCE)).isEmpty();
		assertThat(count("select count(*) from open_exchange")).isZero();
	}

	@Test
	void anInstanceWhoseLeaseLapsedMarksAgainUnderANewId() {
		Opening opening = Exchanges.opening(this.terms);
		this.world.meter.open(opening).block(MeteringWorld.PATIENCE);
		String before = this.world.presence.id();
		this.database.execute("update instance_lease set expires_at = now() - interval '1 minute'");

		this.world.presence.renew().block(MeteringWorld.PATIENCE);

		assertThat(this.world.presence.id()).isNotEqualTo(before);
		MeteringWorld.await(() -> this.world.counters.marks()
			.any((mark) -> mark.instance().equals(this.world.presence.id()))
			.block(MeteringWorld.PATIENCE));
	}

	@Test
	@Matrix(75)
	void anEpochThatEndedIsClosedOnceNothingNamesItAndCarriesItsRemainder() {
		this.world.exchange(this.terms, 1400);
		Opening late = Exchanges.opening(this.terms);
		this.world.meter.open(late).block(MeteringWorld.PATIENCE);
		this.database.execute("update epoch set superseded_at = now()");
		Exchanges.register(this.database, new Terms(this.terms.agency(), this.terms.client(), 2, this.terms.policy()));

		this.world.epochs.closeEnded().block(MeteringWorld.PATIENCE);
		assertThat(count("select count(*) from epoch where closed_at is not null")).isZero();

		this.world.meter.close(late, Exchanges.billed(500)).block(MeteringWorld.PATIENCE);
		MeteringWorld.await(() -> {
			this.world.epochs.closeEnded().block(MeteringWorld.PATIENCE);
			return count("select count(*) from epoch where closed_at is not null") == 1;
		});

		assertThat(count("select total from account where epoch = 1")).isEqualTo(1_000_000);
		assertThat(count("select total from account where epoch = 2")).isEqualTo(900_000);
		assertThat(count("select count(*) from ledger where kind = 'carry'")).isEqualTo(2);
		assertThat(count("select sum(quantity)::bigint from ledger")).isEqualTo(1_900_000);
	}

	private void settled(int exchanges, long total) {
		this.books.holdAtRest(exchanges, total);
	}

	private long count(String sql) {
		return this.database.system().client().sql(sql).mapValue(Long.class).one().block(MeteringWorld.PATIENCE);
	}

	private String text(String sql) {
		return this.database.system().client().sql(sql).mapValue(String.class).one().block(MeteringWorld.PATIENCE);
	}

}
