package io.tallygate.stripe;

import com.stripe.model.billing.Meter;
import org.jspecify.annotations.Nullable;

/**
 * A meter at Stripe.
 *
 * @param id {@code mtr_…}
 * @param displayName the agency's word for it
 * @param eventName the name under which it takes events
 * @param active whether it takes events at all
 * @param formula "sum", "count" or "last"
 * @param eventTimeWindow set when a later event overwrites an earlier one of the same
 * hour or day
 * @param takesOurEvents whether it looks for customer and value where we write them
 */
public record StripeMeter(String id, String displayName, String eventName, boolean active, String formula,
		@Nullable String eventTimeWindow, boolean takesOurEvents) {

	static StripeMeter of(Meter meter) {
		return new StripeMeter(meter.getId(), meter.getDisplayName(), meter.getEventName(),
				"active".equals(meter.getStatus()), meter.getDefaultAggregation().getFormula(),
				meter.getEventTimeWindow(), takesOurEvents(meter));
	}

	private static boolean takesOurEvents(Meter meter) {
		Meter.CustomerMapping customer = meter.getCustomerMapping();
		Meter.ValueSettings value = meter.getValueSettings();
		return (customer == null || StripeMeterEvents.CUSTOMER_KEY.equals(customer.getEventPayloadKey()))
				&& (value == null || StripeMeterEvents.VALUE_KEY.equals(value.getEventPayloadKey()));
	}

}
