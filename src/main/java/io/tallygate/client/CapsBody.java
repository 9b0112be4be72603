package io.tallygate.client;

import java.math.BigDecimal;

import io.tallygate.core.Faults;
import org.jspecify.annotations.Nullable;

/**
 * Caps as the admin API writes them: quantities with up to three decimals, of which an
 * absent one is none.
 *
 * @param softQuantity at which the client is marked
 * @param hardQuantity at which its requests are refused
 */
record CapsBody(@Nullable BigDecimal softQuantity, @Nullable BigDecimal hardQuantity) {

	private static final int DECIMALS = 3;

	private static final BigDecimal MAX = BigDecimal.valueOf(Limits.CAP_MAX);

	/** The caps among these limits, {@code null} where there are none. */
	static @Nullable CapsBody of(Limits limits) {
		return (limits.softQuantity() != null || limits.hardQuantity() != null)
				? new CapsBody(number(limits.softQuantity()), number(limits.hardQuantity())) : null;
	}

	/** The soft cap in thousandths, none where it is at fault. */
	@Nullable Long soft(Faults faults) {
		if (this.softQuantity != null && this.hardQuantity != null
				&& this.softQuantity.compareTo(this.hardQuantity) > 0) {
			faults.add("/caps/soft_quantity", "caps.soft_quantity must not be more than caps.hard_quantity ("
					+ abbreviated(this.hardQuantity) + ") but was " + abbreviated(this.softQuantity));
			return null;
		}
		return thousandths("soft_quantity", this.softQuantity, faults);
	}

	/** The hard cap in thousandths, none where it is at fault. */
	@Nullable Long hard(Faults faults) {
		return thousandths("hard_quantity", this.hardQuantity, faults);
	}

	private static @Nullable Long thousandths(String name, @Nullable BigDecimal quantity, Faults faults) {
		if (quantity == null) {
			return null;
		}
		boolean holds = quantity.signum() > 0 && quantity.compareTo(MAX) <= 0
				&& quantity.stripTrailingZeros().scale() <= DECIMALS;
		faults.unless(holds, "/caps/" + name, "caps." + name + " must be more than 0 and at most " + MAX
				+ ", with at most 3 decimals, but was " + abbreviated(quantity));
		return holds ? quantity.movePointRight(DECIMALS).longValueExact() : null;
	}

	/** A number of a thousand digits is told by its beginning. */
	private static String abbreviated(BigDecimal quantity) {
		String text = quantity.toString();
		return (text.length() <= 40) ? text : text.substring(0, 40) + "…";
	}

	private static @Nullable BigDecimal number(@Nullable Long thousandths) {
		return (thousandths != null) ? quantity(thousandths) : null;
	}

	/** A quantity as people read it, with as few decimals as it needs. */
	static BigDecimal quantity(long thousandths) {
		BigDecimal exact = BigDecimal.valueOf(thousandths, DECIMALS).stripTrailingZeros();
		return (exact.scale() < 0) ? exact.setScale(0) : exact;
	}

}
