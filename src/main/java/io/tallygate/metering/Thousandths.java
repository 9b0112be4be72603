package io.tallygate.metering;

import java.math.BigDecimal;

/** Quantities as people read them: inside they are thousandths, outside decimals. */
final class Thousandths {

	private static final int DECIMALS = 3;

	private Thousandths() {
	}

	/** The same quantity with as few decimals as it needs, three at most. */
	static BigDecimal decimal(long thousandths) {
		return shortest(BigDecimal.valueOf(thousandths, DECIMALS));
	}

	/** Two of them together. */
	static BigDecimal sum(BigDecimal one, BigDecimal other) {
		return shortest(one.add(other));
	}

	private static BigDecimal shortest(BigDecimal quantity) {
		BigDecimal stripped = quantity.stripTrailingZeros();
		return (stripped.scale() < 0) ? stripped.setScale(0) : stripped;
	}

}
