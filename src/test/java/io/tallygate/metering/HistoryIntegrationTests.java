package io.tallygate.metering;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

import io.tallygate.client.Terms;
import io.tallygate.fault.Matrix;
import io.tallygate.metering.Witness.Remembered;
import io.tallygate.support.OwnRedis;
import io.tallygate.support.TestServers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** That PostgreSQL has lost commits is noticed, and what Redis keeps is offered again. */
class HistoryIntegrationTests {

	private static final String LOSE_THE_LAST_COMMIT = "update progress set version = version - 1";

	private final TestServers.TestDatabase database = TestServers.database();

	private final OwnRedis redis = new OwnRedis();

	private final Terms terms = Exchanges.terms(1000);

	private MeteringWorld world;

	@BeforeEach
	void anExchangeIsWritten() {
		Exchanges.register(this.database, this.terms);
		this.world = world();
		write(700);
	}

	@AfterEach
	void stop() {
		this.world.close();
		this.redis.close();
	}

	@Test
	void redisRemembersHowFarPostgresHasCome() {
		write(300);

		Map<String, Long> remembered = remembered();
		assertThat(remembered).isEqualTo(own()).hasSize(1);
		assertThat(number("select max(version) from progress")).isEqualTo(remembered.values().iterator().next());
		doubt(this.world);
		assertThat(rollbacks()).isZero();
	}

	@Test
	@Matrix(36)
	void aLossIsFoundAndTheWriterGoesOn() {
		long version = number("select max(version) from account");
		this.database.execute(LOSE_THE_LAST_COMMIT);

		doubt(this.world);

		assertThat(rollbacks()).isEqualTo(1);
		assertThat(number("select max(version) from account")).isGreaterThan(version + 1_000_000);
		write(300);
		assertThat(number("select total from account")).isEqualTo(1_000_000);
		assertThat(rollbacks()).isEqualTo(1);
	}

	@Test
	void aCommitUponALossFailsAndIsDoneAgainWhenItIsWrittenDown() {
		this.database.execute(LOSE_THE_LAST_COMMIT);

		write(300);

		assertThat(rollbacks()).isEqualTo(1);
		assertThat(number("select total from account")).isEqualTo(1_000_000);
	}

	@Test
	@Matrix(36)
	void whoStartsAfterwardsFindsTheLossOfOthers() {
		Set<String> dead = this.world.witness.own().keySet();
		this.world.close();
		this.database.execute(LOSE_THE_LAST_COMMIT);

		this.world = world();
		doubt(this.world);

		assertThat(rollbacks()).isEqualTo(1);
		assertThat(number("select count(*) from rollback where lost like '%" + dead.iterator().next() + "%'"))
			.isEqualTo(1);
	}

	@Test
	void anotherLossReopensTheOneThatIsBeingMended() {
		this.database.execute(LOSE_THE_LAST_COMMIT);
		doubt(this.world);
		this.world.history.restore().block(MeteringWorld.PATIENCE);
		assertThat(number("select count(*) from rollback where entries_restored_at is not null")).isEqualTo(1);

		write(300);
		this.database.execute(LOSE_THE_LAST_COMMIT);
		doubt(this.world);

		assertThat(rollbacks()).isEqualTo(1);
		assertThat(number("select count(*) from rollback where entries_restored_at is null")).isEqualTo(1);
	}

	@Test
	@Matrix(36)
	void whatRedisKeepsIsOfferedAgainAndCountedOnce() {
		this.world.exchange(this.terms, 300);
		MeteringWorld.await(() -> this.world.ledger.unwritten().isEmpty());
		loseTheNewestLine();
		doubt(this.world);

		this.world.history.restore().block(MeteringWorld.PATIENCE);

		assertThat(number("select count(*) from ledger")).isEqualTo(2);
		assertThat(number("select total from account")).isEqualTo(1_000_000);
		assertThat(number("select entries_restored from rollback")).isEqualTo(2);
		this.world.history.restore().block(MeteringWorld.PATIENCE);
		assertThat(number("select entries_restored from rollback")).isEqualTo(2);
	}

	@Test
	void anIdleWriterStaysKnownAndOneThatEndedLongAgoDoesNot() {
		this.world.counters.remember(Map.of("wri_ended", new Remembered(9, Instant.EPOCH)))
			.block(MeteringWorld.PATIENCE);
		this.database.execute("insert into progress (writer, version) values ('wri_ended', 9)");
		this.database.execute("update progress set at = at - interval '41 days'");

		this.world.history.tidy().block(MeteringWorld.PATIENCE);

		assertThat(remembered()).isEqualTo(own());
		assertThat(number("select count(*) from progress where at > now() - interval '1 hour'")).isEqualTo(1);
		assertThat(number("select count(*) from progress")).isEqualTo(1);
	}

	private MeteringWorld world() {
		return new MeteringWorld(this.redis.url(), this.database.system(), Duration.ofSeconds(2)).connected();
	}

	/** An exchange whose entry is in PostgreSQL, and Redis knows it. */
	private void write(long tokens) {
		this.world.exchange(this.terms, tokens);
		MeteringWorld.await(() -> this.world.ledger.unwritten().isEmpty()
				&& this.world.counters.pending().collectList().block(MeteringWorld.PATIENCE).isEmpty()
				&& remembered().equals(own()));
	}

	private void doubt(MeteringWorld doubting) {
		doubting.history.doubt();
		assertThat(doubting.history.isCertain()).isFalse();
		assertThat(doubting.history.becomesCertain().block(MeteringWorld.PATIENCE)).isTrue();
	}

	/** As if its commit had never been. */
	private void loseTheNewestLine() {
		MeteringWorld.await(() -> this.world.counters.pending().collectList().block(MeteringWorld.PATIENCE).isEmpty());
		this.database.execute("""
				set session_replication_role = replica;
				delete from ledger where id = (select max(id) from ledger);
				update account set total = 700000, crossed = 0, version = version - 1;
				delete from bucket;
				""" + LOSE_THE_LAST_COMMIT);
	}

	private Map<String, Long> remembered() {
		return versions(this.world.counters.remembered().block(MeteringWorld.PATIENCE));
	}

	private Map<String, Long> own() {
		return versions(this.world.witness.own());
	}

	private static Map<String, Long> versions(Map<String, Remembered> writers) {
		return writers.entrySet()
			.stream()
			.collect(Collectors.toMap(Map.Entry::getKey, (writer) -> writer.getValue().version()));
	}

	private long rollbacks() {
		return number("select count(*) from rollback");
	}

	private long number(String sql) {
		return this.database.number(sql);
	}

}
