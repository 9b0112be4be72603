package io.tallygate.metering;

/**
 * What an epoch that ended does with the part of a unit that is left in its account.
 *
 * @param kind the ledger line's kind
 * @param old what the ended epoch's account gets, in thousandths; 0 for nothing
 * @param next what the next epoch's account gets, in thousandths; 0 for nothing
 */
record Remainder(Kind kind, long old, long next) {

	/** How a remainder is shown in the ledger. */
	enum Kind {

		/** There was none. */
		NONE,
		/** It goes on in the next epoch. */
		CARRY,
		/** It completes one more unit. */
		ROUND_UP,
		/** It is not charged. */
		DROP

	}

	/**
	 * Decides for {@code account}.
	 * @param isCarried whether charge by, divisor and weights are the next epoch's too
	 * @param isRounded whether the client's policy rounds up; never a second time for one
	 * epoch
	 */
	static Remainder of(Account account, boolean isCarried, boolean isRounded) {
		long left = Math.floorMod(account.total(), account.divisor());
		if (left == 0) {
			return new Remainder(Kind.NONE, 0, 0);
		}
		if (isCarried) {
			return new Remainder(Kind.CARRY, -left, left);
		}
		return isRounded ? new Remainder(Kind.ROUND_UP, account.divisor() - left, 0)
				: new Remainder(Kind.DROP, -left, 0);
	}

}
