package io.tallygate.sandbox.stripe;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

import io.tallygate.core.Ids;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The pages that Stripe hosts, for a browser: checkout, the billing portal, and one that
 * stands for an agency's own page with a setup intent. Who knows the id in the address
 * may use the page, as at Stripe; a button stands for typing a card.
 */
final class Pages {

	/** Where setup intents are confirmed, by their id. */
	private static final String SETUP = "/setup/";

	private static final String STYLE = "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;"
			+ "padding:0 1rem}button{font:inherit;padding:.5rem 1rem;margin:.25rem .5rem .25rem 0}"
			+ "small{color:#666}";

	private final Accounts accounts;

	private final Recorder recorder;

	private final Ids ids;

	Pages(Accounts accounts, Recorder recorder, Ids ids) {
		this.accounts = accounts;
		this.recorder = recorder;
		this.ids = ids;
	}

	static boolean isOne(String path) {
		return path.startsWith(CheckoutSessionResource.PAGES) || path.startsWith(BillingPortalResource.PAGES)
				|| path.startsWith(SETUP);
	}

	private static String kind(String path) {
		if (path.startsWith(SETUP)) {
			return SetupIntentResource.KIND;
		}
		return path.startsWith(CheckoutSessionResource.PAGES) ? CheckoutSessionResource.KIND
				: BillingPortalResource.KIND;
	}

	Outcome<Answer> handle(HttpCall http, Instant now) {
		String id = http.path().substring(http.path().lastIndexOf('/') + 1);
		Account account = this.accounts.all().stream().filter((each) -> each.find(id) != null).findFirst().orElse(null);
		ObjectNode subject = (account != null) ? account.find(kind(http.path()), id) : null;
		if (account == null || subject == null) {
			return Outcome.unchanged(page(404, "Not found", "<p>There is no such page, or it has expired.</p>"));
		}
		if (!http.method().equals("POST")) {
			return Outcome.unchanged(shown(account, subject, ""));
		}
		Call call = new Call(account, Params.parse(http.body()), List.of(id), now, this.ids, null, "");
		return pressed(call, subject);
	}

	private Outcome<Answer> pressed(Call call, ObjectNode subject) {
		String card = call.params().text("card", "pm_card_visa");
		Answer answer;
		try {
			answer = switch (Json.text(subject, "object")) {
				case CheckoutSessionResource.KIND -> {
					CheckoutSessionResource.complete(call, card);
					yield seeOther(Json.text(subject, "success_url")
						.replace("{CHECKOUT_SESSION_ID}", Json.text(subject, "id")));
				}
				case SetupIntentResource.KIND -> {
					SetupIntentResource.confirm(call, card);
					yield seeOther(SETUP + Json.text(subject, "id"));
				}
				default -> {
					BillingPortalResource.addCard(call, Json.text(subject, "customer"), card);
					yield seeOther(BillingPortalResource.PAGES + Json.text(subject, "id"));
				}
			};
		}
		catch (StripeProblem ex) {
			return Outcome.unchanged(shown(call.account(), subject, String.valueOf(ex.getMessage())));
		}
		this.recorder.record(call, "", null);
		call.changes().forEach(call.account()::apply);
		return new Outcome<>(answer, Recorder.line(call));
	}

	private static Answer shown(Account account, ObjectNode subject, String trouble) {
		String message = trouble.isEmpty() ? "" : "<p role=\"alert\"><strong>" + escaped(trouble) + "</strong></p>";
		return switch (Json.text(subject, "object")) {
			case CheckoutSessionResource.KIND -> checkout(account, subject, message);
			case SetupIntentResource.KIND -> setup(subject, message);
			default -> portal(account, subject, message);
		};
	}

	private static Answer checkout(Account account, ObjectNode session, String message) {
		if (!Json.text(session, "status").equals("open")) {
			return page(200, "Checkout", "<p>This session is " + escaped(Json.text(session, "status")) + ".</p>");
		}
		String cancel = session.path("cancel_url").stringValue("");
		boolean subscribes = Json.text(session, "mode").equals("subscription");
		return page(200, subscribes ? "Subscribe" : "Save a card",
				message + (subscribes ? prices(account, session) : "") + cards(subscribes ? "Subscribe" : "Save")
						+ (cancel.isEmpty() ? "" : "<p><a href=\"" + escaped(cancel) + "\">Back</a></p>"));
	}

