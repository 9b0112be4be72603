package io.tallygate.agency;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.Database;
import io.tallygate.core.RequestId;
import io.tallygate.core.Row;
import io.tallygate.core.Secret;
import io.tallygate.core.SecretBox;
import io.tallygate.core.Uncancelled;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Mono;

/**
 * The requests that came with an Idempotency-Key, and the answers that were kept for
 * them, sealed. A key is bound to the first request under it for a day. Of those that are
 * older, each new one sweeps a few away, so that the table needs no cleaner.
 */
@Repository
class AdminRequests {

	/** How long a key is bound to its request, as at Stripe. */
	static final Duration KEPT = Duration.ofHours(24);

	private static final String SEALED_FOR = "admin-answer";

	/**
	 * Takes the key for a request that is new under it, or that was served and ended
	 * without an answer to keep, or whose process was not heard of again.
	 */
	private static final String TAKE = """
			insert into admin_request as kept (scope, key, fingerprint, request_id, lease_until, created_at)
			values (:scope, :key, :fingerprint, :request, :lease_until, :now)
			on conflict (scope, key) do update set fingerprint = excluded.fingerprint, lease_until = excluded.lease_until,
			  request_id = case when kept.created_at <= :expired then excluded.request_id else kept.request_id end,
			  attempt = case when kept.created_at <= :expired then 1 else kept.attempt + 1 end,
			  created_at = case when kept.created_at <= :expired then excluded.created_at else kept.created_at end,
			  status = null, body = null
			where kept.created_at <= :expired
			  or (kept.status is null and kept.lease_until <= :now and kept.fingerprint = excluded.fingerprint)
			returning request_id, attempt
			""";

	private static final String READ = """
			select fingerprint, request_id, status, body from admin_request where scope = :scope and key = :key
			""";

	private static final String KEEP = """
			update admin_request set status = :status, body = :body
			where scope = :scope and key = :key and request_id = :request and attempt = :attempt
			""";

	private static final String GIVE_BACK = """
			update admin_request set lease_until = :now
			where scope = :scope and key = :key and request_id = :request and attempt = :attempt and status is null
			""";

	private static final String FORGET = """
			delete from admin_request
			where scope = :scope and key = :key and request_id = :request and attempt = :attempt and status is null
			""";

	private static final String SWEEP = """
			delete from admin_request where (scope, key) in (
			  select scope, key from admin_request where created_at <= :expired
			  order by created_at limit 100 for update skip locked)
			""";

	private final Database.OfSystem database;

	private final SecretBox box;

	private final Clock clock;

	private final Duration lease;

	AdminRequests(Database.OfSystem database, SecretBox box, Clock clock, AgencyProperties properties) {
		this.database = database;
		this.box = box;
		this.clock = clock;
		this.lease = properties.adminRequestLease();
	}

	/**
	 * Under what a request is known.
	 *
	 * @param scope whose key it is: an agency's, or the platform's
	 * @param key the caller's
	 */
	record Name(String scope, String key) {
	}

	/** What a key says of a request that comes under it. */
	sealed interface Standing {

		/** A name for metrics. */
		String outcome();

		/**
		 * It is to be served.
		 *
		 * @param request with the id of its first attempt
		 * @param attempt which of them may keep an answer
		 */
		record Taken(AdminRequest request, int attempt) implements Standing {

			@Override
			public String outcome() {
				return this.request.isRepeat() ? "repeated" : "first";
			}

		}

		/**
		 * It was served.
		 *
		 * @param status of the answer
		 * @param body of the answer
		 * @param original the id of the request that was served
		 */
		record Answered(int status, String body, String original) implements Standing {

			@Override
			public String outcome() {
				return "replayed";
			}

		}

		/** It is being served. */
		record InFlight() implements Standing {

			@Override
			public String outcome() {
				return "in_flight";
			}

		}

		/** The key is another request's. */
		record Another() implements Standing {

			@Override
			public String outcome() {
				return "reused";
			}

		}

	}

	/** How this request stands under this name; taken, if it can be. */
	Mono<Standing> take(Name name, byte[] fingerprint, RequestId id) {
		Instant now = this.clock.instant();
		Mono<Standing> taken = this.database.client()
			.sql(TAKE)
			.bind("scope", name.scope())
			.bind("key", name.key())
			.bind("fingerprint", fingerprint)
			.bind("request", id.value())
			.bind("lease_until", now.plus(this.lease))
			.bind("now", now)
			.bind("expired", now.minus(KEPT))
			.map(AdminRequests::taken)
			.one();
		Mono<Standing> known = Mono.defer(() -> this.database.client()
			.sql(READ)
			.bind("scope", name.scope())
			.bind("key", name.key())
			.map((row) -> standing(fingerprint, row))
			.one());
		return Uncancelled.of(sweep(now).then(taken).switchIfEmpty(known))
			// Between the two statements the row may have been forgotten: ask once more.
			.switchIfEmpty(Mono.defer(() -> Uncancelled.of(taken)))
			.defaultIfEmpty(new Standing.InFlight());
	}

	/** Keeps the answer to the request that was taken, for those who repeat it. */
	Mono<Void> keep(Name name, Standing.Taken taken, int status, byte[] body) {
		byte[] sealed = this.box.seal(SEALED_FOR, taken.request().id().value(), text(body));
		return Uncancelled
			.of(bound(KEEP, name, taken).bind("status", status).bind("body", sealed).fetch().rowsUpdated())
			.then();
	}

	/**
	 * The request failed. It may be repeated, under the same names if it may have made
	 * something; otherwise the key is free for another.
	 */
	Mono<Void> release(Name name, Standing.Taken taken) {
		GenericExecuteSpec statement = taken.request().hasReachedOut()
				? bound(GIVE_BACK, name, taken).bind("now", this.clock.instant()) : bound(FORGET, name, taken);
		return Uncancelled.of(statement.fetch().rowsUpdated()).then();
	}

	private Mono<Long> sweep(Instant now) {
		return this.database.client().sql(SWEEP).bind("expired", now.minus(KEPT)).fetch().rowsUpdated();
	}

	private GenericExecuteSpec bound(String statement, Name name, Standing.Taken taken) {
		return this.database.client()
			.sql(statement)
			.bind("scope", name.scope())
			.bind("key", name.key())
			.bind("request", taken.request().id().value())
			.bind("attempt", taken.attempt());
	}

	private static Standing taken(Readable row) {
		int attempt = Row.get(row, "attempt", Integer.class);
		return new Standing.Taken(AdminRequest.repeatable(new RequestId(Row.text(row, "request_id")), attempt),
				attempt);
	}

	private Standing standing(byte[] fingerprint, Readable row) {
		if (!Arrays.equals(fingerprint, Row.get(row, "fingerprint", byte[].class))) {
			return new Standing.Another();
		}
		Integer status = row.get("status", Integer.class);
		String original = Row.text(row, "request_id");
		return (status == null) ? new Standing.InFlight()
				: new Standing.Answered(status, opened(original, row.get("body", byte[].class)), original);
	}

	/** A secret is never blank, an answer may be: a mark stands before it. */
	private static Secret text(byte[] body) {
		return Secret.of("=" + new String(body, StandardCharsets.UTF_8));
	}

	private String opened(String owner, byte @Nullable [] sealed) {
		return (sealed == null) ? "" : this.box.open(SEALED_FOR, owner, sealed).reveal().substring(1);
	}

}
