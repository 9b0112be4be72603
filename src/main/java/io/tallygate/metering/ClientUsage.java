package io.tallygate.metering;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import org.jspecify.annotations.Nullable;

/**
 * What a client used in a period, and how far its current billing unit has come.
 *
 * @param from inclusive
 * @param to exclusive
 * @param total all of the period
 * @param adjustments what people corrected of it; no part of the total
 * @param progress the current epoch, at this moment
 * @param buckets the period in parts, oldest first
 */
record ClientUsage(Instant from, Instant to, Sums total, Corrected adjustments, Progress progress,
		List<Bucket> buckets) {

	static ClientUsage of(Period period, Corrected adjustments, Progress progress, List<Bucket> buckets) {
		Sums total = buckets.stream().map(Bucket::sums).reduce(Sums.NONE, Sums::plus);
		return new ClientUsage(period.from(), period.to(), total, adjustments, progress, buckets);
	}

	/**
	 * What people corrected.
	 *
	 * @param count how often
	 * @param quantity what it comes to, negative where too much was counted
	 */
	record Corrected(long count, BigDecimal quantity) {
	}

	/** What a number of exchanges come to. */
	record Sums(long requests, long messages, long inputTokens, long cachedInputTokens, long cacheWriteTokens,
			long outputTokens, long reasoningTokens, long totalTokens, BigDecimal quantity, long units,
			long estimatedRequests, long orphanedRequests) {

		static final Sums NONE = new Sums(0, 0, 0, 0, 0, 0, 0, 0, BigDecimal.ZERO, 0, 0, 0);

		Sums plus(Sums other) {
			return new Sums(this.requests + other.requests, this.messages + other.messages,
					this.inputTokens + other.inputTokens, this.cachedInputTokens + other.cachedInputTokens,
					this.cacheWriteTokens + other.cacheWriteTokens, this.outputTokens + other.outputTokens,
					this.reasoningTokens + other.reasoningTokens, this.totalTokens + other.totalTokens,
					Thousandths.sum(this.quantity, other.quantity), this.units + other.units,
					this.estimatedRequests + other.estimatedRequests, this.orphanedRequests + other.orphanedRequests);
		}

	}

	/**
	 * One part of the period.
	 *
	 * @param start of the hour, day or month, in UTC
	 * @param group the model, channel or provider, where the parts are told apart by it
	 * @param sums what it comes to
	 */
	record Bucket(Instant start, @Nullable String group, @JsonUnwrapped Sums sums) {
	}

	/**
	 * How far the client's current epoch has come.
	 *
	 * @param quantityInUnit what has been used of the unit that is not complete
	 * @param billingUnit how much makes a unit
	 * @param unitsCrossed what Stripe has to be told in the end
	 * @param unitsDelivered what Stripe has taken
	 */
	record Progress(BigDecimal quantityInUnit, long billingUnit, long unitsCrossed, long unitsDelivered) {
	}

}
