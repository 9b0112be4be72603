package io.tallygate.sandbox.stripe;

import java.util.List;

import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/products}. */
final class ProductResource {

	static final String KIND = "product";

	private static final String URL = "/v1/products";

	private static final Allowed CREATE = Allowed.of("id", "active", "description", "images[]", "metadata[*]", "name",
			"shippable", "statement_descriptor", "tax_code", "unit_label", "url");

	private static final Allowed UPDATE = Allowed.of("active", "default_price", "description", "images[]", "metadata",
			"metadata[*]", "name", "shippable", "statement_descriptor", "tax_code", "unit_label", "url");

	private static final Allowed LIST = Allowed.of("limit", "starting_after", "ending_before", "active", "ids[]",
			"created", "created[**]");

	List<Route> routes() {
		return List.of(new Route("POST", URL, "rak_product_write", CREATE, ProductResource::create),
				new Route("GET", URL, "rak_product_read", LIST, ProductResource::list),
				new Route("GET", URL + "/{id}", "rak_product_read", Allowed.of(), (call) -> call.subject(KIND, KIND)),
				new Route("POST", URL + "/{id}", "rak_product_write", UPDATE, ProductResource::update),
				new Route("DELETE", URL + "/{id}", "rak_product_write", Allowed.of(), ProductResource::delete));
	}

	private static ObjectNode create(Call call) {
		String name = call.params().required("name", 250);
		ObjectNode product = fresh(call, name);
		String chosen = call.params().text("id");
		if (chosen != null) {
			if (call.find(chosen) != null) {
				throw StripeProblem.invalid("resource_already_exists", "id", "Product already exists.");
			}
			product.put("id", chosen);
		}
		return call.emit("product.created", call.save(merge(call, product)));
	}

	/** A product of this name that nothing else is known of. */
	static ObjectNode fresh(Call call, String name) {
		ObjectNode product = call.create(KIND, "prod_")
			.put("active", true)
			.putNull("default_price")
			.putNull("description");
		product.putArray("images");
		product.putArray("marketing_features");
		product.putObject("metadata");
		return product.put("name", name)
			.putNull("package_dimensions")
			.putNull("shippable")
			.putNull("statement_descriptor")
			.putNull("tax_code")
			.put("type", "service")
			.putNull("unit_label")
			.put("updated", call.now().getEpochSecond())
			.putNull("url");
	}

	private static ObjectNode merge(Call call, ObjectNode product) {
		Params params = call.params();
		Boolean active = params.flag("active");
		if (active != null) {
			product.put("active", active);
		}
		Boolean shippable = params.flag("shippable");
		if (shippable != null) {
			product.put("shippable", shippable);
		}
		call.mergeTexts(product, "description", "statement_descriptor", "tax_code", "unit_label", "url");
		if (params.has("images")) {
			params.texts("images").forEach(product.putArray("images")::add);
		}
		call.mergeMetadata(product);
		return product.put("updated", call.now().getEpochSecond());
	}

	private static ObjectNode update(Call call) {
		ObjectNode product = call.subject(KIND, KIND);
		if (Account.isDeleted(product)) {
			throw StripeProblem.notFound(KIND, call.pathId());
		}
		if (call.params().has("name")) {
			product.put("name", call.params().required("name", 250));
		}
		String price = call.params().text("default_price");
		if (price != null) {
			call.named(PriceResource.KIND, "price", price, "default_price");
			product.put("default_price", price);
		}
		return call.emit("product.updated", call.save(merge(call, product)));
	}

	/** One with prices can only be archived. */
	private static ObjectNode delete(Call call) {
		ObjectNode product = call.subject(KIND, KIND);
		boolean hasPrices = call.account()
			.all(PriceResource.KIND)
			.stream()
			.anyMatch((price) -> Json.text(price, "product").equals(call.pathId()));
		if (Account.isDeleted(product)) {
			throw StripeProblem.notFound(KIND, call.pathId());
		}
		if (hasPrices) {
			throw StripeProblem.invalid(null, "id",
					"This product cannot be deleted because it has one or more user-created prices.");
		}
		call.emit("product.deleted", product);
		return call.save(Json.object().put("id", call.pathId()).put("object", KIND).put("deleted", true));
	}

	private static ObjectNode list(Call call) {
		Params params = call.params();
		List<String> ids = params.texts("ids");
		return Listing.page(call, URL,
				call.account()
					.all(KIND)
					.stream()
					.filter((product) -> Listing.matches(params, "active", product))
					.filter((product) -> ids.isEmpty() || ids.contains(Json.text(product, "id")))
					.filter((product) -> Listing.isCreatedWithin(params, product))
					.toList());
	}

}
