package io.tallygate.billing;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import io.tallygate.stripe.StripeInvoice;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * How clients stand with their payments, and their invoices, as they were read last. What
 * was read earlier never takes the place of what was read later, whichever is stored
 * first.
 */
class ClientPayments {

	private static final int INVOICES_SHOWN = 12;

	private static final String LOCK = """
			insert into client_payment (client_id, agency_id) values (:client, :agency)
			on conflict (client_id) do update set agency_id = excluded.agency_id
			returning policy, grace_hours, status, subscription_id, period_start, period_end, owing_since, held, read_at
			""";

	private static final String WRITE = """
			update client_payment set policy = :policy, grace_hours = :grace, status = :status,
			  subscription_id = :subscription, period_start = :start, period_end = :end, owing_since = :owing, held = :held,
			  read_at = :read_at
			where client_id = :client
			""";

	private static final String FIND = """
			select policy, grace_hours, status, subscription_id, period_start, period_end, owing_since, held, read_at
			from client_payment where client_id = :client
			""";

	private static final String TO_HOLD = """
			select client_id, agency_id from client_payment
			where policy = 'suspend' and owing_since is not null and not held
			  and owing_since + make_interval(hours => grace_hours) <= :now
			limit 500
			""";

	private static final String HOLD = """
			update client_payment set held = true
			where client_id = :client and policy = 'suspend' and owing_since is not null and not held
			  and owing_since + make_interval(hours => grace_hours) <= :now
			""";

	private static final String HELD = "select count(*) as held from client_payment where held";

	private static final String INVOICE = """
			insert into client_invoice as known (invoice_id, agency_id, client_id, subscription_id, status, currency, total,
			  amount_due, amount_paid, period_start, period_end, finalizes_at, hosted_url, created_at, read_at)
			values (:invoice, :agency, :client, :subscription, :status, :currency, :total, :due, :paid, :start, :end,
			  :finalizes, :url, :created, :read_at)
			on conflict (client_id, invoice_id) do update set status = excluded.status, total = excluded.total,
			  amount_due = excluded.amount_due, amount_paid = excluded.amount_paid, period_start = excluded.period_start,
			  period_end = excluded.period_end, finalizes_at = excluded.finalizes_at, hosted_url = excluded.hosted_url,
			  read_at = excluded.read_at
			where known.read_at <= excluded.read_at
			""";

	private static final String INVOICES = """
			select invoice_id, subscription_id, status, currency, total, amount_due, amount_paid, period_start, period_end,
			  finalizes_at, hosted_url, created_at
			from client_invoice where client_id = :client order by created_at desc, invoice_id desc limit :limit
			""";

	private final Database.OfSystem system;

	private final Database.OfTenant tenant;

	ClientPayments(Database.OfSystem system, Database.OfTenant tenant) {
		this.system = system;
		this.tenant = tenant;
	}

	/**
	 * A row.
	 *
	 * @param standing what it says
	 * @param held whether the client's keys are answered 402
	 * @param readAt when Stripe was asked for it
	 */
	record Kept(PaymentStanding standing, boolean held, Instant readAt) {

		static Kept of(Readable row) {
			return new Kept(new PaymentStanding(
					PaymentStanding.Policy.valueOf(Row.text(row, "policy").toUpperCase(java.util.Locale.ROOT)),
					Duration.ofHours(Row.get(row, "grace_hours", Integer.class)), row.get("status", String.class),
					row.get("subscription_id", String.class), row.get("period_start", Instant.class),
					row.get("period_end", Instant.class), row.get("owing_since", Instant.class)),
					Boolean.TRUE.equals(row.get("held", Boolean.class)), Row.get(row, "read_at", Instant.class));
		}

	}

	/**
	 * An invoice as it is shown. Amounts are minor units.
	 *
	 * @param id {@code in_…}
	 * @param subscriptionId that it bills
	 * @param status Stripe's word
	 * @param currency lower case
	 * @param total with tax, less discounts
	 * @param amountDue what is asked for
	 * @param amountPaid what was paid
	 * @param periodStart of what it bills
	 * @param periodEnd of what it bills, exclusive
	 * @param finalizesAt when the draft becomes final
	 * @param hostedInvoiceUrl where it is paid
	 * @param createdAt when it was made
	 */
	record Invoice(String id, @Nullable String subscriptionId, @Nullable String status, String currency, long total,
			long amountDue, long amountPaid, @Nullable Instant periodStart, @Nullable Instant periodEnd,
			@Nullable Instant finalizesAt, @Nullable String hostedInvoiceUrl, Instant createdAt) {

		static Invoice of(Readable row) {
			return new Invoice(Row.text(row, "invoice_id"), row.get("subscription_id", String.class),
					row.get("status", String.class), Row.text(row, "currency"), Row.number(row, "total"),
					Row.number(row, "amount_due"), Row.number(row, "amount_paid"),
					row.get("period_start", Instant.class), row.get("period_end", Instant.class),
					row.get("finalizes_at", Instant.class), row.get("hosted_url", String.class),
					Row.get(row, "created_at", Instant.class));
		}

	}

