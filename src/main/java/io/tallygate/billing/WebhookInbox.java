package io.tallygate.billing;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;

import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import io.tallygate.stripe.WebhookNotice;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What Stripe told, once under its event id. An event that is in here is Stripe's to
 * forget; it is done when what follows from it is committed, and taken up again until
 * then.
 */
class WebhookInbox {

	/** What is older than this is deleted; Stripe repeats nothing after three days. */
	private static final Duration KEPT = Duration.ofDays(30);

	private static final String RECEIVE = """
			insert into webhook_event as known (id, agency_id, event_id, kind, type, api_version, object_type, object_id,
			  customer_id, created_at, received_at, next_attempt_at)
			values (:id, :agency, :event, :kind, :type, :version, :object_type, :object, :customer, :created, :now, :now)
			on conflict (agency_id, event_id) do update set deliveries = known.deliveries + 1
			returning deliveries = 1 as first
			""";

	private static final String SWEEP = """
			delete from webhook_event where id in (
			  select id from webhook_event where received_at < :old and state <> 'received'
			  order by received_at limit 100 for update skip locked)
			""";

	private static final String TAKE = """
			update webhook_event w set owner = :owner, lease_until = :lease_until, attempts = w.attempts + 1
			where w.id in (
			  select id from webhook_event where state = 'received' and next_attempt_at <= :now and lease_until <= :now
			  order by next_attempt_at limit :limit for update skip locked)
			returning %s
			""".formatted(WebhookEvent.SELECT);

	private static final String SETTLE = """
			update webhook_event set state = :state, note = :note, next_attempt_at = :next, lease_until = '-infinity',
			  owner = null, done_at = case when :state = 'received' then null else cast(:now as timestamptz) end
			where id = :id and owner = :owner and attempts = :attempts
			""";

	private static final String PAGE = """
			select %s from webhook_event w
			where (cast(:state as text) is null or w.state = :state) and (cast(:type as text) is null or w.type = :type)
			""".formatted(WebhookEvent.SELECT);

	private static final String FIND = "select %s from webhook_event w where w.id = :id".formatted(WebhookEvent.SELECT);

	private static final String REPLAY = """
			update webhook_event w set state = 'received', next_attempt_at = :now, attempts = 0, done_at = null
			where w.id = :id and w.state <> 'received'
			""";

	private static final String STANDING = """
			select (select count(*) from webhook_event where state = 'received') as waiting,
			  (select min(received_at) from webhook_event where state = 'received') as oldest
			""";

	private final Database.OfSystem system;

	private final Database.OfTenant tenant;

	private final Ids ids;

	private final Clock clock;

	WebhookInbox(Database.OfSystem system, Database.OfTenant tenant, Ids ids, Clock clock) {
		this.system = system;
		this.tenant = tenant;
		this.ids = ids;
		this.clock = clock;
	}

	/**
	 * How the inbox stands.
	 *
	 * @param waiting events that are not worked off
	 * @param oldest when the first of them came, if there is one
	 */
	record Standing(long waiting, @Nullable Instant oldest) {
	}

	/** Takes an event in; {@code false} for one that is known already. */
	Mono<Boolean> receive(AgencyId agency, WebhookNotice notice) {
		Instant now = this.clock.instant();
		Mono<Boolean> received = this.system.client()
			.sql(RECEIVE)
			.bind("id", this.ids.next(WebhookEvent.PREFIX))
			.bind("agency", agency.value())
			.bind("event", notice.eventId())
			.bind("kind", notice.kind().text())
			.bind("type", notice.type())
			.bind("version", Database.nullable(String.class, notice.apiVersion()))
			.bind("object_type", Database.nullable(String.class, notice.objectType()))
			.bind("object", Database.nullable(String.class, notice.objectId()))
			.bind("customer", Database.nullable(String.class, notice.customerId()))
			.bind("created", notice.createdAt())
			.bind("now", now)
			.map((row) -> Row.get(row, "first", Boolean.class))
			.one();
		return Uncancelled.of(received
			.delayUntil((first) -> this.system.client().sql(SWEEP).bind("old", now.minus(KEPT)).fetch().rowsUpdated()));
	}

	/** Takes up to so many events up that wait. */
	Flux<WebhookEvent> take(String owner, Instant now, Duration lease, int limit) {
		return Uncancelled
			.of(this.system.client()
				.sql(TAKE)
				.bind("owner", owner)
				.bind("lease_until", now.plus(lease))
				.bind("now", now)
				.bind("limit", limit)
				.map(WebhookEvent::of)
				.all()
				.collectList())
			.flatMapMany(Flux::fromIterable);
	}

	/** Writes down what became of an event that {@code owner} had taken up. */
	Mono<Void> settle(WebhookEvent event, String owner, WebhookEvent.State state, @Nullable String note, Instant next,
			Instant now) {
		return Uncancelled
			.of(this.system.client()
				.sql(SETTLE)
				.bind("state", state.text())
				.bind("note", Database.nullable(String.class, note))
				.bind("next", next)
				.bind("now", now)
				.bind("id", event.id())
				.bind("owner", owner)
				.bind("attempts", event.attempts())
				.fetch()
				.rowsUpdated())
			.then();
	}

	/** Events in a state and of a type, or all, newest first. */
	Mono<Page<WebhookEvent>> page(AgencyId agency, WebhookEvent.@Nullable State state, @Nullable String type,
			PageRequest page) {
		return Uncancelled.of(this.tenant.as(agency,
				page.of(page.bind(this.tenant.client().sql(PAGE + page.tail("w.id")))
					.bind("state", Database.nullable(String.class, (state != null) ? state.text() : null))
					.bind("type", Database.nullable(String.class, type))
					.map(WebhookEvent::of)
					.all())));
	}

	/** Works an event off again, because a person asks. */
	Mono<WebhookEvent> replay(AgencyId agency, String id) {
		return Uncancelled
			.of(this.tenant.as(agency,
					this.tenant.client()
						.sql(REPLAY)
						.bind("id", id)
						.bind("now", this.clock.instant())
						.fetch()
						.rowsUpdated()
						.then(this.tenant.client().sql(FIND).bind("id", id).map(WebhookEvent::of).one())))
			.switchIfEmpty(Mono.error(() -> Problem.notFound("webhook event", id)));
	}

	Mono<Standing> standing() {
		return this.system.client()
			.sql(STANDING)
			.map((row) -> new Standing(Row.number(row, "waiting"), row.get("oldest", Instant.class)))
			.one();
	}

}
