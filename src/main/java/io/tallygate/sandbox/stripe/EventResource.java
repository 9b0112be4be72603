package io.tallygate.sandbox.stripe;

import java.util.List;

/** {@code /v1/events}: what happened, newest first. */
final class EventResource {

	static final String KIND = "event";

	private static final String URL = "/v1/events";

	List<Route> routes() {
		return List.of(new Route("GET", URL, "rak_event_read",
				Allowed.of("limit", "starting_after", "ending_before", "type", "types[]", "created", "created[**]"),
				(call) -> {
					List<String> types = call.params().texts("types");
					return Listing.page(call, URL,
							call.account()
								.all(KIND)
								.stream()
								.filter((event) -> Listing.matches(call.params(), "type", event))
								.filter((event) -> types.isEmpty() || types.contains(Json.text(event, "type")))
								.filter((event) -> Listing.isCreatedWithin(call.params(), event))
								.toList());
				}),
				new Route("GET", URL + "/{id}", "rak_event_read", Allowed.of(), (call) -> call.subject(KIND, KIND)));
	}

}
