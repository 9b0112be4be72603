package io.tallygate.billing;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

import io.r2dbc.spi.Readable;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Row;
import org.jspecify.annotations.Nullable;

/**
 * One run that holds ledger, outbox and Stripe against each other.
 *
 * @param id ours
 * @param agency whose
 * @param client of whom, or {@code null} for all
 * @param from inclusive, on an hour
 * @param to exclusive, on an hour
 * @param cause why it is made
 * @param follows the run after which it looks again, if it does
 * @param depth how many came before it in that way
 * @param state where it stands
 * @param clean whether everything agreed, once it is done
 * @param error what went wrong
 * @param attempts how often it was taken up
 * @param dueAt when it may be taken up
 * @param createdAt when it was asked for
 * @param finishedAt when it ended
 */
record Reconciliation(String id, AgencyId agency, @Nullable ClientId client, Instant from, Instant to, Cause cause,
		@Nullable String follows, int depth, State state, @Nullable Boolean clean, @Nullable String error, int attempts,
		Instant dueAt, Instant createdAt, @Nullable Instant finishedAt) {

	static final String PREFIX = "rec_";

	static final String SELECT = """
			r.id, r.agency_id, r.client_id, r.from_at, r.to_at, r.cause, r.follows, r.depth, r.state, r.clean, r.error,
			r.attempts, r.due_at, r.created_at, r.finished_at
			""";

	/** Runs that look again after one, at most. */
	static final int DEPTH_MAX = 5;

	/** Why a run is made. */
	enum Cause {

		/** Somebody asks. */
		REQUEST,
		/** Every hour. */
		HOURLY,
		/** An invoice is about to become final. */
		INVOICE,
		/** Stripe refused more usage than it named. */
		REFUSALS,
		/** The run before found something that it could not settle at once. */
		FOLLOW_UP;

		String text() {
			return name().toLowerCase(Locale.ROOT);
		}

	}

	/** Where a run stands. */
	enum State {

		QUEUED, RUNNING, DONE, FAILED;

		String text() {
			return name().toLowerCase(Locale.ROOT);
		}

	}

	static Reconciliation of(Readable row) {
		String client = row.get("client_id", String.class);
		return new Reconciliation(Row.text(row, "id"), new AgencyId(Row.text(row, "agency_id")),
				(client != null) ? new ClientId(client) : null, Row.get(row, "from_at", Instant.class),
				Row.get(row, "to_at", Instant.class), Cause.valueOf(Row.text(row, "cause").toUpperCase(Locale.ROOT)),
				row.get("follows", String.class), Row.get(row, "depth", Integer.class),
				State.valueOf(Row.text(row, "state").toUpperCase(Locale.ROOT)), row.get("clean", Boolean.class),
				row.get("error", String.class), Row.get(row, "attempts", Integer.class),
				Row.get(row, "due_at", Instant.class), Row.get(row, "created_at", Instant.class),
				row.get("finished_at", Instant.class));
	}

	/**
	 * A run that is asked for.
	 *
	 * @param agency whose
	 * @param client of whom, or all
	 * @param from inclusive
	 * @param to exclusive
	 * @param cause why
	 * @param once under which name it is asked for once only
	 * @param after the run that it follows
	 * @param dueAt when it may begin
	 */
	record Wanted(AgencyId agency, @Nullable ClientId client, Instant from, Instant to, Cause cause,
			@Nullable String once, @Nullable Reconciliation after, Instant dueAt) {
	}

	/**
	 * What was found of one lane.
	 *
	 * @param laneId ours
	 * @param client who is billed
	 * @param ledgerUnits completed by ledger lines
	 * @param outboxUnits that stand in meter events
	 * @param deliveredUnits of these, what Stripe accepted
	 * @param otherUnits tests and adjustments that Stripe accepted
	 * @param stripeUnits what Stripe counts; none if it could not be asked
	 * @param difference Stripe's count less all that was delivered
	 * @param explanation in plain words
	 * @param findings one by one
	 * @param clean whether all columns agree
	 */
	record LaneResult(long laneId, ClientId client, long ledgerUnits, long outboxUnits, long deliveredUnits,
			long otherUnits, @Nullable BigDecimal stripeUnits, @Nullable BigDecimal difference, String explanation,
			List<Found> findings, boolean clean) {

		LaneResult {
			findings = List.copyOf(findings);
		}

	}

	/** A difference, and what became of its repair. */
	record Found(Discrepancy discrepancy, @Nullable String outcome) {
	}

}
