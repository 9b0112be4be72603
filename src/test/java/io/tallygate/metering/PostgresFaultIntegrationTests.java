package io.tallygate.metering;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.tallygate.Databases;
import io.tallygate.client.Terms;
import io.tallygate.core.NewConnections;
import io.tallygate.fault.Matrix;
import io.tallygate.support.OwnRedis;
import io.tallygate.support.TestServers;
import io.tallygate.support.TroubledWay;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * PostgreSQL refuses, is full, or does not say what it did: nothing is lost, nothing is
 * counted twice, and nobody's connection is left behind.
 */
class PostgresFaultIntegrationTests {

	/** Short, as each test waits until one has passed in which nobody died. */
	private static final Duration LEASE = Duration.ofMillis(600);

	private static OwnRedis redis;

	/** Entries of a model of so long a name fill the 16 MiB of a world. */
	private static final int ENTRIES = 100;

	private static final String LONG_NAME = "m".repeat(100_000);

	private final TestServers.TestDatabase database = TestServers.database();

	private final TroubledWay way = new TroubledWay(TestServers.postgres().getPort());

	private final ConnectionPool pool = Databases.pool(this.database.options()
		.mutate()
		.option(ConnectionFactoryOptions.HOST, "127.0.0.1")
		.option(ConnectionFactoryOptions.PORT, this.way.port())
		.build(), "tallygate_system", 6, new NewConnections());

	private final Terms terms = Exchanges.terms(1000);

	private MeteringWorld world;

	private MeteringBooks books;

	@BeforeAll
	static void startRedis() {
		redis = new OwnRedis();
	}

	@AfterAll
	static void stopRedis() {
		redis.close();
	}

	@BeforeEach
	void start() {
		redis.commands().sync().flushall();
		Exchanges.register(this.database, this.terms);
		this.world = new MeteringWorld(redis.url(), Databases.system(this.pool), LEASE).connected();
		this.books = new MeteringBooks(this.world, redis, this.database, this.terms);
		this.world.exchange(this.terms, 100);
	}

	@AfterEach
	void stop() {
		this.world.close();
		this.pool.dispose();
		this.way.close();
	}

	@Test
	@Matrix(34)
	void whatIsReadOnlyIsAsGoodAsAwayAndNoConnectionToItIsKept() {
		MeteringWorld.await(() -> this.world.ledger.unwritten().isEmpty());
		readOnly("alter database " + this.database.name() + " set default_transaction_read_only = on");
		for (int i = 0; i < 5; i++) {
			this.world.exchange(this.terms, 100);
		}
		assertThat(this.world.ledger.unwritten()).hasSize(5);
		assertThat(this.world.ledger.poisoned()).isZero();
		TestServers.administer("alter database " + this.database.name() + " reset default_transaction_read_only");

		this.books.holdAtRest(6, 600_000);
	}

	private void readOnly(String sql) {
		TestServers.administer(sql);
		TestServers.administer("select pg_terminate_backend(pid) from pg_stat_activity where datname = '"
				+ this.database.name() + "'");
	}

	@Test
	@Matrix({ 10, 31, 37 })
	void aCommitWhoseAnswerIsLostIsRepeatedAndFoundToBeThere() {
		this.way.losesAnswers("COMMIT", 2);
		for (int i = 0; i < 20; i++) {
			this.world.exchange(this.terms, 100);
		}
		MeteringWorld.await(() -> this.world.ledger.unwritten().isEmpty());
		this.way.heals();

		assertThat(this.way.lost()).isPositive();
		this.books.holdAtRest(21, 2_100_000);
	}

	@Test
	@Matrix(39)
	void clientsThatHangUpLeaveNoConnectionBehind() {
		redis.kill();
		MeteringWorld.await(this.world.totals::isAway);
		Flux.range(0, 600)
			.flatMap((i) -> this.world.meter.open(Exchanges.opening(this.terms))
				.timeout(Duration.ofNanos(ThreadLocalRandom.current().nextLong(3_000_000)), Mono.empty())
				.onErrorComplete(), 100)
			.blockLast(MeteringWorld.PATIENCE);

		MeteringWorld.await(() -> this.pool.getMetrics().orElseThrow().acquiredSize() == 0
				&& this.pool.getMetrics().orElseThrow().pendingAcquireSize() == 0);
		this.world.exchange(this.terms, 100);
		MeteringWorld.await(() -> this.database.number("select count(*) from ledger") == 2);
		redis.start();
	}

	/** No room on the disk, a deadlock, a conflict, a lock that nobody lets go. */
	@ParameterizedTest
	@ValueSource(strings = { "53100", "40P01", "40001", "55P03" })
	@Matrix({ 35, 38 })
	void whatPostgresCannotDoNowIsTriedAgainAndNotTakenForPoison(String state) {
		MeteringWorld.await(() -> this.world.ledger.unwritten().isEmpty());
		this.database.execute("create function refuse() returns trigger language plpgsql as $$ begin raise exception"
				+ " 'it cannot be done now' using errcode = '" + state + "'; end $$");
		this.database.execute("create trigger refuse before insert on ledger for each row execute function refuse()");
		for (int i = 0; i < 3; i++) {
			this.world.exchange(this.terms, 100);
		}
		assertThat(this.world.ledger.unwritten()).hasSize(3);
		this.database.execute("drop trigger refuse on ledger");

		this.books.holdAtRest(4, 400_000);
		assertThat(this.world.ledger.poisoned()).isZero();
	}

	@Test
	@Matrix(40)
	void whatPostgresRefusesForItselfIsSetAsideAndTheRestFlows() {
		for (int i = 0; i < 9; i++) {
			Entry entry = Exchanges.entry(this.terms, 100, Exchanges.NOON);
			this.world.ledger.append((i == 4) ? Exchanges.withModel(entry, "gpt\0") : entry).subscribe();
		}

		MeteringWorld.await(() -> this.world.ledger.unwritten().isEmpty());
		assertThat(this.world.ledger.poisoned()).isEqualTo(1);
		assertThat(this.database.number("select count(*) from raw_entry where entry like '%gpt\\\\0%'")).isEqualTo(1);
		this.books.holdAtRest(9, 900_000);
	}

	@Test
	@Matrix(33)
	void whatWaitsHasABoundAndWhoeverRunsMayFinish() throws SQLException {
		Opening running = Exchanges.opening(this.terms);
		this.world.meter.open(running).block(MeteringWorld.PATIENCE);
		try (Connection connection = TestServers.postgres()
			.getDatabase("postgres", this.database.name())
			.getConnection(); Statement statement = connection.createStatement()) {
			connection.setAutoCommit(false);
			statement.execute("lock table account in access exclusive mode");
			for (int i = 0; i < ENTRIES; i++) {
				Entry entry = Exchanges.entry(this.terms, 1, Exchanges.NOON);
				this.world.ledger.append(Exchanges.withModel(entry, LONG_NAME)).subscribe();
			}

			StepVerifier.create(this.world.meter.open(Exchanges.opening(this.terms)))
				.expectErrorMatches((error) -> error instanceof MeteringUnavailable
						&& error.getMessage().contains("too many entries"))
				.verify(MeteringWorld.PATIENCE);
			this.world.meter.close(running, Exchanges.billed(100)).block(MeteringWorld.PATIENCE);
			connection.rollback();
		}

		this.books.holdAtRest(ENTRIES + 2, 200_000 + ENTRIES * 1000L);
	}

}
