package io.tallygate.metering;

import io.tallygate.client.Terms;
import io.tallygate.support.OwnRedis;
import io.tallygate.support.TestServers.TestDatabase;

import static org.assertj.core.api.Assertions.assertThat;

/** What both stores say of one client, when everything is well again. */
final class MeteringBooks {

	private final MeteringWorld world;

	private final OwnRedis redis;

	private final TestDatabase database;

	private final Terms terms;

	MeteringBooks(MeteringWorld world, OwnRedis redis, TestDatabase database, Terms terms) {
		this.world = world;
		this.redis = redis;
		this.database = database;
		this.terms = terms;
	}

	/** At rest: the ledger has so many lines and so much, and Redis says the same. */
	void holdAtRest(int exchanges, long total) {
		MeteringWorld.await(() -> this.world.ledger.unwritten().isEmpty());
		assertThat(this.database.number("select count(*) from ledger")).isEqualTo(exchanges);
		assertThat(this.database.number("select total from account")).isEqualTo(total);
		assertThat(this.database.number("select crossed from account"))
			.isEqualTo(total / this.terms.policy().divisor());
		this.world.becomeSteady();
		MeteringWorld.await(() -> {
			this.world.presence.renew().block(MeteringWorld.PATIENCE);
			this.world.sweeper.sweep().onErrorComplete().block(MeteringWorld.PATIENCE);
			return !this.world.totals.isAway() && nothingIsLeftInRedis();
		});
		assertThat(this.database.number("select count(*) from ledger")).isEqualTo(exchanges);
		assertThat(inRedis("base")).isIn(null, Long.toString(total));
		this.world.exchange(this.terms, 5);
		MeteringWorld.await(() -> Long.toString(total + 5000).equals(inRedis("base")) && "0".equals(inRedis("pend")));
	}

	private boolean nothingIsLeftInRedis() {
		String pending = inRedis("pend");
		return this.world.counters.pending().collectList().block(MeteringWorld.PATIENCE).isEmpty()
				&& this.world.counters.marks().collectList().block(MeteringWorld.PATIENCE).isEmpty()
				&& (pending == null || pending.equals("0"));
	}

	/** Of the account; Redis learns it again with the first exchange after it lost it. */
	private String inRedis(String field) {
		return this.redis.commands().sync().hget(account(this.terms), field);
	}

	/** The key of a client's account. */
	static String account(Terms terms) {
		AccountKey key = new AccountKey(terms.client(), 1);
		return "tg:{" + RedisCounters.tag(key) + "}:acc:" + key.text();
	}

}
