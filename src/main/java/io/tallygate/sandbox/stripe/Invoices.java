package io.tallygate.sandbox.stripe;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Works out what a subscription's period costs, from what was used in it. A draft is
 * worked out again until it is finalised, because usage may arrive late.
 */
final class Invoices {

	static final String KIND = "invoice";

	private final Aggregation aggregation;

	Invoices(Aggregation aggregation) {
		this.aggregation = aggregation;
	}

	/** A draft for this period of a subscription. */
	ObjectNode draft(Call call, ObjectNode subscription, BillingPeriod period, String id, String reason) {
		ObjectNode customer = Objects.requireNonNull(call.find(Json.text(subscription, "customer")),
				"a subscription has a customer");
		ObjectNode invoice = Json.object()
			.put("id", id)
			.put("object", KIND)
			.put("account_country", "US")
			.put("amount_paid", 0)
			.put("attempt_count", 0)
			.put("attempted", false)
			.put("auto_advance", true)
			.put("billing_reason", reason)
			.put("collection_method", Json.text(subscription, "collection_method"))
			.put("created", call.now().getEpochSecond())
			.put("currency", Json.text(subscription, "currency"))
			.put("customer", Json.text(customer, "id"))
			.put("customer_email", customer.path("email").stringValue(null))
			.put("customer_name", customer.path("name").stringValue(null))
			.putNull("default_payment_method")
			.putNull("description");
		invoice.set("automatic_tax", subscription.path("automatic_tax").deepCopy());
		invoice.putArray("discounts");
		invoice.put("livemode", false).putObject("metadata");
		invoice.putNull("next_payment_attempt").putNull("number");
		ObjectNode parent = invoice.putObject("parent")
			.putNull("quote_details")
			.put("type", "subscription_details")
			.putObject("subscription_details");
		parent.put("subscription", Json.text(subscription, "id")).set("metadata", subscription.path("metadata"));
		invoice.put("period_start", period.start().getEpochSecond())
			.put("period_end", period.end().getEpochSecond())
			.put("starting_balance", customer.path("balance").asLong())
			.put("status", "draft");
		invoice.putObject("status_transitions").putNull("finalized_at").putNull("paid_at").putNull("voided_at");
		invoice.putArray("total_discount_amounts");
		invoice.putArray("total_taxes");
		return workOut(call, invoice, subscription, period);
	}

	/** Sets lines and sums by what is known now. */
	ObjectNode workOut(Call call, ObjectNode invoice, ObjectNode subscription, BillingPeriod period) {
		ObjectNode lines = invoice.putObject("lines")
			.put("object", "list")
			.put("has_more", false)
			.put("url", "/v1/invoices/" + Json.text(invoice, "id") + "/lines");
		ArrayNode data = lines.putArray("data");
		for (JsonNode item : subscription.path("items").path("data")) {
			lines(call, invoice, item, period, data);
		}
		long total = data.valueStream().mapToLong((line) -> line.path("amount").asLong()).sum();
		long due = Math.max(0, total + invoice.path("starting_balance").asLong());
		return invoice.put("subtotal", total)
			.put("subtotal_excluding_tax", total)
			.put("total", total)
			.put("total_excluding_tax", total)
			.put("amount_due", due)
			.put("amount_remaining", due);
	}

	private void lines(Call call, ObjectNode invoice, JsonNode item, BillingPeriod period, ArrayNode data) {
		ObjectNode price = call.named(PriceResource.KIND, "price", Json.text(item, "price"), "price");
		ObjectNode product = Objects.requireNonNull(call.find(Json.text(price, "product")), "a price has a product");
		boolean isMetered = Json.text(price.path("recurring"), "usage_type").equals("metered");
		long quantity = isMetered ? used(call, invoice, price, period) : item.path("quantity").asLong(1);
		for (Charges.Line line : Charges.of(price, quantity)) {
			ObjectNode written = data.addObject()
				.put("id", "il_" + Json.text(item, "id").substring(3) + "_" + data.size())
				.put("object", "line_item")
				.put("amount", line.amount())
				.put("currency", Json.text(price, "currency"))
				.put("description", description(line, quantity, product, price));
			written.putArray("discount_amounts");
			written.put("discountable", true).putArray("discounts");
			written.put("invoice", Json.text(invoice, "id")).put("livemode", false).putObject("metadata");
			ObjectNode parent = written.putObject("parent")
				.putNull("invoice_item_details")
				.put("type", "subscription_item_details");
			parent.putObject("subscription_item_details")
				.putNull("invoice_item")
				.put("proration", false)
				.put("subscription", Json.text(item, "subscription"))
				.put("subscription_item", Json.text(item, "id"));
			written.putObject("period")
				.put("start", period.start().getEpochSecond())
				.put("end", period.end().getEpochSecond());
			BigDecimal unitAmount = line.unitAmount();
			ObjectNode pricing = written.putObject("pricing")
				.put("type", "price_details")
				.put("unit_amount_decimal", (unitAmount != null) ? unitAmount.toPlainString() : null);
			pricing.putObject("price_details")
				.put("price", Json.text(price, "id"))
				.put("product", Json.text(product, "id"));
			// Of packages Stripe shows what was used, not how many packages it makes.
			long shown = price.path("transform_quantity").isObject() ? quantity : line.quantity();
			written.put("quantity", shown).put("quantity_decimal", Long.toString(shown));
			written.put("subtotal", line.amount()).putArray("taxes");
		}
	}

	private long used(Call call, ObjectNode invoice, ObjectNode price, BillingPeriod period) {
		ObjectNode meter = call.named(MeterResource.KIND, "meter", Json.text(price.path("recurring"), "meter"),
				"meter");
		return this.aggregation.total(call.account(), meter, Json.text(invoice, "customer"), period.start(),
				period.end(), call.now());
	}

	private static String description(Charges.Line line, long quantity, JsonNode product, JsonNode price) {
		String name = Json.text(product, "name") + (line.note().isEmpty() ? "" : " (" + line.note() + ")");
		BigDecimal unitAmount = line.unitAmount();
		if (unitAmount == null) {
			return name;
		}
		JsonNode transform = price.path("transform_quantity");
		String per = transform.isObject() ? " per " + transform.path("divide_by").asLong() : "";
		long shown = transform.isObject() ? quantity : line.quantity();
		return shown + " × " + name + " (at " + Json.text(price, "currency").toUpperCase(Locale.ROOT) + " "
				+ unitAmount.divide(BigDecimal.valueOf(100), unitAmount.scale() + 2, RoundingMode.UNNECESSARY)
					.stripTrailingZeros()
					.toPlainString()
				+ per + " / " + Json.text(price.path("recurring"), "interval") + ")";
	}

	/** The period of a subscription, by its first item, that contains this time. */
	static BillingPeriod period(Call call, JsonNode subscription, Instant at) {
		JsonNode item = subscription.path("items").path("data").path(0);
		ObjectNode price = call.named(PriceResource.KIND, "price", Json.text(item, "price"), "price");
		return BillingPeriod.at(at, SubscriptionResource.billedUntil(subscription),
				Instant.ofEpochSecond(subscription.path("billing_cycle_anchor").asLong()),
				Json.text(price.path("recurring"), "interval"),
				price.path("recurring").path("interval_count").asLong(1));
	}

}
