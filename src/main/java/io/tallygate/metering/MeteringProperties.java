package io.tallygate.metering;

import java.time.Duration;
import java.util.Locale;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How exchanges are counted.
 *
 * @param closeDurability when an exchange counts as closed, and its answer's last byte is
 * shown: {@code redis} when Redis has it, {@code ledger} when PostgreSQL has committed it
 * @param openWaitMax how long an admission waits for Redis before PostgreSQL marks the
 * exchange instead; one of a client with limits waits until Redis counts as away
 * @param closeWaitMax how long the end of an answer waits for its count in all, then it
 * fails
 * @param redisAnswerMax how long a call to Redis may go without an answer before Redis
 * counts as away
 * @param openCredit exchanges that a client without a cap may open on this replica while
 * Redis is away
 * @param ledgerPause how long entries collect for PostgreSQL after each batch while
 * nobody waits for it: not with {@code ledger} as what makes an exchange closed, nor
 * while Redis is away
 * @param unwrittenMax entries held in memory for PostgreSQL; more and no new exchange is
 * admitted
 * @param unwrittenBytesMax bytes that they may hold
 * @param lease how long an instance that stopped renewing counts as alive
 * @param sweepInterval how often what the dead left is looked for
 * @param markGrace how old a mark of our own must be before it is struck because nothing
 * here holds it
 * @param epochCloseInterval how often epochs that were superseded are looked at
 * @param drainMax how long a stop waits for entries to reach PostgreSQL
 */
@ConfigurationProperties("tallygate.metering")
record MeteringProperties(@DefaultValue("redis") CloseDurability closeDurability,
		@DefaultValue("100ms") Duration openWaitMax, @DefaultValue("2s") Duration closeWaitMax,
		@DefaultValue("500ms") Duration redisAnswerMax, @DefaultValue("1000") int openCredit,
		@DefaultValue("200ms") Duration ledgerPause, @DefaultValue("1000000") int unwrittenMax,
		@DefaultValue("268435456") long unwrittenBytesMax, @DefaultValue("20s") Duration lease,
		@DefaultValue("10s") Duration sweepInterval, @DefaultValue("60s") Duration markGrace,
		@DefaultValue("10s") Duration epochCloseInterval, @DefaultValue("20s") Duration drainMax) {

	MeteringProperties {
		if (ledgerPause.isNegative() || ledgerPause.compareTo(closeWaitMax) >= 0) {
			throw new IllegalArgumentException("tallygate.metering.ledger-pause must be at least 0 and less than "
					+ "the close-wait-max of " + closeWaitMax + " but was " + ledgerPause);
		}
	}

	/** How long the ledger's writer may collect. */
	Duration collecting() {
		return (this.closeDurability == CloseDurability.LEDGER) ? Duration.ZERO : this.ledgerPause;
	}

	/** What must have an entry before the client sees the end of its answer. */
	enum CloseDurability {

		REDIS, LEDGER;

		@Override
		public String toString() {
			return name().toLowerCase(Locale.ROOT);
		}

	}

}
