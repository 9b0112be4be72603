package io.tallygate.metering;

/**
 * What a client has used in one epoch, and how much of it was cut into meter events.
 *
 * @param key whose
 * @param divisor thousandths that complete a unit
 * @param total thousandths, all ledger lines of the account added up
 * @param crossed units completed: floor(total / divisor)
 * @param cut units that were cut into meter events, never more than crossed
 * @param version raised by every fold and every cut
 */
record Account(AccountKey key, long divisor, long total, long crossed, long cut, long version) {

	/** The account with {@code quantity} more in it; its version is left to the fold. */
	Account plus(long quantity) {
		long after = Math.addExact(this.total, quantity);
		return new Account(this.key, this.divisor, after, this.crossed + unitsCompleted(quantity), this.cut,
				this.version);
	}

	/**
	 * The units that {@code quantity} more would complete: floor(after / divisor) -
	 * floor(before / divisor).
	 */
	long unitsCompleted(long quantity) {
		return Math.floorDiv(Math.addExact(this.total, quantity), this.divisor)
				- Math.floorDiv(this.total, this.divisor);
	}

	Account raised() {
		return new Account(this.key, this.divisor, this.total, this.crossed, this.cut, this.version + 1);
	}

	boolean hasUnitsDue() {
		return this.crossed > this.cut;
	}

}
