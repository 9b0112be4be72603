package io.tallygate.sandbox.stripe;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a quantity costs at a price: packages are counted once on the whole quantity, and
 * each line is rounded to a whole minor unit, halves up.
 */
final class Charges {

	private Charges() {
	}

	/**
	 * One line of an invoice.
	 *
	 * @param quantity units, or packages of them
	 * @param unitAmount minor units for each, none for a flat fee
	 * @param amount minor units
	 * @param note which tier it is, empty where there are none
	 */
	record Line(long quantity, @Nullable BigDecimal unitAmount, long amount, String note) {

		static Line of(long quantity, BigDecimal unitAmount, String note) {
			return new Line(quantity, unitAmount, rounded(unitAmount.multiply(BigDecimal.valueOf(quantity))), note);
		}

		static Line flat(BigDecimal amount, String note) {
			return new Line(1, null, rounded(amount), note);
		}

	}

	/** The lines of a quantity at this price; a negative quantity counts as none. */
	static List<Line> of(JsonNode price, long quantity) {
		long billed = Math.max(0, quantity);
		if (Json.text(price, "billing_scheme").equals("tiered")) {
			return Json.text(price, "tiers_mode").equals("volume") ? volume(price.path("tiers"), billed)
					: graduated(price.path("tiers"), billed);
		}
		return List.of(Line.of(packages(price.path("transform_quantity"), billed), amount(price, "unit_amount"), ""));
	}

	private static long packages(JsonNode transform, long quantity) {
		if (!transform.isObject()) {
			return quantity;
		}
		long size = transform.path("divide_by").asLong();
		boolean isRoundedUp = Json.text(transform, "round").equals("up");
		return quantity / size + ((isRoundedUp && quantity % size > 0) ? 1 : 0);
	}

	/** All units at the amount of the tier that the quantity falls into. */
	private static List<Line> volume(JsonNode tiers, long quantity) {
		for (JsonNode tier : tiers) {
			if (tier.path("up_to").isNull() || quantity <= tier.path("up_to").asLong()) {
				return tier(tier, quantity, "");
			}
		}
		return List.of();
	}

	/** Each unit at the amount of the tier that it falls into. */
	private static List<Line> graduated(JsonNode tiers, long quantity) {
		List<Line> lines = new ArrayList<>();
		long below = 0;
		int number = 0;
		for (JsonNode tier : tiers) {
			number++;
			long upTo = tier.path("up_to").isNull() ? Long.MAX_VALUE : tier.path("up_to").asLong();
			long within = Math.min(quantity, upTo) - below;
			if (within > 0 || number == 1) {
				lines.addAll(tier(tier, Math.max(0, within), "tier " + number));
			}
			below = upTo;
			if (below >= quantity) {
				break;
			}
		}
		return lines;
	}

	private static List<Line> tier(JsonNode tier, long quantity, String note) {
		List<Line> lines = new ArrayList<>();
		if (!tier.path("unit_amount_decimal").isNull()) {
			lines.add(Line.of(quantity, amount(tier, "unit_amount"), note));
		}
		if (quantity > 0 && !tier.path("flat_amount_decimal").isNull()) {
			lines.add(Line.flat(amount(tier, "flat_amount"), (note + " flat fee").strip()));
		}
		return lines;
	}

	private static BigDecimal amount(JsonNode node, String name) {
		return new BigDecimal(Json.text(node, name + "_decimal"));
	}

	private static long rounded(BigDecimal amount) {
		return amount.setScale(0, RoundingMode.HALF_UP).longValueExact();
	}

}
