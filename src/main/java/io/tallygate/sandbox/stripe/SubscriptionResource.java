package io.tallygate.sandbox.stripe;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/subscriptions}. What is kept is the anchor; the period of each item is
 * worked out when it is read.
 */
final class SubscriptionResource {

	static final String KIND = "subscription";

	/** Up to when invoices were made; ours, never shown. */
	static final String BILLED_UNTIL = "sandbox_billed_until";

	private static final String URL = "/v1/subscriptions";

	private static final String READ = "rak_subscription_read";

	private static final String WRITE = "rak_subscription_write";

	private static final Allowed UPDATE = Allowed.of("metadata", "metadata[*]", "description", "cancel_at_period_end",
			"default_payment_method");

	private static final Allowed LIST = Allowed.of("limit", "starting_after", "ending_before", "customer", "price",
			"status", "created", "created[**]", "collection_method");

	private static final Allowed CANCEL = Allowed.of("invoice_now", "prorate", "cancellation_details[**]");

	List<Route> routes() {
		return List.of(new Route("POST", URL, WRITE, NewSubscription.ALLOWED, SubscriptionResource::create),
				new Route("GET", URL, READ, LIST, SubscriptionResource::list),
				new Route("GET", URL + "/{id}", READ, Allowed.of(), (call) -> render(call, call.subject(KIND, KIND))),
				new Route("POST", URL + "/{id}", WRITE, UPDATE, SubscriptionResource::update),
				new Route("DELETE", URL + "/{id}", WRITE, CANCEL, SubscriptionResource::cancel));
	}

	private static ObjectNode create(Call call) {
		ObjectNode made = render(call, call.save(NewSubscription.from(call)));
		return call.emit("customer.subscription.created", made);
	}

	private static ObjectNode update(Call call) {
		ObjectNode subscription = call.subject(KIND, KIND);
		if (isOver(subscription)) {
			throw StripeProblem.invalid(null, null,
					"A canceled subscription can only update its cancellation_details and metadata.");
		}
		Boolean atPeriodEnd = call.params().flag("cancel_at_period_end");
		if (atPeriodEnd != null) {
			subscription.put("cancel_at_period_end", atPeriodEnd);
		}
		call.mergeTexts(subscription, "description", "default_payment_method");
		call.mergeMetadata(subscription);
		return changed(call, subscription);
	}

	private static ObjectNode cancel(Call call) {
		ObjectNode subscription = call.subject(KIND, KIND);
		if (isOver(subscription)) {
			throw StripeProblem.notFound(KIND, call.pathId());
		}
		return render(call, end(call, subscription));
	}

	/** Ends the subscription now. */
	static ObjectNode end(Call call, ObjectNode subscription) {
		long now = call.now().getEpochSecond();
		call.save(subscription.put("status", "canceled").put("canceled_at", now).put("ended_at", now));
		call.emit("customer.subscription.deleted", render(call, subscription));
		return subscription;
	}

	/** Saves a subscription that has changed, tells of it, and shows it. */
	static ObjectNode changed(Call call, ObjectNode subscription) {
		return call.emit("customer.subscription.updated", render(call, call.save(subscription)));
	}

	/**
	 * Brings the end of the period that runs forward to the next second, from which
	 * periods are counted anew. Usage of this second still belongs to it.
	 */
	static ObjectNode endPeriod(Call call, ObjectNode subscription) {
		if (!List.of("active", "past_due").contains(Json.text(subscription, "status"))) {
			throw new IllegalStateException("No period runs of a subscription that is "
					+ Json.text(subscription, "status") + ": " + Json.text(subscription, "id"));
		}
		return changed(call, subscription.put("billing_cycle_anchor", call.now().getEpochSecond() + 1));
	}

	/** Up to when invoices were made: the beginning of the period that runs. */
	static Instant billedUntil(JsonNode subscription) {
		return Instant.ofEpochSecond(subscription.path(BILLED_UNTIL).asLong());
	}

	static boolean isOver(JsonNode subscription) {
		return Json.text(subscription, "status").equals("canceled");
	}

	private static ObjectNode list(Call call) {
		Params params = call.params();
		String status = params.choice("status", "active", "all", "canceled", "ended", "incomplete",
				"incomplete_expired", "past_due", "paused", "trialing", "unpaid");
		String price = params.text("price");
		return Listing.page(call, URL,
				call.account()
					.all(KIND)
					.stream()
					.filter((subscription) -> hasStatus(subscription, status))
					.filter((subscription) -> Listing.matches(params, "customer", subscription))
					.filter((subscription) -> Listing.matches(params, "collection_method", subscription))
					.filter((subscription) -> price == null || hasPrice(subscription, price))
					.filter((subscription) -> Listing.isCreatedWithin(params, subscription))
					.map((subscription) -> render(call, subscription))
					.toList());
	}

	/** Who names no status gets all that are not canceled. */
	private static boolean hasStatus(JsonNode subscription, @Nullable String wanted) {
		if (wanted == null) {
			return !isOver(subscription);
		}
		return wanted.equals("all") || wanted.equals(Json.text(subscription, "status"))
				|| (wanted.equals("ended") && isOver(subscription));
	}

	private static boolean hasPrice(JsonNode subscription, String price) {
		return subscription.path("items")
			.path("data")
			.valueStream()
			.anyMatch((item) -> Json.text(item, "price").equals(price));
	}

	/** A subscription as it is shown: its items with their prices and current periods. */
	static ObjectNode render(Call call, JsonNode kept) {
		ObjectNode subscription = (ObjectNode) kept.deepCopy();
		subscription.remove(BILLED_UNTIL);
		Instant anchor = Instant.ofEpochSecond(subscription.path("billing_cycle_anchor").asLong());
		Instant at = isOver(subscription) ? Instant.ofEpochSecond(subscription.path("ended_at").asLong()) : call.now();
		for (JsonNode element : subscription.path("items").path("data")) {
			ObjectNode item = (ObjectNode) element;
			ObjectNode price = call.named(PriceResource.KIND, "price", Json.text(item, "price"), "price");
			BillingPeriod period = BillingPeriod.at(at, billedUntil(kept), anchor,
					Json.text(price.path("recurring"), "interval"),
					price.path("recurring").path("interval_count").asLong(1));
			item.put("current_period_start", period.start().getEpochSecond())
				.put("current_period_end", period.end().getEpochSecond())
				.set("price", PriceResource.render(call, price));
		}
		return subscription;
	}

}
