package io.tallygate.billing;

import java.math.BigDecimal;
import java.util.Currency;
import java.util.Locale;

/**
 * An amount as Stripe keeps it, to be read by people.
 *
 * @param minor minor units, with decimals where each unit costs less
 * @param currency lower case
 */
record Money(BigDecimal minor, String currency) {

	private static final int DIGITS_DEFAULT = 2;

	/** The amount in major units, with all its decimals: "0.04 USD". */
	String text() {
		int digits = digits();
		BigDecimal major = this.minor.movePointLeft(digits).stripTrailingZeros();
		return major.setScale(Math.max(digits, major.scale())).toPlainString() + " "
				+ this.currency.toUpperCase(Locale.ROOT);
	}

	private int digits() {
		try {
			int digits = Currency.getInstance(this.currency.toUpperCase(Locale.ROOT)).getDefaultFractionDigits();
			return (digits >= 0) ? digits : DIGITS_DEFAULT;
		}
		catch (IllegalArgumentException ex) {
			// A currency of Stripe's that this JVM does not know.
			return DIGITS_DEFAULT;
		}
	}

}
