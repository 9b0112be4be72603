package io.tallygate.stripe;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

import com.stripe.Stripe;
import com.stripe.StripeClient;
import com.stripe.exception.StripeException;
import com.stripe.model.WebhookEndpoint;
import com.stripe.model.v2.core.EventDestination;
import com.stripe.net.ApiResource;
import com.stripe.param.WebhookEndpointCreateParams;
import com.stripe.param.WebhookEndpointCreateParams.EnabledEvent;
import com.stripe.param.WebhookEndpointListParams;
import com.stripe.param.v2.core.EventDestinationCreateParams;
import com.stripe.param.v2.core.EventDestinationListParams;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Secret;
import reactor.core.publisher.Mono;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * How Stripe tells an agency's gateway what happened: endpoints that it posts to, in the
 * version of the API that we read, and the details of events that come without them.
 * Everything fails with a {@link StripeProblem} only.
 */
public final class StripeWebhooks {

	/** What is asked for with the object. */
	private static final List<EnabledEvent> SNAPSHOTS = List.of(EnabledEvent.CUSTOMER__SUBSCRIPTION__CREATED,
			EnabledEvent.CUSTOMER__SUBSCRIPTION__UPDATED, EnabledEvent.CUSTOMER__SUBSCRIPTION__DELETED,
			EnabledEvent.CUSTOMER__SUBSCRIPTION__PAUSED, EnabledEvent.CUSTOMER__SUBSCRIPTION__RESUMED,
			EnabledEvent.CUSTOMER__DELETED, EnabledEvent.INVOICE__CREATED, EnabledEvent.INVOICE__UPDATED,
			EnabledEvent.INVOICE__FINALIZED, EnabledEvent.INVOICE__FINALIZATION_FAILED, EnabledEvent.INVOICE__PAID,
			EnabledEvent.INVOICE__PAYMENT_FAILED, EnabledEvent.INVOICE__PAYMENT_ACTION_REQUIRED,
			EnabledEvent.INVOICE__MARKED_UNCOLLECTIBLE, EnabledEvent.INVOICE__VOIDED,
			EnabledEvent.CHECKOUT__SESSION__COMPLETED, EnabledEvent.PRICE__UPDATED, EnabledEvent.PRICE__DELETED,
			EnabledEvent.PRODUCT__UPDATED, EnabledEvent.PRODUCT__DELETED, EnabledEvent.BILLING__METER__UPDATED,
			EnabledEvent.BILLING__METER__DEACTIVATED, EnabledEvent.BILLING__METER__REACTIVATED);

	/** The version that the library reads; another one would come in words of its own. */
	private static final WebhookEndpointCreateParams.ApiVersion OURS = Arrays
		.stream(WebhookEndpointCreateParams.ApiVersion.values())
		.filter((version) -> version.getValue().equals(Stripe.API_VERSION))
		.findFirst()
		.orElseThrow();

	private static final String DESCRIPTION = "Tallygate";

	private static final long AT_ONCE = 100;

	private static final JsonMapper JSON = new JsonMapper();

	private final StripeCalls calls;

	StripeWebhooks(StripeCalls calls) {
		this.calls = calls;
	}

	/** An endpoint for events with their object. */
	public Mono<StripeEndpoint> createSnapshot(AgencyId agency, StripeWrite write, String url) {
		WebhookEndpointCreateParams.Builder params = WebhookEndpointCreateParams.builder()
			.setUrl(url)
			.setDescription(DESCRIPTION)
			.setApiVersion(OURS)
			.putMetadata(StripeWrite.METADATA, write.intent());
		SNAPSHOTS.forEach(params::addEnabledEvent);
		return this.calls.call(agency, (stripe) -> {
			WebhookEndpoint made = stripe.v1().webhookEndpoints().create(params.build(), StripeSetup.options(write));
			return new StripeEndpoint(made.getId(), made.getUrl(), Stripe.API_VERSION, Secret.of(made.getSecret()));
		});
	}

	/** An endpoint for what Stripe says later about usage. */
	public Mono<StripeEndpoint> createThin(AgencyId agency, StripeWrite write, String url) {
		EventDestinationCreateParams params = EventDestinationCreateParams.builder()
			.setName(DESCRIPTION)
			.setType(EventDestinationCreateParams.Type.WEBHOOK_ENDPOINT)
			.setEventPayload(EventDestinationCreateParams.EventPayload.THIN)
			.addEnabledEvent(MeterErrorReport.ERROR_REPORT)
			.addEnabledEvent(MeterErrorReport.NO_METER_FOUND)
			.setWebhookEndpoint(EventDestinationCreateParams.WebhookEndpoint.builder().setUrl(url).build())
			.addInclude(EventDestinationCreateParams.Include.WEBHOOK_ENDPOINT__SIGNING_SECRET)
			.putMetadata(StripeWrite.METADATA, write.intent())
			.build();
		return this.calls.call(agency, (stripe) -> {
			EventDestination made = stripe.v2().core().eventDestinations().create(params, StripeSetup.options(write));
			return new StripeEndpoint(made.getId(), url, Stripe.API_VERSION,
					Secret.of(made.getWebhookEndpoint().getSigningSecret()));
		});
	}

