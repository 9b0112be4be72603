package io.tallygate.sandbox.stripe;

import java.math.BigDecimal;
import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/** What a price costs, and the rules of which terms go together. */
final class PriceTerms {

	private PriceTerms() {
	}

	/** Reads the terms of a new price from the call and writes them into it. */
	static void apply(Call call, ObjectNode price) {
		Params params = call.params();
		String scheme = params.choice("billing_scheme", "per_unit", "tiered");
		boolean isTiered = (scheme != null) ? scheme.equals("tiered") : params.has("tiers");
		price.put("billing_scheme", isTiered ? "tiered" : "per_unit");
		recurring(call, price);
		transform(params, price, isTiered);
		if (isTiered) {
			price.put("tiers_mode", tiersMode(params)).putNull("unit_amount").putNull("unit_amount_decimal");
			tiers(params, price);
			return;
		}
		if (params.has("tiers") || params.has("tiers_mode")) {
			throw StripeProblem.invalid(null, "tiers", "Tiers need billing_scheme=tiered.");
		}
		price.putNull("tiers_mode");
		amount(params, "unit_amount", price);
		if (price.path("unit_amount_decimal").isNull()) {
			throw StripeProblem.invalid("parameter_missing", "unit_amount", "Missing required param: unit_amount.");
		}
	}

	private static void recurring(Call call, ObjectNode price) {
		Params recurring = call.params().child("recurring");
		if (!call.params().has("recurring")) {
			price.putNull("recurring").put("type", "one_time");
			return;
		}
		recurring.required("interval", 10);
		String usageType = recurring.choice("usage_type", "licensed", "metered");
		boolean isMetered = "metered".equals(usageType);
		String meterId = recurring.text("meter");
		if (isMetered != (meterId != null)) {
			throw StripeProblem.invalid(isMetered ? "parameter_missing" : null, "recurring[meter]",
					isMetered ? "A metered price must be backed by a meter: recurring[meter] is required."
							: "recurring[meter] can only be set when recurring[usage_type] is metered.");
		}
		if (meterId != null) {
			ObjectNode meter = call.named(MeterResource.KIND, "meter", meterId, "recurring[meter]");
			if (!Json.text(meter, "status").equals("active")) {
				throw StripeProblem.invalid(null, "recurring[meter]",
						"The meter '" + meterId + "' is inactive and cannot be attached to a price.");
			}
		}
		Long count = recurring.whole("interval_count");
		if (count != null && (count < 1 || count > 36)) {
			throw StripeProblem.invalid(null, "recurring[interval_count]",
					"Invalid recurring[interval_count]: must be at least 1 and at most three years");
		}
		price.put("type", "recurring")
			.putObject("recurring")
			.put("interval", recurring.choice("interval", "day", "week", "month", "year"))
			.put("interval_count", (count != null) ? count : 1)
			.put("meter", meterId)
			.putNull("trial_period_days")
			.put("usage_type", isMetered ? "metered" : "licensed");
	}

	private static void transform(Params params, ObjectNode price, boolean isTiered) {
		if (!params.has("transform_quantity")) {
			price.putNull("transform_quantity");
			return;
		}
		if (isTiered) {
			throw StripeProblem.invalid(null, "transform_quantity",
					"transform_quantity cannot be combined with tiers.");
		}
		Params transform = params.child("transform_quantity");
		transform.required("divide_by", 19);
		transform.required("round", 10);
		Long divideBy = transform.whole("divide_by");
		if (divideBy == null || divideBy < 1) {
			throw StripeProblem.invalid("parameter_invalid_integer", "transform_quantity[divide_by]",
					"Invalid transform_quantity[divide_by]: must be at least 1");
		}
		price.putObject("transform_quantity")
			.put("divide_by", divideBy)
			.put("round", transform.choice("round", "down", "up"));
	}

	private static @Nullable String tiersMode(Params params) {
		params.required("tiers_mode", 10);
		return params.choice("tiers_mode", "graduated", "volume");
	}

	private static void tiers(Params params, ObjectNode price) {
		List<Params> tiers = params.children("tiers");
		if (tiers.isEmpty() || !"inf".equals(tiers.get(tiers.size() - 1).text("up_to"))) {
			throw StripeProblem.invalid(null, "tiers", "The last tier must have up_to=inf.");
		}
		if (params.has("unit_amount") || params.has("unit_amount_decimal")) {
			throw StripeProblem.invalid(null, "unit_amount", "A tiered price has its amounts in its tiers.");
		}
		long below = 0;
		for (Params tier : tiers) {
			ObjectNode written = price.withArrayProperty("tiers").addObject();
			amount(tier, "flat_amount", written);
			amount(tier, "unit_amount", written);
			if (written.path("flat_amount_decimal").isNull() && written.path("unit_amount_decimal").isNull()) {
				throw StripeProblem.invalid(null, tier.name("unit_amount"), "Each tier needs an amount.");
			}
			if (tier == tiers.get(tiers.size() - 1)) {
				written.putNull("up_to");
				return;
			}
			Long upTo = tier.whole("up_to");
			if (upTo == null || upTo <= below) {
				throw StripeProblem.invalid(null, tier.name("up_to"), "The tiers' up_to must rise.");
			}
			below = upTo;
			written.put("up_to", upTo);
		}
	}

	/** Writes an amount of minor units, whole and as a decimal, given either way. */
	private static void amount(Params params, String name, ObjectNode target) {
		Long whole = params.whole(name);
		BigDecimal decimal = params.decimal(name + "_decimal");
		if (whole != null && decimal != null) {
			throw StripeProblem.invalid(null, params.name(name),
					"You may only specify one of these parameters: " + name + ", " + name + "_decimal.");
		}
		BigDecimal amount = (whole != null) ? BigDecimal.valueOf(whole) : decimal;
		if (amount == null) {
			target.putNull(name).putNull(name + "_decimal");
			return;
		}
		if (amount.signum() < 0) {
			throw StripeProblem.invalid("parameter_invalid_integer", params.name(name), "Invalid non-negative integer");
		}
		BigDecimal stripped = amount.stripTrailingZeros();
		if (stripped.scale() <= 0) {
			target.put(name, amount.longValue());
		}
		else {
			target.putNull(name);
		}
		target.put(name + "_decimal", stripped.toPlainString());
	}

}
