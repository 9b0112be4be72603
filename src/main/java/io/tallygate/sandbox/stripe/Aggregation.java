package io.tallygate.sandbox.stripe;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a meter's formula makes of a customer's events. They count only once they are
 * older than the lag.
 *
 * @param lag how long an event takes to be counted
 */
record Aggregation(Duration lag) {

	/** The whole of a time, from (inclusive) to (exclusive), 0 without events. */
	long total(Account account, JsonNode meter, String customer, Instant from, Instant to, Instant now) {
		long start = from.getEpochSecond();
		long end = to.getEpochSecond();
		return windows(account, meter, customer, start, end, end - start, now).getOrDefault(start, 0L);
	}

	/**
	 * The same by windows of {@code width} seconds from {@code start}; one without events
	 * is not there.
	 */
	Map<Long, Long> windows(Account account, JsonNode meter, String customer, long start, long end, long width,
			Instant now) {
		String formula = Json.text(meter.path("default_aggregation"), "formula");
		Instant aggregated = now.minus(this.lag);
		Map<Long, Long> sums = new TreeMap<>();
		Map<Long, AcceptedEvent> last = new TreeMap<>();
		for (AcceptedEvent event : account.events().of(customer, Json.text(meter, "id"))) {
			long at = event.timestamp().getEpochSecond();
			if (event.isCancelled() || event.receivedAt().isAfter(aggregated) || at < start || at >= end) {
				continue;
			}
			long from = start + (at - start) / width * width;
			if (formula.equals("last")) {
				AcceptedEvent latest = last.merge(from, event, Aggregation::later);
				sums.put(from, latest.value());
			}
			else {
				sums.merge(from, formula.equals("count") ? 1 : event.value(), Math::addExact);
			}
		}
		return sums;
	}

	private static AcceptedEvent later(AcceptedEvent one, @Nullable AcceptedEvent other) {
		return (other == null || one.timestamp().isAfter(other.timestamp())) ? one : other;
	}

}