	/**
	 * Removes what this intent may have made: nobody knows its secret, so another one is
	 * made in its place.
	 */
	public Mono<Void> removeLost(AgencyId agency, StripeWrite write) {
		return this.calls.<Boolean>call(agency, (stripe) -> {
			for (String id : made(stripe, write)) {
				delete(stripe, id);
			}
			return true;
		}).then();
	}

	private static List<String> made(StripeClient stripe, StripeWrite write) throws StripeException {
		List<String> ids = new ArrayList<>();
		for (WebhookEndpoint each : stripe.v1()
			.webhookEndpoints()
			.list(WebhookEndpointListParams.builder().setLimit(AT_ONCE).build())
			.autoPagingIterable()) {
			if (StripeSetup.isOf(write, each.getMetadata())) {
				ids.add(each.getId());
			}
		}
		for (EventDestination each : stripe.v2()
			.core()
			.eventDestinations()
			.list(EventDestinationListParams.builder().setLimit(AT_ONCE).build())
			.autoPagingIterable()) {
			if (StripeSetup.isOf(write, each.getMetadata())) {
				ids.add(each.getId());
			}
		}
		return ids;
	}

	/** Removes an endpoint; one that is not there any more is removed. */
	public Mono<Void> remove(AgencyId agency, String id) {
		return this.calls.<Boolean>call(agency, (stripe) -> {
			delete(stripe, id);
			return true;
		})
			.onErrorResume(StripeProblem.class,
					(problem) -> (problem.kind() == StripeProblem.Kind.NOT_FOUND) ? Mono.empty() : Mono.error(problem))
			.then();
	}

	private static void delete(StripeClient stripe, String id) throws StripeException {
		if (id.startsWith("we_")) {
			stripe.v1().webhookEndpoints().delete(id);
		}
		else {
			stripe.v2().core().eventDestinations().delete(id);
		}
	}

	/**
	 * What a thin event about refused usage says. The library's own types for it can be
	 * made and not read, so this reads the answer itself.
	 */
	public Mono<MeterErrorReport> errorReport(AgencyId agency, String eventId) {
		return this.calls.call(agency, (stripe) -> report(JSON
			.readTree(stripe.rawRequest(ApiResource.RequestMethod.GET, "/v2/core/events/" + eventId, null).body())));
	}

	private static MeterErrorReport report(JsonNode event) {
		JsonNode reason = event.path("data").path("reason");
		List<MeterErrorReport.Refusal> refusals = new ArrayList<>();
		long known = 0;
		long told = 0;
		for (JsonNode type : reason.path("error_types")) {
			String code = type.path("code").asString("unknown");
			JsonNode samples = type.path("sample_errors");
			told += type.path("error_count").asLong(samples.size());
			if (isKnown(code, samples)) {
				known += type.path("error_count").asLong(samples.size());
				continue;
			}
			for (JsonNode sample : samples) {
				String identifier = sample.path("request").path("identifier").asString("");
				if (!identifier.isEmpty()) {
					refusals.add(
							refusal(identifier, code, sample.path("error_message").asString("Stripe gives no reason")));
				}
			}
		}
		return new MeterErrorReport(event.path("related_object").path("id").stringValue(null), refusals, known,
				reason.path("error_count").asLong(told),
				event.path("data").path("developer_message_summary").stringValue(null));
	}

	/**
	 * An identifier that came before, which is no refusal of what came with it first.
	 * Stripe documents no code for it, so either mark of its answer to a single call is
	 * enough.
	 */
	private static boolean isKnown(String code, JsonNode samples) {
		return code.equals("resource_already_exists") || code.contains("duplicate")
				|| samples.valueStream()
					.anyMatch((sample) -> sample.path("error_message")
						.asString("")
						.toLowerCase(java.util.Locale.ROOT)
						.contains("already exists with identifier"));
	}

	private static MeterErrorReport.Refusal refusal(String identifier, String code, String message) {
		return new MeterErrorReport.Refusal(identifier,
				new MeterEventAnswer.Refused(code, message, StripeMeterEvents.fault(code, message)));
	}

}
