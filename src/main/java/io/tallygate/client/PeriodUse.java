package io.tallygate.client;

import java.math.BigDecimal;
import java.time.Instant;

import io.r2dbc.spi.Readable;
import io.tallygate.core.Row;
import org.jspecify.annotations.Nullable;

/**
 * What a client has used of its caps, as the admin API shows it.
 *
 * @param start of the current period, inclusive
 * @param end of the current period, exclusive
 * @param usedQuantity in the ledger so far
 * @param softCapReached whether that is as much as the soft cap
 * @param softCapReachedAt when a request first reached it in this period
 * @param hardCapReached whether that is as much as the hard cap
 */
record PeriodUse(Instant start, Instant end, BigDecimal usedQuantity, boolean softCapReached,
		@Nullable Instant softCapReachedAt, boolean hardCapReached) {

	/** What {@code row} says of a client, nothing used where there is no row. */
	static PeriodUse of(Limits limits, UsagePeriod period, @Nullable Readable row) {
		long used = (row != null) ? Row.number(row, "quantity") : 0;
		return new PeriodUse(period.start(), period.end(), CapsBody.quantity(used),
				limits.softQuantity() != null && used >= limits.softQuantity(),
				(row != null) ? row.get("soft_reached_at", Instant.class) : null,
				limits.hardQuantity() != null && used >= limits.hardQuantity());
	}

}
