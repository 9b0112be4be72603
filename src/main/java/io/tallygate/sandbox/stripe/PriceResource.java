package io.tallygate.sandbox.stripe;

import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/prices}. */
final class PriceResource {

	static final String KIND = "price";

	private static final String URL = "/v1/prices";

	private static final Allowed CREATE = Allowed.of("active", "billing_scheme", "currency", "lookup_key",
			"metadata[*]", "nickname", "product", "product_data[name]", "product_data[unit_label]",
			"recurring[interval]", "recurring[interval_count]", "recurring[meter]", "recurring[usage_type]",
			"tax_behavior", "tiers[][up_to]", "tiers[][unit_amount]", "tiers[][unit_amount_decimal]",
			"tiers[][flat_amount]", "tiers[][flat_amount_decimal]", "tiers_mode", "transfer_lookup_key",
			"transform_quantity[divide_by]", "transform_quantity[round]", "unit_amount", "unit_amount_decimal");

	private static final Allowed UPDATE = Allowed.of("active", "lookup_key", "metadata", "metadata[*]", "nickname",
			"tax_behavior", "transfer_lookup_key");

	private static final Allowed LIST = Allowed.of("limit", "starting_after", "ending_before", "active", "created",
			"created[**]", "currency", "lookup_keys[]", "product", "recurring[interval]", "recurring[meter]",
			"recurring[usage_type]", "type");

	List<Route> routes() {
		return List.of(new Route("POST", URL, "rak_plan_write", CREATE, PriceResource::create),
				new Route("GET", URL, "rak_plan_read", LIST, PriceResource::list),
				new Route("GET", URL + "/{id}", "rak_plan_read", Allowed.of(),
						(call) -> render(call, call.subject(KIND, KIND))),
				new Route("POST", URL + "/{id}", "rak_plan_write", UPDATE, PriceResource::update));
	}

	private static ObjectNode create(Call call) {
		Params params = call.params();
		String currency = params.required("currency", 3);
		if (!currency.matches("[a-z]{3}")) {
			throw StripeProblem.invalid(null, "currency",
					"Invalid currency: " + currency + ". A currency is three lower-case letters, such as usd.");
		}
		Boolean active = params.flag("active");
		ObjectNode price = call.create(KIND, "price_")
			.put("active", active == null || active)
			.put("currency", currency)
			.putNull("custom_unit_amount")
			.putNull("lookup_key");
		price.putObject("metadata");
		price.putNull("nickname").put("product", product(call));
		PriceTerms.apply(call, price);
		return call.emit("price.created", render(call, call.save(merge(call, price))));
	}

	private static String product(Call call) {
		Params params = call.params();
		String id = params.text("product");
		if (id != null && params.has("product_data")) {
			throw StripeProblem.invalid(null, "product",
					"You may only specify one of these parameters: product, product_data.");
		}
		if (id != null) {
			call.named(ProductResource.KIND, "product", id, "product");
			return id;
		}
		if (!params.has("product_data")) {
			throw StripeProblem.invalid("parameter_missing", "product", "Missing required param: product.");
		}
		Params data = params.child("product_data");
		ObjectNode product = ProductResource.fresh(call, data.required("name", 250))
			.put("unit_label", data.text("unit_label"));
		return Json.text(call.emit("product.created", call.save(product)), "id");
	}

	private static ObjectNode merge(Call call, ObjectNode price) {
		Params params = call.params();
		call.mergeTexts(price, "nickname");
		if (params.has("lookup_key")) {
			price.put("lookup_key", lookupKey(call, Json.text(price, "id")));
		}
		String taxBehavior = params.choice("tax_behavior", "exclusive", "inclusive", "unspecified");
		if (taxBehavior != null) {
			String before = price.path("tax_behavior").stringValue("unspecified");
			if (!before.equals("unspecified") && !before.equals(taxBehavior)) {
				throw StripeProblem.invalid(null, "tax_behavior",
						"The tax_behavior of a price cannot be changed once it is set to exclusive or inclusive.");
			}
		}
		price.put("tax_behavior",
				(taxBehavior != null) ? taxBehavior : price.path("tax_behavior").stringValue("unspecified"));
		call.mergeMetadata(price);
		return price;
	}

	/** The key, taken away from the price that had it if the caller says so. */
	private static @Nullable String lookupKey(Call call, String priceId) {
		String key = call.params().text("lookup_key");
		if (key == null) {
			return null;
		}
		boolean isTransferred = Boolean.TRUE.equals(call.params().flag("transfer_lookup_key"));
		for (ObjectNode other : call.account().all(KIND)) {
			if (Json.text(other, "lookup_key").equals(key) && !Json.text(other, "id").equals(priceId)) {
				if (!isTransferred) {
					throw StripeProblem.invalid(null, "lookup_key", "A price (`" + Json.text(other, "id")
							+ "`) already uses that lookup key. To transfer it, set transfer_lookup_key to true.");
				}
				call.save(other.deepCopy().putNull("lookup_key"));
			}
		}
		return key;
	}

	private static ObjectNode update(Call call) {
		ObjectNode price = call.subject(KIND, KIND);
		Boolean active = call.params().flag("active");
		if (active != null) {
			price.put("active", active);
		}
		return call.emit("price.updated", render(call, call.save(merge(call, price))));
	}

	private static ObjectNode list(Call call) {
		Params params = call.params();
		Params recurring = params.child("recurring");
		List<String> lookupKeys = params.texts("lookup_keys");
		return Listing.page(call, URL,
				call.account()
					.all(KIND)
					.stream()
					.filter((price) -> List.of("active", "currency", "product", "type")
						.stream()
						.allMatch((field) -> Listing.matches(params, field, price)))
					.filter((price) -> List.of("interval", "meter", "usage_type")
						.stream()
						.allMatch((field) -> Listing.matches(recurring, field, price.path("recurring"))))
					.filter((price) -> lookupKeys.isEmpty() || lookupKeys.contains(Json.text(price, "lookup_key")))
					.filter((price) -> Listing.isCreatedWithin(params, price))
					.map((price) -> render(call, price))
					.toList());
	}

	/** A price as it is shown: its tiers only to who asks for them. */
	static ObjectNode render(Call call, JsonNode price) {
		ObjectNode shown = (ObjectNode) price.deepCopy();
		List<String> expand = call.params().texts("expand");
		if (!expand.contains("tiers") && !expand.contains("data.tiers")) {
			shown.remove("tiers");
		}
		else if (!shown.has("tiers")) {
			shown.putNull("tiers");
		}
		return shown;
	}

}
