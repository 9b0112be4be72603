package io.tallygate.sandbox.stripe;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/billing/meters/{id}/event_summaries}: what has been aggregated. A window
 * without events has no summary.
 */
final class EventSummaryResource {

	private static final String URL = "/v1/billing/meters/{id}/event_summaries";

	private static final Allowed LIST = Allowed.of("customer", "start_time", "end_time", "value_grouping_window",
			"limit", "starting_after", "ending_before");

	private final Aggregation aggregation;

	EventSummaryResource(Aggregation aggregation) {
		this.aggregation = aggregation;
	}

	List<Route> routes() {
		return List.of(new Route("GET", URL, "rak_billing_meter_read", LIST, this::list));
	}

	private ObjectNode list(Call call) {
		Params params = call.params();
		ObjectNode meter = call.subject(MeterResource.KIND, "billing meter");
		String customer = params.required("customer", 100);
		if (call.account().find(CustomerResource.KIND, customer) == null) {
			throw StripeProblem.noSuch("customer", customer, "customer");
		}
		String window = params.choice("value_grouping_window", "day", "hour");
		long grid = (window == null) ? 60 : window.equals("hour") ? 3_600 : 86_400;
		long start = time(params, "start_time", grid);
		long end = time(params, "end_time", grid);
		if (end <= start) {
			throw StripeProblem.invalid(null, "end_time", "end_time must be after start_time.");
		}
		Map<Long, Long> sums = this.aggregation.windows(call.account(), meter, customer, start, end,
				(window == null) ? end - start : grid, call.now());
		List<ObjectNode> summaries = new ArrayList<>();
		sums.forEach((from, sum) -> summaries
			.add(summary(meter, customer, from, (window == null) ? end : from + grid, sum)));
		Collections.reverse(summaries);
		return Listing.page(call, URL.replace("{id}", call.pathId()), summaries);
	}

	private static long time(Params params, String name, long grid) {
		params.required(name, 20);
		Long time = params.whole(name);
		if (time == null || time % grid != 0) {
			String unit = (grid == 60) ? "minute" : (grid == 3_600) ? "hour" : "UTC day";
			throw StripeProblem.invalid(null, name, "`" + name + "` must be aligned with " + unit + " boundaries.");
		}
		return time;
	}

	private static ObjectNode summary(ObjectNode meter, String customer, long start, long end, long sum) {
		String meterId = Json.text(meter, "id");
		return Json.object()
			.put("id", "mtrusg_" + Integer.toHexString((meterId + customer).hashCode()) + "_" + start + "_" + end)
			.put("object", "billing.meter_event_summary")
			.put("aggregated_value", sum)
			.put("end_time", end)
			.put("livemode", false)
			.put("meter", meterId)
			.put("start_time", start);
	}

}
