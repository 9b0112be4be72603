package io.tallygate.metering;

/**
 * What was used of a period, as PostgreSQL says.
 *
 * @param key by whom, of what, and in which period
 * @param quantity thousandths, all exchanges of the period added up
 * @param version raised by every transaction that adds to it
 */
record PeriodUsage(UsageKey key, long quantity, long version) {

	/** Nothing so far, for all that PostgreSQL has said. */
	static PeriodUsage nothingYet(UsageKey key) {
		return new PeriodUsage(key, 0, 0);
	}

}