	/** The client's row; one that was never read or decided about is as if new. */
	Mono<Kept> find(AgencyId agency, ClientId client) {
		return Uncancelled
			.of(this.tenant.as(agency,
					this.tenant.client().sql(FIND).bind("client", client.value()).map(Kept::of).one()))
			.defaultIfEmpty(new Kept(PaymentStanding.UNREAD, false, Instant.EPOCH));
	}

	/** The client's row, locked, inside a transaction that names the agency. */
	Mono<Kept> lock(AgencyId agency, ClientId client) {
		return this.tenant.client()
			.sql(LOCK)
			.bind("client", client.value())
			.bind("agency", agency.value())
			.map(Kept::of)
			.one();
	}

	/** Writes a row that is locked. */
	Mono<Void> write(ClientId client, Kept row) {
		PaymentStanding standing = row.standing();
		return this.tenant.client()
			.sql(WRITE)
			.bind("client", client.value())
			.bind("policy", standing.policy().text())
			.bind("grace", (int) standing.grace().toHours())
			.bind("status", Database.nullable(String.class, standing.status()))
			.bind("subscription", Database.nullable(String.class, standing.subscription()))
			.bind("start", Database.nullable(Instant.class, standing.periodStart()))
			.bind("end", Database.nullable(Instant.class, standing.periodEnd()))
			.bind("owing", Database.nullable(Instant.class, standing.owingSince()))
			.bind("held", row.held())
			.bind("read_at", row.readAt())
			.fetch()
			.rowsUpdated()
			.then();
	}

	/** Clients whose grace is over, with their agencies. */
	Flux<java.util.Map.Entry<AgencyId, ClientId>> toHold(Instant now) {
		return Uncancelled
			.of(this.system.client()
				.sql(TO_HOLD)
				.bind("now", now)
				.map((row) -> java.util.Map.entry(new AgencyId(Row.text(row, "agency_id")),
						new ClientId(Row.text(row, "client_id"))))
				.all()
				.collectList())
			.flatMapIterable((found) -> found);
	}

	/** Holds one of them, inside a transaction; empty if that has changed since. */
	Mono<Boolean> hold(ClientId client, Instant now) {
		return this.system.client()
			.sql(HOLD)
			.bind("client", client.value())
			.bind("now", now)
			.fetch()
			.rowsUpdated()
			.filter((rows) -> rows > 0)
			.map((rows) -> true);
	}

	/** How many clients are held. */
	Mono<Long> held() {
		return this.system.client().sql(HELD).map((row) -> Row.number(row, "held")).one();
	}

	/** Keeps what was read of an invoice of this client. */
	Mono<Void> keep(AgencyId agency, ClientId client, StripeInvoice invoice, Instant readAt) {
		return Uncancelled.of(this.tenant.as(agency,
				this.tenant.client()
					.sql(INVOICE)
					.bind("invoice", String.valueOf(invoice.id()))
					.bind("agency", agency.value())
					.bind("client", client.value())
					.bind("subscription", Database.nullable(String.class, invoice.subscription()))
					.bind("status", Database.nullable(String.class, invoice.status()))
					.bind("currency", invoice.currency())
					.bind("total", invoice.total())
					.bind("due", invoice.amountDue())
					.bind("paid", invoice.amountPaid())
					.bind("start", Database.nullable(Instant.class, invoice.periodStart()))
					.bind("end", Database.nullable(Instant.class, invoice.periodEnd()))
					.bind("finalizes", Database.nullable(Instant.class, invoice.finalizesAt()))
					.bind("url", Database.nullable(String.class, invoice.hostedUrl()))
					.bind("created", (invoice.createdAt() != null) ? invoice.createdAt() : readAt)
					.bind("read_at", readAt)
					.fetch()
					.rowsUpdated()))
			.then();
	}

	/** The client's last invoices, newest first. */
	Mono<List<Invoice>> invoices(AgencyId agency, ClientId client) {
		return Uncancelled.of(this.tenant.as(agency,
				this.tenant.client()
					.sql(INVOICES)
					.bind("client", client.value())
					.bind("limit", INVOICES_SHOWN)
					.map(Invoice::of)
					.all()
					.collectList()));
	}

}
