package io.tallygate.sandbox.stripe;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a subscription begins. One that is billed by use owes nothing yet, so it is active
 * at once and asks for a card by a setup intent; one with an amount due is incomplete
 * until it is paid.
 */
final class NewSubscription {

	static final Allowed ALLOWED = Allowed.of("automatic_tax[**]", "billing_cycle_anchor", "billing_mode[**]",
			"cancel_at_period_end", "collection_method", "currency", "customer", "days_until_due",
			"default_payment_method", "description", "items[][price]", "items[][quantity]", "metadata[*]",
			"off_session", "payment_behavior", "payment_settings[**]", "proration_behavior", "trial_end",
			"trial_period_days");

	private static final int ITEMS_MAX = 20;

	private NewSubscription() {
	}

	static ObjectNode from(Call call) {
		Params params = call.params();
		String customerId = params.required("customer", 100);
		ObjectNode customer = call.named(CustomerResource.KIND, "customer", customerId, "customer");
		ObjectNode subscription = call.create(SubscriptionResource.KIND, "sub_");
		List<ObjectNode> prices = prices(call);
		Instant now = call.now();
		Instant trialEnd = trialEnd(call);
		String collection = params.choice("collection_method", "charge_automatically", "send_invoice");
		boolean isCharged = !"send_invoice".equals(collection);
		String paymentMethod = params.text("default_payment_method");
		if (paymentMethod == null) {
			paymentMethod = customer.path("invoice_settings").path("default_payment_method").stringValue(null);
		}
		boolean isCardMissing = isCharged && paymentMethod == null;
		boolean owes = isCharged && trialEnd == null && prices.stream().anyMatch(NewSubscription::isOwedAtOnce);

		subscription.putNull("application")
			.putObject("automatic_tax")
			.put("enabled", Boolean.TRUE.equals(params.child("automatic_tax").flag("enabled")));
		subscription.put("billing_cycle_anchor", anchor(params, now, trialEnd, prices.get(0)).getEpochSecond());
		subscription.putObject("billing_mode").put("type", "flexible");
		subscription.putNull("cancel_at")
			.put("cancel_at_period_end", Boolean.TRUE.equals(params.flag("cancel_at_period_end")))
			.putNull("canceled_at")
			.put("collection_method", isCharged ? "charge_automatically" : "send_invoice")
			.put("currency", Json.text(prices.get(0), "currency"))
			.put("customer", customerId)
			.put("days_until_due", params.whole("days_until_due"))
			.put("default_payment_method", params.text("default_payment_method"))
			.putNull("description")
			.putNull("ended_at");
		items(call, subscription, prices);
		subscription.putNull("latest_invoice").putObject("metadata");
		subscription.put("pending_setup_intent", (isCardMissing && !owes)
				? Json.text(call.save(SetupIntentResource.fresh(call, customerId)), "id") : null);
		subscription.set("payment_settings", params.child("payment_settings").copy());
		subscription.put(SubscriptionResource.BILLED_UNTIL, now.getEpochSecond());
		subscription.put("start_date", now.getEpochSecond())
			.put("status", status(params, trialEnd, owes, isCardMissing))
			.putNull("test_clock")
			.put("trial_end", (trialEnd != null) ? trialEnd.getEpochSecond() : null)
			.put("trial_start", (trialEnd != null) ? now.getEpochSecond() : null);
		call.mergeTexts(subscription, "description");
		call.mergeMetadata(subscription);
		return subscription;
	}

	private static String status(Params params, @Nullable Instant trialEnd, boolean owes, boolean isCardMissing) {
		String behavior = params.choice("payment_behavior", "allow_incomplete", "default_incomplete",
				"error_if_incomplete", "pending_if_incomplete");
		if (trialEnd != null) {
			return "trialing";
		}
		if (!owes || !isCardMissing) {
			return "active";
		}
		if ("default_incomplete".equals(behavior)) {
			return "incomplete";
		}
		throw StripeProblem.invalid("resource_missing", null,
				"This customer has no attached payment source or default payment method.");
	}

	/** The prices of the items, checked. */
	private static List<ObjectNode> prices(Call call) {
		List<Params> items = call.params().children("items");
		if (items.isEmpty()) {
			throw StripeProblem.invalid("parameter_missing", "items", "Missing required param: items.");
		}
		if (items.size() > ITEMS_MAX) {
			throw StripeProblem.invalid(null, "items", "A subscription has at most " + ITEMS_MAX + " items.");
		}
		List<ObjectNode> prices = items.stream().map((item) -> price(call, item)).toList();
		checkCurrency(call, prices);
		return prices;
	}

