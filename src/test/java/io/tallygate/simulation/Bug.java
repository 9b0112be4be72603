package io.tallygate.simulation;

import java.util.Set;

/**
 * Mistakes that one could make, planted one at a time to see that the simulation finds
 * them. Each was made by somebody, somewhere.
 */
public enum Bug {

	/** The code as it is. */
	NONE,

	// In Redis.

	/** A repeated close raises the total before it is found out. */
	INCRBY_BEFORE_THE_GUARD,
	/** Not the closed marker says that a close is a repeat, but that no mark is there. */
	CLOSE_GUARDED_BY_THE_OPEN_MARK,
	/** A repeated acknowledgement takes the pending quantity away again. */
	ACKNOWLEDGED_TWICE,
	/** An acknowledgement that comes late sets the base back. */
	BASE_WITHOUT_ITS_VERSION,
	/** A close that comes late, after its repeat was acknowledged, is counted again. */
	NO_CLOSED_MARKER,

	// Of limits.

	/** A cap is held against what was used, and not against what is reserved. */
	CAP_WITHOUT_RESERVATIONS,
	/** A mark that is given again reserves again. */
	MARKED_AGAIN_AND_RESERVED_AGAIN,
	/** An acknowledgement takes the mark and leaves its reservation. */
	RESERVATION_LEFT_BY_AN_ACKNOWLEDGEMENT,
	/** What was used goes on being known in another generation. */
	USE_OUTLIVES_ITS_GENERATION,
	/** What was used in one period is known of the next. */
	USE_OUTLIVES_ITS_PERIOD,
	/** A word of PostgreSQL that comes late sets back what was used. */
	USE_WITHOUT_ITS_VERSION,
	/** What was used is not asked again after a mark was struck. */
	USE_KNOWN_THOUGH_A_MARK_WAS_STRUCK,
	/** What was written while Redis was away is not told to it. */
	USE_TOLD_ONLY_WITH_PENDING_ENTRIES,

	// In the ledger.

	/** A repeated batch is folded again, though its lines are not inserted again. */
	REPEATED_ENTRIES_ARE_FOLDED,
	/** The ledger is only given what Redis has taken. */
	LEDGER_ONLY_AFTER_REDIS,
	/** A batch whose commit was not answered is taken for written. */
	APPEND_NOT_REPEATED,
	/** A remainder leaves the old epoch and does not arrive in the new one. */
	REMAINDER_LOST_ON_THE_WAY,

	// Around an exchange.

	/** A caller who hangs up is not charged. */
	SETTLED_ONLY_ON_COMPLETION,
	/** Nobody looks after what the dead left. */
	NO_SWEEPER,
	/** A Redis that forgot everything is not given the open marks again. */
	MARKS_NOT_GIVEN_AGAIN,
	/** What the dead had closed is called an orphan as well. */
	ORPHAN_THOUGH_COUNTED,

	// In the outbox.

	/** The account is cut and the row is lost. */
	CUT_WITHOUT_ROW,
	/** The row is stored and the account is not cut. */
	ROW_WITHOUT_CUT,
	/** A row that is sent again has another identifier. */
	IDENTIFIER_RECOMPUTED,
	/** A row that is sent again is dated anew. */
	DATED_WHEN_SENT,
	/** Units that came meanwhile are added to a row that was sent. */
	VALUE_GROWS_WHILE_SENDING,
	/** A lane is an agency's, and two agencies have the same customer of one account. */
	LANE_BY_AGENCY,
	/** What Stripe has already is taken for refused. */
	DUPLICATE_TAKEN_FOR_REFUSED,
	/** A doubt of a day is forgotten, and the row is sent again. */
	DOUBT_FORGOTTEN,
	/** Only the row's own account is known when the summaries are read. */
	KNOWN_OF_ONE_ACCOUNT,
	/** A 500 is taken for a refusal that changed nothing. */
	FAILURE_TAKEN_FOR_REFUSAL,
	/** Units are dated when they were completed, whatever has become of that invoice. */
	DATED_INTO_AN_INVOICE,

	// After PostgreSQL has lost commits.

	/** Nobody looks whether it remembers what was committed. */
	LOST_COMMITS_NOT_NOTICED,
	/** The entries that Redis keeps are not written again. */
	ENTRIES_NOT_RESTORED,
	/** Lanes go on without a look at Stripe's summaries. */
	LANES_NOT_SETTLED,
	/** What Stripe has of lost rows is not taken into the outbox. */
	LOST_ROWS_NOT_RECOVERED,
	/** What was used keeps the versions that Redis knows by another history. */
	USE_GOES_ON_AFTER_LOST_COMMITS;

	/** What brings it to light soonest. */
	Set<Trouble> provokedBy() {
		return switch (this) {
			case MARKS_NOT_GIVEN_AGAIN -> Set.of(Trouble.REDIS_FORGETS, Trouble.DEATHS);
			case CLOSE_GUARDED_BY_THE_OPEN_MARK -> Set.of(Trouble.REDIS_AWAY);
			case LEDGER_ONLY_AFTER_REDIS -> Set.of(Trouble.REDIS_FORGETS);
			case NO_SWEEPER, ORPHAN_THOUGH_COUNTED -> Set.of(Trouble.DEATHS);
			case USE_OUTLIVES_ITS_GENERATION -> Set.of(Trouble.REDIS_FAILS_OVER);
			case USE_WITHOUT_ITS_VERSION, USE_KNOWN_THOUGH_A_MARK_WAS_STRUCK, NO_CLOSED_MARKER ->
				Set.of(Trouble.NETWORK);
			case DOUBT_FORGOTTEN, KNOWN_OF_ONE_ACCOUNT, DATED_INTO_AN_INVOICE -> Set.of(Trouble.STRIPE_AWAY);
			case LOST_COMMITS_NOT_NOTICED, ENTRIES_NOT_RESTORED, LANES_NOT_SETTLED, LOST_ROWS_NOT_RECOVERED,
					USE_GOES_ON_AFTER_LOST_COMMITS ->
				Set.of(Trouble.POSTGRES_ROLLS_BACK);
			default -> Set.of();
		};
	}

}
