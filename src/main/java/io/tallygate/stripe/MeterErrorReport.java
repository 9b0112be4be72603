package io.tallygate.stripe;

import java.util.List;

import io.tallygate.stripe.MeterEventAnswer.Refused;
import org.jspecify.annotations.Nullable;

/**
 * What Stripe says later about meter events that it had accepted: how many it refused,
 * and some of them by their identifier.
 *
 * @param meterId of the meter, if there is one
 * @param refusals those that it names
 * @param known how many it does not count because it knows their identifier: they are at
 * Stripe already, so nothing is wrong with them
 * @param count of all, those that it names and those that are known included
 * @param summary in Stripe's words
 */
public record MeterErrorReport(@Nullable String meterId, List<Refusal> refusals, long known, long count,
		@Nullable String summary) {

	/** Events that were accepted and are refused after all. */
	public static final String ERROR_REPORT = "v1.billing.meter.error_report_triggered";

	/** Events whose event name no meter has. */
	public static final String NO_METER_FOUND = "v1.billing.meter.no_meter_found";

	public MeterErrorReport {
		refusals = List.copyOf(refusals);
	}

	/**
	 * One event that is refused.
	 *
	 * @param identifier ours, if it is ours
	 * @param refused why
	 */
	public record Refusal(String identifier, Refused refused) {
	}

	/** How many events were refused, named or not. */
	public long refused() {
		return Math.max(0, this.count - this.known);
	}

	/** How many events were refused that it does not name. */
	public long unnamed() {
		return Math.max(0, refused() - this.refusals.size());
	}

}
