package io.tallygate.sandbox.stripe;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What Stripe does by itself as time passes:
 * <ol>
 * <li>a period that ended gets a draft invoice;</li>
 * <li>an hour later the draft is worked out for the last time and finalised;</li>
 * <li>what is due is charged; where that fails it is tried again, and the subscription is
 * past due, in the end unpaid.</li>
 * </ol>
 */
final class Biller {

	private static final Duration DRAFT_LIFE = Duration.ofHours(1);

	private static final Duration PAYMENT_PAUSE = Duration.ofDays(3);

	private static final int PAYMENT_ATTEMPTS_MAX = 4;

	/** Periods that one round bills of one subscription, after a long sleep. */
	private static final int PERIODS_MAX = 24;

	private final Invoices invoices;

	Biller(Invoices invoices) {
		this.invoices = invoices;
	}

	/** Does what is due of one account. */
	void round(Call call) {
		for (ObjectNode subscription : call.account().all(SubscriptionResource.KIND)) {
			if (!SubscriptionResource.isOver(subscription)) {
				billEndedPeriods(call, subscription.deepCopy());
			}
		}
		long now = call.now().getEpochSecond();
		for (ObjectNode invoice : call.account().all(Invoices.KIND)) {
			boolean isDraft = Json.text(invoice, "status").equals("draft");
			if (isDraft && invoice.path("automatically_finalizes_at").asLong(Long.MAX_VALUE) <= now) {
				finish(call, invoice.deepCopy());
			}
			else if (Json.text(invoice, "status").equals("open")
					&& invoice.path("next_payment_attempt").asLong(Long.MAX_VALUE) <= now) {
				charge(call, invoice.deepCopy(), methodOf(call, invoice));
			}
		}
	}

	private void billEndedPeriods(Call call, ObjectNode subscription) {
		for (int i = 0; i < PERIODS_MAX; i++) {
			BillingPeriod period = Invoices.period(call, subscription, SubscriptionResource.billedUntil(subscription));
			if (period.end().isAfter(call.now())) {
				return;
			}
			ObjectNode invoice = this.invoices.draft(call, subscription, period, call.newId("in_"),
					"subscription_cycle");
			invoice.put("automatically_finalizes_at", call.now().plus(DRAFT_LIFE).getEpochSecond());
			subscription.put(SubscriptionResource.BILLED_UNTIL, period.end().getEpochSecond())
				.put("latest_invoice", Json.text(invoice, "id"));
			call.save(subscription.deepCopy());
			call.emit("invoice.created", call.save(invoice));
		}
	}

	/** Works a draft out for the last time, and asks for the money. */
	ObjectNode finish(Call call, ObjectNode invoice) {
		ObjectNode subscription = call.find(InvoiceResource.subscriptionOf(invoice));
		if (subscription != null) {
			this.invoices.workOut(call, invoice, subscription,
					new BillingPeriod(Instant.ofEpochSecond(invoice.path("period_start").asLong()),
							Instant.ofEpochSecond(invoice.path("period_end").asLong())));
		}
		invoice.put("status", "open")
			.put("number", Json.text(invoice, "id").substring(21).toUpperCase(java.util.Locale.ROOT) + "-0001")
			.putNull("automatically_finalizes_at");
		transitions(invoice).put("finalized_at", call.now().getEpochSecond());
		call.emit("invoice.finalized", call.save(invoice));
		return charge(call, invoice.deepCopy(), methodOf(call, invoice));
	}

	/** The card that an invoice is charged to, if there is one. */
	@Nullable ObjectNode methodOf(Call call, ObjectNode invoice) {
		ObjectNode subscription = call.find(InvoiceResource.subscriptionOf(invoice));
		ObjectNode customer = call.find(Json.text(invoice, "customer"));
		String id = (subscription != null) ? subscription.path("default_payment_method").stringValue(null) : null;
		if (id == null && customer != null) {
			id = customer.path("invoice_settings").path("default_payment_method").stringValue(null);
		}
		return (id != null) ? call.find(id) : null;
	}

	/** Charges what is due; nothing due is paid. */
	ObjectNode charge(Call call, ObjectNode invoice, @Nullable ObjectNode method) {
		long due = invoice.path("amount_due").asLong();
		boolean isAutomatic = Json.text(invoice, "collection_method").equals("charge_automatically");
		if (due > 0 && !isAutomatic && method == null) {
			return invoice;
		}
		invoice.put("attempted", true).put("attempt_count", invoice.path("attempt_count").asInt() + 1);
		if (due == 0 || PaymentMethods.pays(method)) {
			invoice.put("status", "paid")
				.put("amount_paid", due)
				.put("amount_remaining", 0)
				.putNull("next_payment_attempt");
			transitions(invoice).put("paid_at", call.now().getEpochSecond());
			ObjectNode paid = call.emit("invoice.paid", call.save(invoice));
			standing(call, invoice, "active");
			return paid;
		}
		boolean isLast = invoice.path("attempt_count").asInt() >= PAYMENT_ATTEMPTS_MAX;
		if (isLast) {
			invoice.putNull("next_payment_attempt");
		}
		else {
			invoice.put("next_payment_attempt", call.now().plus(PAYMENT_PAUSE).getEpochSecond());
		}
		ObjectNode failed = call.emit("invoice.payment_failed", call.save(invoice));
		standing(call, invoice, isLast ? "unpaid" : "past_due");
		return failed;
	}

	private static ObjectNode transitions(ObjectNode invoice) {
		return (ObjectNode) Objects.requireNonNull(invoice.get("status_transitions"), "every invoice has them");
	}

	private static void standing(Call call, ObjectNode invoice, String status) {
		ObjectNode subscription = call.find(InvoiceResource.subscriptionOf(invoice));
		if (subscription != null && !SubscriptionResource.isOver(subscription)
				&& !Json.text(subscription, "status").equals(status)
				&& !Json.text(subscription, "status").equals("trialing")) {
			SubscriptionResource.changed(call, subscription.deepCopy().put("status", status));
		}
	}

}
