package io.tallygate.billing;

import java.time.Instant;
import java.util.List;
import java.util.Locale;

import io.tallygate.core.AdminRequest;
import io.tallygate.core.Caller;
import io.tallygate.core.Faults;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import io.tallygate.stripe.StripeEndpoint;
import io.tallygate.stripe.WebhookNotice;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Registers the gateway's webhooks, and shows what Stripe has told. */
@RestController
@RequestMapping("/admin/v1")
class WebhookAdminController {

	private final WebhookRegistration registration;

	private final WebhookInbox inbox;

	private final WebhookProcessing processing;

	WebhookAdminController(WebhookRegistration registration, WebhookInbox inbox, WebhookProcessing processing) {
		this.registration = registration;
		this.inbox = inbox;
		this.processing = processing;
	}

	/**
	 * Where Stripe reaches us.
	 *
	 * @param url of the gateway, if not the configured public one
	 */
	record Registering(@Nullable String url) {
	}

	/**
	 * What was registered.
	 *
	 * @param url that Stripe posts to
	 * @param snapshot for events with their object
	 * @param thin for what Stripe says later about usage
	 */
	record Registered(String url, Endpoint snapshot, Endpoint thin) {
	}

	/**
	 * An endpoint.
	 *
	 * @param id Stripe's
	 * @param apiVersion in which objects come
	 * @param secretLast4 of its signing secret, which is kept here
	 */
	record Endpoint(String id, String apiVersion, String secretLast4) {

		static Endpoint of(StripeEndpoint endpoint) {
			return new Endpoint(endpoint.id(), endpoint.apiVersion(), endpoint.secret().last4());
		}

	}

	/**
	 * An event that Stripe told.
	 *
	 * @param id ours
	 * @param eventId Stripe's
	 * @param kind whether the object came with it
	 * @param type what happened
	 * @param apiVersion in which the object came
	 * @param objectId what it happened to
	 * @param stripeCustomerId whose that is
	 * @param createdAt when it happened
	 * @param receivedAt when it came first
	 * @param deliveries how often it came
	 * @param state received, done, ignored or failed
	 * @param note what was made of it, or what went wrong
	 * @param attempts how often it was taken up
	 * @param doneAt when it was worked off
	 */
	record Event(String id, String eventId, WebhookNotice.Kind kind, String type, @Nullable String apiVersion,
			@Nullable String objectId, @Nullable String stripeCustomerId, Instant createdAt, Instant receivedAt,
			int deliveries, WebhookEvent.State state, @Nullable String note, int attempts, @Nullable Instant doneAt) {

		static Event of(WebhookEvent event) {
			return new Event(event.id(), event.eventId(), event.kind(), event.type(), event.apiVersion(),
					event.objectId(), event.customerId(), event.createdAt(), event.receivedAt(), event.deliveries(),
					event.state(), event.note(), event.attempts(), event.doneAt());
		}

	}

	/** Registers both endpoints, in place of those registered before. */
	@PostMapping("/stripe/webhook_endpoints")
	@ResponseStatus(HttpStatus.CREATED)
	Mono<Registered> register(Caller.OfAgency caller, AdminRequest request,
			@RequestBody(required = false) @Nullable Registering body) {
		String base = (body != null) ? body.url() : null;
		if (base != null) {
			Faults faults = new Faults();
			StripeBodies.url(faults, "/url", base);
			faults.throwIfAny();
		}
		return this.registration.register(caller.agency(), request, base)
			.map((made) -> new Registered(made.snapshot().url(), Endpoint.of(made.snapshot()),
					Endpoint.of(made.thin())));
	}

	@GetMapping("/webhook_events")
	Mono<Page<Event>> events(Caller.OfAgency caller, @RequestParam(required = false) @Nullable String state,
			@RequestParam(required = false) @Nullable String type, PageRequest page) {
		return this.inbox.page(caller.agency(), state(state), type, page).map((found) -> found.map(Event::of));
	}

	/** Works an event off again: state is read from Stripe, so this does no harm. */
	@PostMapping("/webhook_events/{id}/replay")
	Mono<Event> replay(Caller.OfAgency caller, @PathVariable String id) {
		if (!Ids.isId(WebhookEvent.PREFIX, id)) {
			throw Problem.notFound("webhook event", id);
		}
		return this.inbox.replay(caller.agency(), id).doOnNext((event) -> this.processing.ring()).map(Event::of);
	}

	private static WebhookEvent.@Nullable State state(@Nullable String text) {
		if (text == null) {
			return null;
		}
		for (WebhookEvent.State each : List.of(WebhookEvent.State.values())) {
			if (each.text().equals(text.toLowerCase(Locale.ROOT))) {
				return each;
			}
		}
		throw Problem.invalid("/state", "state must be one of received, done, ignored, failed but was '" + text + "'");
	}

}
