package io.tallygate.outbox;

import java.time.Instant;
import java.util.Comparator;
import java.util.List;

/**
 * Billing periods of a client that are over and whose invoice has left draft: what Stripe
 * is told of them later stands on no invoice.
 *
 * @param periods as far as they are known, in any order
 */
record ClosedPeriods(List<Period> periods) {

	/** No invoice is known: everything is taken to be open. */
	static final ClosedPeriods NONE = new ClosedPeriods(List.of());

	ClosedPeriods {
		periods = periods.stream().sorted(Comparator.comparing(Period::start)).toList();
	}

	/**
	 * A period as its invoice names it.
	 *
	 * @param start inclusive
	 * @param end exclusive
	 */
	record Period(Instant start, Instant end) {

		boolean contains(Instant at) {
			return !at.isBefore(this.start) && at.isBefore(this.end);
		}

	}

	/** Whether the invoice for what was used then has left draft. */
	boolean contain(Instant at) {
		return this.periods.stream().anyMatch((period) -> period.contains(at));
	}

	/**
	 * The instant itself where it is open, else the start of the oldest open period after
	 * it.
	 */
	Instant openFrom(Instant at) {
		Instant open = at;
		for (Period period : this.periods) {
			if (period.contains(open)) {
				open = period.end();
			}
		}
		return open;
	}

}