	private static String prices(Account account, ObjectNode session) {
		StringBuilder list = new StringBuilder("<ul>");
		Params.parse(Json.text(session, "sandbox_form")).children("items").forEach((item) -> {
			ObjectNode price = account.find(item.text("price", ""));
			ObjectNode product = (price != null) ? account.find(Json.text(price, "product")) : null;
			if (price != null && product != null) {
				list.append("<li>").append(escaped(Json.text(product, "name"))).append(": ").append(terms(price));
			}
		});
		return list.append("</ul>").toString();
	}

	private static String terms(JsonNode price) {
		String amount = price.path("unit_amount_decimal").stringValue(null);
		JsonNode packages = price.path("transform_quantity");
		String each = packages.isObject() ? "per " + packages.path("divide_by").asLong() + " used" : "per unit used";
		return ((amount != null) ? money(new BigDecimal(amount), price) : "in tiers") + " " + each + ", billed each "
				+ escaped(Json.text(price.path("recurring"), "interval"));
	}

	private static String money(BigDecimal minor, JsonNode price) {
		return minor.movePointLeft(2).toPlainString() + " "
				+ escaped(Json.text(price, "currency").toUpperCase(Locale.ROOT));
	}

	private static Answer setup(ObjectNode intent, String message) {
		boolean isOpen = Json.text(intent, "status").equals("requires_payment_method");
		return page(200, "Save a card",
				message + (isOpen ? cards("Save") : "<p>This is " + escaped(Json.text(intent, "status")) + ".</p>"));
	}

	private static Answer portal(Account account, ObjectNode session, String message) {
		String customer = Json.text(session, "customer");
		StringBuilder body = new StringBuilder(message).append("<h2>Subscriptions</h2><ul>");
		of(account, SubscriptionResource.KIND, customer).forEach((each) -> body.append("<li>")
			.append(escaped(Json.text(each, "id")))
			.append(": ")
			.append(escaped(Json.text(each, "status"))));
		body.append("</ul><h2>Invoices</h2><ul>");
		of(account, Invoices.KIND, customer).forEach((each) -> body.append("<li>")
			.append(escaped(each.path("number").stringValue("draft")))
			.append(": ")
			.append(money(BigDecimal.valueOf(each.path("total").asLong()), each))
			.append(", ")
			.append(escaped(Json.text(each, "status"))));
		body.append("</ul>").append(cards("Save"));
		String back = session.path("return_url").stringValue("");
		if (!back.isEmpty()) {
			body.append("<p><a href=\"").append(escaped(back)).append("\">Back</a></p>");
		}
		return page(200, "Billing", body.toString());
	}

	private static List<ObjectNode> of(Account account, String kind, String customer) {
		return account.all(kind).stream().filter((each) -> Json.text(each, "customer").equals(customer)).toList();
	}

	private static String cards(String verb) {
		return "<form method=\"post\"><button name=\"card\" value=\"pm_card_visa\">" + verb
				+ " with a card that pays</button><button name=\"card\" value=\"pm_card_chargeCustomerFail\">" + verb
				+ " with one that will fail</button><button name=\"card\" value=\"pm_card_chargeDeclined\">" + verb
				+ " with one that is declined</button></form>";
	}

	private static Answer page(int status, String title, String body) {
		return Answer
			.of(status,
					"<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>" + title + "</title><style>"
							+ STYLE + "</style><h1>" + title + "</h1>" + body
							+ "<p><small>Tallygate's sandbox. No money moves.</small></p></html>")
			.with("Content-Type", "text/html; charset=utf-8")
			.with("Cache-Control", "no-store");
	}

	private static Answer seeOther(@Nullable String location) {
		return Answer.of(303, "").with("Location", String.valueOf(location));
	}

	private static String escaped(String text) {
		return text.replace("&", "&amp;")
			.replace("<", "&lt;")
			.replace(">", "&gt;")
			.replace("\"", "&quot;")
			.replace("'", "&#39;");
	}

}
