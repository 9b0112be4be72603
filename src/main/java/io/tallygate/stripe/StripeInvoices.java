package io.tallygate.stripe;

import java.util.List;
import java.util.stream.StreamSupport;

import com.stripe.StripeClient;
import com.stripe.exception.StripeException;
import com.stripe.model.Invoice;
import com.stripe.model.InvoiceLineItem;
import com.stripe.param.InvoiceCreatePreviewParams;
import com.stripe.param.InvoiceLineItemListParams;
import com.stripe.param.SubscriptionListParams;
import io.tallygate.core.AgencyId;
import reactor.core.publisher.Mono;

/**
 * What Stripe asks customers for, and how they stand: their subscriptions, ended ones
 * too, and their invoices. Everything fails with a {@link StripeProblem} only.
 */
public final class StripeInvoices {

	private static final long AT_ONCE = 100;

	private static final int LINES_MAX = 500;

	private static final int SUBSCRIPTIONS_MAX = 100;

	private final StripeCalls calls;

	StripeInvoices(StripeCalls calls) {
		this.calls = calls;
	}

	/** The customer's subscriptions, newest first, those that have ended too. */
	public Mono<List<StripeSubscription>> subscriptions(AgencyId agency, String customer) {
		SubscriptionListParams params = SubscriptionListParams.builder()
			.setCustomer(customer)
			.setStatus(SubscriptionListParams.Status.ALL)
			.setLimit(AT_ONCE)
			.build();
		return this.calls.call(agency,
				(stripe) -> StreamSupport
					.stream(stripe.v1().subscriptions().list(params).autoPagingIterable().spliterator(), false)
					.limit(SUBSCRIPTIONS_MAX)
					.map(StripeSubscription::of)
					.toList());
	}

	/** An invoice with its lines. */
	public Mono<StripeInvoice> invoice(AgencyId agency, String id) {
		return this.calls.call(agency, (stripe) -> {
			Invoice invoice = stripe.v1().invoices().retrieve(id);
			return StripeInvoice.of(invoice, lines(stripe, invoice));
		});
	}

	/** What a subscription's next invoice would be if its period ended now. */
	public Mono<StripeInvoice> preview(AgencyId agency, String customer, String subscription) {
		InvoiceCreatePreviewParams params = InvoiceCreatePreviewParams.builder()
			.setCustomer(customer)
			.setSubscription(subscription)
			.build();
		return this.calls.call(agency, (stripe) -> {
			Invoice invoice = stripe.v1().invoices().createPreview(params);
			return StripeInvoice.of(invoice, invoice.getLines().getData());
		});
	}

	/** The first lines come with the invoice, more than these have to be asked for. */
	private static List<InvoiceLineItem> lines(StripeClient stripe, Invoice invoice) throws StripeException {
		if (!Boolean.TRUE.equals(invoice.getLines().getHasMore())) {
			return invoice.getLines().getData();
		}
		InvoiceLineItemListParams params = InvoiceLineItemListParams.builder().setLimit(AT_ONCE).build();
		return StreamSupport
			.stream(stripe.v1().invoices().lineItems().list(invoice.getId(), params).autoPagingIterable().spliterator(),
					false)
			.limit(LINES_MAX)
			.toList();
	}

}
