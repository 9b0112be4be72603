package io.tallygate.sandbox.stripe;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code /v1/invoices}: those of subscriptions, and a preview of the next one. */
final class InvoiceResource {

	private static final String URL = "/v1/invoices";

	private static final String READ = "rak_invoice_read";

	private static final String WRITE = "rak_invoice_write";

	private static final Allowed PREVIEW = Allowed.of("customer", "subscription", "preview_mode", "currency",
			"automatic_tax[**]");

	private static final Allowed LIST = Allowed.of("limit", "starting_after", "ending_before", "customer",
			"subscription", "status", "created", "created[**]", "collection_method");

	private static final Allowed PAGE = Allowed.of("limit", "starting_after", "ending_before");

	private final Invoices invoices;

	private final Biller biller;

	InvoiceResource(Invoices invoices, Biller biller) {
		this.invoices = invoices;
		this.biller = biller;
	}

	List<Route> routes() {
		return List.of(new Route("POST", URL + "/create_preview", READ, PREVIEW, this::preview),
				new Route("GET", URL, READ, LIST, InvoiceResource::list),
				new Route("GET", URL + "/{id}", READ, Allowed.of(), InvoiceResource::invoice),
				new Route("GET", URL + "/{id}/lines", READ, PAGE, InvoiceResource::lines),
				new Route("POST", URL + "/{id}/finalize", WRITE, Allowed.of("auto_advance"), this::finish),
				new Route("POST", URL + "/{id}/pay", WRITE, Allowed.of("payment_method", "off_session"), this::pay),
				new Route("POST", URL + "/{id}/void", WRITE, Allowed.of(), InvoiceResource::cancel));
	}

	/** What the period that runs would cost if it ended now. It is not kept. */
	private ObjectNode preview(Call call) {
		Params params = call.params();
		params.choice("preview_mode", "next", "recurring");
		ObjectNode subscription = subscription(call);
		if (SubscriptionResource.isOver(subscription)) {
			throw StripeProblem.invalid("invoice_upcoming_none", "subscription",
					"No upcoming invoices for subscription: " + Json.text(subscription, "id"));
		}
		BillingPeriod period = Invoices.period(call, subscription, call.now());
		return this.invoices.draft(call, subscription, period, call.newId("upcoming_in_"), "upcoming");
	}

	private static ObjectNode subscription(Call call) {
		Params params = call.params();
		String id = params.text("subscription");
		String customer = params.text("customer");
		if (customer != null) {
			call.named(CustomerResource.KIND, "customer", customer, "customer");
		}
		if (id != null) {
			ObjectNode named = call.named(SubscriptionResource.KIND, "subscription", id, "subscription");
			if (customer != null && !Json.text(named, "customer").equals(customer)) {
				throw StripeProblem.invalid(null, "subscription",
						"The subscription " + id + " does not belong to the customer " + customer + ".");
			}
			return named;
		}
		if (customer == null) {
			throw StripeProblem.invalid("parameter_missing", "customer",
					"You must provide a customer or a subscription to preview an invoice.");
		}
		return call.account()
			.all(SubscriptionResource.KIND)
			.stream()
			.filter((each) -> Json.text(each, "customer").equals(customer) && !SubscriptionResource.isOver(each))
			.findFirst()
			.orElseThrow(() -> StripeProblem.invalid("invoice_upcoming_none", "customer",
					"No upcoming invoices for customer: " + customer));
	}

	private static ObjectNode invoice(Call call) {
		return call.subject(Invoices.KIND, "invoice");
	}

	private static ObjectNode list(Call call) {
		Params params = call.params();
		params.choice("status", "draft", "open", "paid", "uncollectible", "void");
		String subscription = params.text("subscription");
		return Listing.page(call, URL,
				call.account()
					.all(Invoices.KIND)
					.stream()
					.filter((invoice) -> List.of("customer", "status", "collection_method")
						.stream()
						.allMatch((field) -> Listing.matches(params, field, invoice)))
					.filter((invoice) -> subscription == null || subscription.equals(subscriptionOf(invoice)))
					.filter((invoice) -> Listing.isCreatedWithin(params, invoice))
					.toList());
	}

	static String subscriptionOf(JsonNode invoice) {
		return Json.text(invoice.path("parent").path("subscription_details"), "subscription");
	}

	private static ObjectNode lines(Call call) {
		List<ObjectNode> lines = new ArrayList<>();
		invoice(call).path("lines").path("data").forEach((line) -> lines.add((ObjectNode) line));
		return Listing.page(call, URL + "/" + call.pathId() + "/lines", lines);
	}

	private ObjectNode finish(Call call) {
		ObjectNode invoice = invoice(call);
		if (!Json.text(invoice, "status").equals("draft")) {
			throw StripeProblem.invalid("invoice_not_editable", null,
					"This invoice is already finalized, you can't re-finalize a non-draft invoice.");
		}
		return this.biller.finish(call, invoice);
	}

	private ObjectNode pay(Call call) {
		ObjectNode invoice = invoice(call);
		if (!Json.text(invoice, "status").equals("open")) {
			throw StripeProblem.invalid(null, null, "Invoice is already " + Json.text(invoice, "status"));
		}
		String method = call.params().text("payment_method");
		return (method != null)
				? this.biller.charge(call, invoice, PaymentMethods.named(call, method, "payment_method"))
				: this.biller.charge(call, invoice, this.biller.methodOf(call, invoice));
	}

	private static ObjectNode cancel(Call call) {
		ObjectNode invoice = invoice(call);
		if (!List.of("open", "uncollectible").contains(Json.text(invoice, "status"))) {
			throw StripeProblem.invalid(null, null, "You can only pass in open invoices. This invoice isn't open.");
		}
		Objects.requireNonNull((ObjectNode) invoice.get("status_transitions"))
			.put("voided_at", call.now().getEpochSecond());
		return call.emit("invoice.voided", call.save(invoice.put("status", "void").put("amount_remaining", 0)));
	}

}
