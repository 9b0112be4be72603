package io.tallygate.billing;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;

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

	private static final String COLUMNS = """
			 case when p.decided then p.policy end as policy, case when p.decided then p.grace_hours end as grace_hours,
			  p.status, p.subscription_id, p.period_start, p.period_end, p.owing_since,
			  coalesce(p.held, false) as held, coalesce(p.read_at, '-infinity') as read_at,
			""";

	private static final String LOCK = """
			insert into client_payment as p (client_id, agency_id) values (:client, :agency)
			on conflict (client_id) do update set agency_id = excluded.agency_id
			returning""" + COLUMNS + """
			  (select d.policy from payment_policy d where d.agency_id = p.agency_id) as agency_policy,
			  (select d.grace_hours from payment_policy d where d.agency_id = p.agency_id) as agency_grace_hours
			""";

	private static final String WRITE = """
			update client_payment set policy = :policy, grace_hours = :grace, decided = :decided, status = :status,
			  subscription_id = :subscription, period_start = :start, period_end = :end, owing_since = :owing, held = :held,
			  read_at = :read_at
			where client_id = :client
			""";

	private static final String FIND = """
			select""" + COLUMNS + """
			  d.policy as agency_policy, d.grace_hours as agency_grace_hours
			from client c left join client_payment p on p.client_id = c.id
			  left join payment_policy d on d.agency_id = c.agency_id
			where c.id = :client
			""";

	/** Of a row {@code p} and its agency's policy {@code d}. */
	private static final String IS_NOT_HELD_AS_IT_SHOULD = """
			p.held <> (p.owing_since is not null and case
			  when p.decided then p.policy = 'suspend' and p.owing_since + make_interval(hours => p.grace_hours) <= :now
			  else d.policy is not null and d.policy = 'suspend'
			    and p.owing_since + make_interval(hours => d.grace_hours) <= :now end)
			""";

	private static final String TO_SETTLE = """
			select p.client_id, p.agency_id
			from client_payment p left join payment_policy d on d.agency_id = p.agency_id
			where (p.held or p.owing_since is not null) and
			""" + IS_NOT_HELD_AS_IT_SHOULD + """
			limit 500
			""";

	private static final String SETTLE = """
			update client_payment p set held = not p.held
			from client c left join payment_policy d on d.agency_id = c.agency_id
			where p.client_id = :client and c.id = p.client_id and
			""" + IS_NOT_HELD_AS_IT_SHOULD + """
			returning p.held
			""";

	private static final String POLICY = "select policy, grace_hours from payment_policy where agency_id = :agency";

	private static final String DECIDE = """
			insert into payment_policy (agency_id, policy, grace_hours) values (:agency, :policy, :grace)
			on conflict (agency_id) do update set policy = excluded.policy, grace_hours = excluded.grace_hours
			""";

	private static final String FOLLOWING = """
			select client_id from client_payment
			where agency_id = :agency and not decided and (held or owing_since is not null)
			order by client_id
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
	 * @param ofAgency what holds where nothing was decided about the client alone
	 * @param held whether the client's keys are answered 402
	 * @param readAt when Stripe was asked for it
	 */
	record Kept(PaymentStanding standing, PaymentPolicy ofAgency, boolean held, Instant readAt) {

		static Kept of(Readable row) {
			PaymentPolicy ofAgency = policy(row, "agency_", PaymentPolicy.DecidedBy.AGENCY)
				.orElse(PaymentPolicy.DEFAULT);
			PaymentPolicy policy = policy(row, "", PaymentPolicy.DecidedBy.CLIENT).orElse(ofAgency);
			return new Kept(
					new PaymentStanding(policy, row.get("status", String.class),
							row.get("subscription_id", String.class), row.get("period_start", Instant.class),
							row.get("period_end", Instant.class), row.get("owing_since", Instant.class)),
					ofAgency, Boolean.TRUE.equals(row.get("held", Boolean.class)),
					Row.get(row, "read_at", Instant.class));
		}

	}

	private static Optional<PaymentPolicy> policy(Readable row, String prefix, PaymentPolicy.DecidedBy by) {
		return Optional.ofNullable(row.get(prefix + "policy", String.class))
			.map((policy) -> new PaymentPolicy(PaymentPolicy.OnOwing.of(policy),
					Duration.ofHours(Row.get(row, prefix + "grace_hours", Integer.class)), by));
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
		return Uncancelled.of(this.tenant.as(agency,
				this.tenant.client().sql(FIND).bind("client", client.value()).map(Kept::of).one()));
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
		PaymentPolicy policy = standing.policy();
		return this.tenant.client()
			.sql(WRITE)
			.bind("client", client.value())
			.bind("policy", policy.onOwing().text())
			.bind("grace", (int) policy.graceHours())
			.bind("decided", policy.decidedBy() == PaymentPolicy.DecidedBy.CLIENT)
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

	/** What is done about the agency's clients that have no policy of their own. */
	Mono<PaymentPolicy> policy(AgencyId agency) {
		return Uncancelled.of(this.tenant.as(agency,
				this.tenant.client()
					.sql(POLICY)
					.bind("agency", agency.value())
					.map((row) -> policy(row, "", PaymentPolicy.DecidedBy.AGENCY).orElseThrow())
					.one()))
			.defaultIfEmpty(PaymentPolicy.DEFAULT);
	}

	/** Writes that down. */
	Mono<Void> decide(AgencyId agency, PaymentPolicy policy) {
		return Uncancelled.of(this.tenant.as(agency,
				this.tenant.client()
					.sql(DECIDE)
					.bind("agency", agency.value())
					.bind("policy", policy.onOwing().text())
					.bind("grace", (int) policy.graceHours())
					.fetch()
					.rowsUpdated()))
			.then();
	}

	/**
	 * The agency's clients with no policy of their own for whom another one matters now.
	 */
	Flux<ClientId> following(AgencyId agency) {
		return Uncancelled.of(this.tenant.as(agency,
				this.tenant.client()
					.sql(FOLLOWING)
					.bind("agency", agency.value())
					.map((row) -> new ClientId(Row.text(row, "client_id")))
					.all()
					.collectList()))
			.flatMapIterable((found) -> found);
	}

	/** Clients who are held and should not be, or the reverse, with their agencies. */
	Flux<Map.Entry<AgencyId, ClientId>> toSettle(Instant now) {
		return Uncancelled
			.of(this.system.client()
				.sql(TO_SETTLE)
				.bind("now", now)
				.map((row) -> Map.entry(new AgencyId(Row.text(row, "agency_id")),
						new ClientId(Row.text(row, "client_id"))))
				.all()
				.collectList())
			.flatMapIterable((found) -> found);
	}

	/**
	 * Holds or releases one of them, inside a transaction: whether it is held then; empty
	 * if it was settled since.
	 */
	Mono<Boolean> settle(ClientId client, Instant now) {
		return this.system.client()
			.sql(SETTLE)
			.bind("client", client.value())
			.bind("now", now)
			.map((row) -> Row.get(row, "held", Boolean.class))
			.one();
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
