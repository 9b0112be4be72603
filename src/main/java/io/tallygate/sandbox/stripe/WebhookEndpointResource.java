package io.tallygate.sandbox.stripe;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * {@code /v1/webhook_endpoints}: who is told of what, with whole objects. The signing
 * secret is shown once.
 */
final class WebhookEndpointResource {

	static final String KIND = "webhook_endpoint";

	/** Stripe's own bound on the endpoints of an account. */
	private static final int COUNT_MAX = 16;

	private static final String URL = "/v1/webhook_endpoints";

	private static final String READ = "rak_webhook_read";

	private static final String WRITE = "rak_webhook_write";

	private static final Allowed CREATE = Allowed.of("api_version", "connect", "description", "enabled_events[]",
			"metadata[*]", "url");

	private static final Allowed UPDATE = Allowed.of("description", "disabled", "enabled_events[]", "metadata",
			"metadata[*]", "url");

	List<Route> routes() {
		return List.of(new Route("POST", URL, WRITE, CREATE, WebhookEndpointResource::create), new Route("GET", URL,
				READ, Allowed.of("limit", "starting_after", "ending_before"),
				(call) -> Listing.page(call, URL,
						call.account().all(KIND).stream().map(WebhookEndpointResource::withoutSecret).toList())),
				new Route("GET", URL + "/{id}", READ, Allowed.of(), (call) -> withoutSecret(endpoint(call))),
				new Route("POST", URL + "/{id}", WRITE, UPDATE, WebhookEndpointResource::update),
				new Route("DELETE", URL + "/{id}", WRITE, Allowed.of(), WebhookEndpointResource::delete));
	}

	private static ObjectNode create(Call call) {
		Params params = call.params();
		if (call.account().all(KIND).size() >= COUNT_MAX) {
			throw StripeProblem.invalid(null, null,
					"You have reached the maximum of " + COUNT_MAX + " test webhook endpoints.");
		}
		ObjectNode endpoint = call.create(KIND, "we_")
			.put("api_version", params.text("api_version"))
			.putNull("application")
			.putNull("description")
			.put("secret", "whsec_" + call.newId(""))
			.put("status", "enabled")
			.put("url", url(params));
		endpoint.putObject("metadata");
		events(params, endpoint);
		call.mergeTexts(endpoint, "description");
		call.mergeMetadata(endpoint);
		return call.save(endpoint);
	}

	private static ObjectNode update(Call call) {
		ObjectNode endpoint = endpoint(call);
		if (call.params().has("url")) {
			endpoint.put("url", url(call.params()));
		}
		if (call.params().has("enabled_events")) {
			events(call.params(), endpoint);
		}
		Boolean disabled = call.params().flag("disabled");
		if (disabled != null) {
			endpoint.put("status", disabled ? "disabled" : "enabled");
		}
		call.mergeTexts(endpoint, "description");
		call.mergeMetadata(endpoint);
		return withoutSecret(call.save(endpoint));
	}

	private static ObjectNode delete(Call call) {
		ObjectNode endpoint = endpoint(call);
		return call.save(Json.object().put("id", Json.text(endpoint, "id")).put("object", KIND).put("deleted", true));
	}

	private static ObjectNode endpoint(Call call) {
		ObjectNode endpoint = call.subject(KIND, "webhook endpoint");
		if (Account.isDeleted(endpoint)) {
			throw StripeProblem.notFound("webhook endpoint", call.pathId());
		}
		return endpoint;
	}

	static String url(Params params) {
		String url = params.required("url", 5_000);
		try {
			URI parsed = new URI(url);
			if (url.matches("https?://.+") && parsed.getHost() != null) {
				return url;
			}
		}
		catch (URISyntaxException ex) {
			// Refused below, like one of another scheme.
		}
		throw StripeProblem.invalid("url_invalid", params.name("url"), "Not a valid URL");
	}

	static void events(Params params, ObjectNode endpoint) {
		List<String> events = params.texts("enabled_events");
		if (events.isEmpty()) {
			throw StripeProblem.invalid("parameter_missing", "enabled_events",
					"Missing required param: enabled_events.");
		}
		List<String> wrong = events.stream()
			.filter((event) -> !event.equals("*") && !event.matches("[a-z0-9_]+(\\.[a-z0-9_]+)+"))
			.toList();
		if (!wrong.isEmpty()) {
			throw StripeProblem.invalid(null, "enabled_events", "The following events are not valid: " + wrong);
		}
		events.forEach(endpoint.putArray("enabled_events")::add);
	}

	/** Whether this endpoint or destination wants to hear of events of this type. */
	static boolean wants(JsonNode endpoint, String type) {
		return Json.text(endpoint, "status").equals("enabled") && endpoint.path("enabled_events")
			.valueStream()
			.anyMatch((event) -> event.asString("").equals("*") || event.asString("").equals(type));
	}

	private static ObjectNode withoutSecret(ObjectNode endpoint) {
		ObjectNode shown = endpoint.deepCopy();
		shown.remove("secret");
		return shown;
	}

}