	/** A customer is billed in one currency for ever. */
	private static void checkCurrency(Call call, List<ObjectNode> prices) {
		ObjectNode customer = call.named(CustomerResource.KIND, "customer", call.params().required("customer", 100),
				"customer");
		String currency = Json.text(prices.get(0), "currency");
		String former = customer.path("currency").stringValue(currency);
		if (!former.equals(currency)) {
			throw StripeProblem.invalid(null, null,
					"You cannot combine currencies on a single customer. This customer has had a subscription, coupon,"
							+ " or invoice item with currency " + former);
		}
		if (customer.path("currency").isNull()) {
			call.save(customer.deepCopy().put("currency", currency));
		}
		if (prices.stream().map((price) -> Json.text(price, "currency")).distinct().count() > 1) {
			throw StripeProblem.invalid(null, "items", "All prices of a subscription must have the same currency.");
		}
	}

	/** The price of an item, if it can be subscribed to. */
	static ObjectNode price(Call call, Params item) {
		String id = item.required("price", 200);
		String param = item.name("price");
		ObjectNode price = call.named(PriceResource.KIND, "price", id, param);
		if (!price.path("active").asBoolean()) {
			throw StripeProblem.invalid(null, param,
					"The price specified is inactive. This field only accepts active prices.");
		}
		if (!price.path("recurring").isObject()) {
			throw StripeProblem.invalid(null, param, "The price specified is set to `type=one_time` but this field only"
					+ " accepts prices with `type=recurring`.");
		}
		boolean isMetered = Json.text(price.path("recurring"), "usage_type").equals("metered");
		if (isMetered && item.has("quantity")) {
			throw StripeProblem.invalid(null, item.name("quantity"),
					"Quantity should not be specified where usage_type is `metered`. Remove quantity from "
							+ item.name("quantity"));
		}
		return price;
	}

	private static boolean isOwedAtOnce(ObjectNode price) {
		return Json.text(price.path("recurring"), "usage_type").equals("licensed")
				&& !Json.text(price, "unit_amount_decimal").equals("0");
	}

	private static void items(Call call, ObjectNode subscription, List<ObjectNode> prices) {
		String id = Json.text(subscription, "id");
		ObjectNode list = subscription.putObject("items")
			.put("object", "list")
			.put("has_more", false)
			.put("url", "/v1/subscription_items?subscription=" + id);
		ArrayNode data = list.putArray("data");
		List<Params> given = call.params().children("items");
		for (int i = 0; i < prices.size(); i++) {
			ObjectNode item = data.addObject()
				.put("id", call.newId("si_"))
				.put("object", "subscription_item")
				.put("created", call.now().getEpochSecond())
				.put("price", Json.text(prices.get(i), "id"))
				.put("subscription", id);
			item.putObject("metadata");
			if (Json.text(prices.get(i).path("recurring"), "usage_type").equals("licensed")) {
				Long quantity = given.get(i).whole("quantity");
				item.put("quantity", (quantity != null) ? quantity : 1);
			}
		}
	}

	private static @Nullable Instant trialEnd(Call call) {
		Long days = call.params().whole("trial_period_days");
		Long end = call.params().whole("trial_end");
		if (days != null) {
			return call.now().plus(Duration.ofDays(days));
		}
		return (end != null) ? Instant.ofEpochSecond(end) : null;
	}

	private static Instant anchor(Params params, Instant now, @Nullable Instant trialEnd, ObjectNode price) {
		Long given = params.whole("billing_cycle_anchor");
		if (given == null) {
			return (trialEnd != null) ? trialEnd : now;
		}
		Instant anchor = Instant.ofEpochSecond(given);
		if (anchor.isBefore(now)) {
			throw StripeProblem.invalid("timestamp_too_old", "billing_cycle_anchor",
					"Invalid billing_cycle_anchor: must be in the future");
		}
		Instant natural = BillingPeriod
			.at(now, now, now, Json.text(price.path("recurring"), "interval"),
					price.path("recurring").path("interval_count").asLong(1))
			.end();
		if (anchor.isAfter(natural)) {
			throw StripeProblem.invalid(null, "billing_cycle_anchor",
					"billing_cycle_anchor cannot be later than next natural billing date (" + natural.getEpochSecond()
							+ ") for plan");
		}
		return anchor;
	}

}
