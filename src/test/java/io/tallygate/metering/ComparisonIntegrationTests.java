package io.tallygate.metering;

import java.time.Duration;
import java.util.stream.IntStream;

import io.tallygate.client.Terms;
import io.tallygate.core.Metric;
import io.tallygate.support.OwnRedis;
import io.tallygate.support.TestServers;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;

/** Redis is held against the ledger, over a real one of each. */
class ComparisonIntegrationTests {

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
				&& this.world.counters.pending().collectList().block(MeteringWorld.PATIENCE).isEmpty());
	}

	@AfterEach
	void stop() {
		this.world.close();
		this.redis.close();
	}

	@Test
	void whatAgreesIsNoDrift() {
		compare();

		assertThat(drift()).isZero();
		assertThat(behind()).isZero();
	}

	@Test
	void aBaseThatDiffersIsToldAndSetRight() {
		this.redis.commands().sync().hset(key(), "base", "600000");

		compare();

		assertThat(drift()).isEqualTo(100_000);
		assertThat(this.redis.commands().sync().hget(key(), "base")).isEqualTo("700000");
		compare();
		assertThat(drift()).isZero();
	}

	@Test
	void aBaseThatWasNeverToldOfACommitCatchesUp() {
		this.database.execute("update account set total = total + 50000, version = version + 1");

		compare();

		assertThat(behind()).isEqualTo(1);
		assertThat(drift()).isZero();
		assertThat(this.redis.commands().sync().hget(key(), "base")).isEqualTo("750000");
	}

	@Test
	void allAccountsHaveTheirTurnAlsoWhereTheyAreMoreThanARoundTakes() {
		this.database.execute("insert into account (client_id, epoch, agency_id, divisor)"
				+ " select 'cli_' || lpad(n::text, 26, '0'), 1, 'agy_x', 1000 from generate_series(1, 10500) n");
		this.redis.commands().sync().hset(key(), "base", "600000");

		IntStream.range(0, 2).forEach((round) -> compare());

		assertThat(this.redis.commands().sync().hget(key(), "base")).isEqualTo("700000");
		assertThat(drift()).isEqualTo(100_000);
	}

	private void compare() {
		this.world.comparison.round().block(MeteringWorld.PATIENCE);
	}

	private String key() {
		return this.redis.commands().sync().keys("tg:*:acc:*").get(0);
	}

	private double drift() {
		return this.world.meters.get(Metric.DRIFT.key()).gauge().value();
	}

	private double behind() {
		return this.world.meters.get(Metric.BASES_BEHIND.key()).counter().count();
	}

}
