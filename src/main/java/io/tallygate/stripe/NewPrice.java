package io.tallygate.stripe;

import java.math.BigDecimal;

import org.jspecify.annotations.Nullable;

/**
 * A metered price that is to be made.
 *
 * @param productId of an existing product, or {@code null}
 * @param productName of a product that is made with it, or {@code null}
 * @param meterId whose usage it bills
 * @param currency lower case
 * @param unitAmount minor units for one unit or package, at most 12 decimals
 * @param packageSize how many units make a package; 1 makes none
 * @param roundsUp whether the last, incomplete package of a period is charged
 * @param interval "day", "week", "month" or "year"
 * @param taxBehavior "exclusive", "inclusive", "unspecified" or none
 */
public record NewPrice(@Nullable String productId, @Nullable String productName, String meterId, String currency,
		BigDecimal unitAmount, long packageSize, boolean roundsUp, String interval, @Nullable String taxBehavior) {

	public NewPrice {
		if ((productId == null) == (productName == null)) {
			throw new IllegalArgumentException("A price has a product's id or its name, not both");
		}
	}

}
