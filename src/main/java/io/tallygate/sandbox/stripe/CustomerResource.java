package io.tallygate.sandbox.stripe;

import java.util.List;
import java.util.Locale;

import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/customers}. */
final class CustomerResource {

	static final String KIND = "customer";

	private static final String URL = "/v1/customers";

	private static final int TEXT_LENGTH_MAX = 512;

	private static final Allowed FIELDS = Allowed.of("address", "address[**]", "description", "email",
			"invoice_settings[**]", "metadata", "metadata[*]", "name", "phone", "preferred_locales[]", "shipping",
			"shipping[**]", "tax_exempt");

	private static final Allowed LIST = Allowed.of("limit", "starting_after", "ending_before", "email", "created",
			"created[**]");

	private static final Allowed SEARCH = Allowed.of("query", "limit", "page");

	List<Route> routes() {
		return List.of(new Route("POST", URL, "rak_customer_write", FIELDS, CustomerResource::create),
				new Route("GET", URL, "rak_customer_read", LIST, CustomerResource::list),
				new Route("GET", URL + "/search", "rak_customer_read", SEARCH, CustomerResource::search),
				new Route("GET", URL + "/{id}", "rak_customer_read", Allowed.of(), CustomerResource::retrieve),
				new Route("POST", URL + "/{id}", "rak_customer_write", FIELDS, CustomerResource::update),
				new Route("DELETE", URL + "/{id}", "rak_customer_write", Allowed.of(), CustomerResource::delete));
	}

	static ObjectNode create(Call call) {
		ObjectNode customer = call.create(KIND, "cus_")
			.put("balance", 0)
			.putNull("address")
			.putNull("currency")
			.putNull("default_source")
			.put("delinquent", false)
			.putNull("discount");
		customer.put("invoice_prefix", call.newId("").substring(18).toUpperCase(Locale.ROOT));
		customer.putObject("invoice_settings")
			.putNull("custom_fields")
			.putNull("default_payment_method")
			.putNull("footer")
			.putNull("rendering_options");
		customer.putObject("metadata");
		customer.put("next_invoice_sequence", 1).putArray("preferred_locales");
		customer.putNull("shipping").put("tax_exempt", "none").putNull("test_clock");
		return call.emit("customer.created", call.save(merge(call, customer)));
	}

	private static ObjectNode merge(Call call, ObjectNode customer) {
		Params params = call.params();
		for (String name : List.of("name", "email", "description", "phone")) {
			if (params.text(name, "").length() > TEXT_LENGTH_MAX) {
				throw StripeProblem.invalid(null, name,
						"Invalid string: " + name + " must be at most " + TEXT_LENGTH_MAX + " characters");
			}
		}
		String email = params.text("email");
		if (email != null && !email.matches("[^@\\s]+@[^@\\s]+")) {
			throw StripeProblem.invalid("email_invalid", "email", "Invalid email address: " + email);
		}
		call.mergeTexts(customer, "name", "email", "description", "phone");
		for (String part : List.of("address", "shipping")) {
			if (params.has(part)) {
				ObjectNode given = params.child(part).copy();
				customer.set(part, given.isEmpty() ? null : given);
			}
		}
		customer.withObjectProperty("invoice_settings").setAll(params.child("invoice_settings").copy());
		String exempt = params.choice("tax_exempt", "none", "exempt", "reverse");
		if (exempt != null) {
			customer.put("tax_exempt", exempt);
		}
		if (params.has("preferred_locales")) {
			params.texts("preferred_locales").forEach(customer.putArray("preferred_locales")::add);
		}
		call.mergeMetadata(customer);
		return customer;
	}

	private static ObjectNode retrieve(Call call) {
		return call.subject(KIND, KIND);
	}

	private static ObjectNode update(Call call) {
		return call.emit("customer.updated", call.save(merge(call, living(call))));
	}

	/** Deletes the customer, which ends its subscriptions as well. */
	private static ObjectNode delete(Call call) {
		ObjectNode customer = living(call);
		for (ObjectNode subscription : call.account().all(SubscriptionResource.KIND)) {
			if (Json.text(subscription, "customer").equals(call.pathId())) {
				SubscriptionResource.end(call, subscription.deepCopy());
			}
		}
		call.emit("customer.deleted", customer);
		return call.save(Json.object().put("id", Json.text(customer, "id")).put("object", KIND).put("deleted", true));
	}

	private static ObjectNode living(Call call) {
		ObjectNode customer = call.subject(KIND, KIND);
		if (Account.isDeleted(customer)) {
			throw StripeProblem.notFound(KIND, call.pathId());
		}
		return customer;
	}

	private static ObjectNode list(Call call) {
		return Listing.page(call, URL,
				call.account()
					.all(KIND)
					.stream()
					.filter((customer) -> Listing.matches(call.params(), "email", customer))
					.filter((customer) -> Listing.isCreatedWithin(call.params(), customer))
					.toList());
	}

	private static ObjectNode search(Call call) {
		SearchQuery query = SearchQuery.parse(call.params().required("query", 1_000));
		List<ObjectNode> found = call.account().all(KIND).stream().filter(query::matches).toList();
		int from = SearchQuery.offset(call.params().text("page"));
		int to = Math.min(found.size(), from + Listing.limit(call.params()));
		boolean hasMore = to < found.size();
		ObjectNode result = Json.object()
			.put("object", "search_result")
			.put("url", URL + "/search")
			.put("has_more", hasMore)
			.put("next_page", hasMore ? Integer.toString(to) : null);
		result.putArray("data").addAll(found.subList(Math.min(from, to), to));
		return result;
	}

}
