package io.tallygate.metering;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;

import io.tallygate.client.Terms;
import io.tallygate.fault.Matrix;
import io.tallygate.support.OwnRedis;
import io.tallygate.support.TestServers;
import io.tallygate.support.Wait;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import static org.assertj.core.api.Assertions.assertThat;

/**
 * What Redis had lost is written down before it is told what is right, over a real one of
 * each.
 */
class GenerationBookIntegrationTests {

	private static final String NEWEST = " from counter_generation order by generation desc limit 1";

	private final TestServers.TestDatabase database = TestServers.database();

	private final OwnRedis redis = new OwnRedis();

	private final Terms terms = Exchanges.terms(1000);

	private MeteringWorld world;

	@BeforeEach
	void anExchangeIsWritten() {
		Exchanges.register(this.database, this.terms);
		this.world = new MeteringWorld(this.redis.url(), this.database.system(), Duration.ofSeconds(2)).connected();
		this.world.exchange(this.terms, 700);
		MeteringWorld.await(() -> this.world.ledger.unwritten().isEmpty()
				&& "700000".equals(this.redis.commands().sync().hget(key(), "base")));
	}

	@AfterEach
	void stop() {
		this.world.close();
		this.redis.close();
	}

	@Test
	@Matrix({ 23, 25 })
	void aRedisThatFellBackToAnOlderCopyIsHeldAgainstTheLedgerFirst() {
		this.redis.commands().sync().hset(key(), "base", "600000");
		this.redis.commands().sync().hset(key(), "ver", "0");

		startsAgain(2);

		JsonNode differences = new JsonMapper().readTree(text("differences"));
		assertThat(differences).hasSize(1);
		assertThat(differences.get(0).path("account").asString()).isEqualTo(this.terms.client() + ":1");
		assertThat(differences.get(0).path("difference").asLong()).isEqualTo(-100_000);
		assertThat(differences.get(0).path("redis_version").asLong()).isZero();
		assertThat(differences.get(0).path("ledger").asLong()).isEqualTo(700_000);
		assertThat(text("reason")).contains("1 differ from the ledger, by 100000 thousandths");
		assertThat(text("run_id")).isEqualTo(runId());
	}

	@Test
	@Matrix(23)
	void aRedisThatLostNothingDiffersInNothing() {
		startsAgain(2);

		assertThat(text("differences")).isEqualTo("[]");
		assertThat(text("reason")).contains("of 1 accounts it does not know 0, and 0 differ");
	}

	@Test
	@Matrix(24)
	void ofARedisThatForgotEverythingItIsSaidHowManyAccountsItDoesNotKnow() {
		this.redis.commands().sync().flushall();
		this.world.exchange(this.terms, 100);

		MeteringWorld.await(() -> rows() == 2);

		assertThat(text("differences")).isEqualTo("[]");
		assertThat(text("reason")).contains("holds no counters", "of 1 accounts it does not know 1");
	}

	@Test
	@Matrix(77)
	void aPostgresThatDoesNotAnswerKeepsNoGenerationFromBeginning() throws Exception {
		try (Connection connection = TestServers.postgres()
			.getDatabase("postgres", this.database.name())
			.getConnection(); Statement statement = connection.createStatement()) {
			connection.setAutoCommit(false);
			statement.execute("lock table account, counter_generation in access exclusive mode");

			this.redis.kill();
			MeteringWorld.await(this.world.totals::isAway);
			this.redis.start();
			this.world.connected();

			connection.rollback();
		}
		assertThat(rows()).isEqualTo(1);
	}

	@Test
	void aBeginningThatFailsAgainAndAgainIsWrittenDownOnce() {
		this.redis.kill();
		MeteringWorld.await(this.world.totals::isAway);
		this.redis.start();
		this.redis.commands().sync().replicaof("127.0.0.1", 1);
		MeteringWorld.await(() -> rows() > 1);
		Wait.pause(2500);
		this.redis.commands().sync().replicaofNoOne();
		this.world.connected();

		assertThat(rows()).isLessThan(6);
	}

	private void startsAgain(int rows) {
		this.redis.kill();
		this.redis.start();
		MeteringWorld.await(() -> rows() == rows);
		this.world.connected();
	}

	private long rows() {
		return this.database.number("select count(*) from counter_generation");
	}

	private String text(String column) {
		return this.database.system()
			.client()
			.sql("select " + column + NEWEST)
			.mapValue(String.class)
			.one()
			.block(MeteringWorld.PATIENCE);
	}

	private String runId() {
		return this.redis.commands()
			.sync()
			.info("server")
			.lines()
			.filter((line) -> line.startsWith("run_id:"))
			.map((line) -> line.substring(7).strip())
			.findFirst()
			.orElseThrow();
	}

	private String key() {
		return MeteringBooks.account(this.terms);
	}

}
