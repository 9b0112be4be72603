package io.tallygate.billing;

import java.time.Clock;

import io.micrometer.core.instrument.MeterRegistry;
import io.tallygate.core.AgencyId;
import io.tallygate.core.Metric;
import io.tallygate.core.Problem;
import io.tallygate.stripe.WebhookNotice;
import io.tallygate.stripe.WebhookSignature;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Takes webhooks in, or refuses them:
 * <ol>
 * <li>an agency without a secret takes none: nobody could tell a forged one;</li>
 * <li>the body, byte for byte, is signed with one of its secrets, at a time near
 * ours;</li>
 * <li>it is of the agency's account and mode;</li>
 * <li>it goes into the inbox, once under its event id.</li>
 * </ol>
 * Only then is Stripe told that we have it.
 */
class WebhookReception {

	private static final Logger logger = LoggerFactory.getLogger(WebhookReception.class);

	private final WebhookSecrets secrets;

	private final WebhookInbox inbox;

	private final WebhookProcessing processing;

	private final Clock clock;

	private final MeterRegistry metrics;

	WebhookReception(WebhookSecrets secrets, WebhookInbox inbox, WebhookProcessing processing, Clock clock,
			MeterRegistry metrics) {
		this.secrets = secrets;
		this.inbox = inbox;
		this.processing = processing;
		this.clock = clock;
		this.metrics = metrics;
	}

	/**
	 * Takes one in; whether it came before makes no difference to Stripe.
	 * @return whether it is new
	 */
	Mono<Boolean> receive(AgencyId agency, @Nullable String signature, byte[] body) {
		return this.secrets.expected(agency)
			.filter((expected) -> !expected.secrets().isEmpty())
			.switchIfEmpty(Mono.error(() -> refused("off",
					new Problem(503, "webhooks_disabled",
							"Webhooks are off: the agency has no webhook secret for its connected Stripe account"))))
			.map((expected) -> genuine(expected, signature, body))
			.flatMap((notice) -> this.inbox.receive(agency, notice).doOnNext((first) -> taken(agency, notice, first)));
	}

	private WebhookNotice genuine(WebhookSecrets.Expected expected, @Nullable String signature, byte[] body) {
		switch (WebhookSignature.judge(signature, body, expected.secrets(), this.clock.instant())) {
			case MALFORMED -> throw refused("malformed",
					new Problem(400, "invalid_signature", "The Stripe-Signature header is missing or cannot be read"));
			case FORGED -> throw refused("forged", new Problem(400, "invalid_signature",
					"The body is signed with none of the agency's webhook secrets"));
			case STALE -> throw refused("stale", new Problem(400, "stale_signature", "It was signed more than "
					+ WebhookSignature.TOLERANCE.toSeconds() + " seconds before or after now"));
			case GENUINE -> {
			}
		}
		WebhookNotice notice = WebhookNotice.read(body);
		if (notice == null) {
			throw refused("unreadable", new Problem(400, "invalid_event", "The body is no event of Stripe's"));
		}
		if (notice.livemode() != expected.livemode()) {
			throw refused("other_mode", new Problem(400, "wrong_mode", "The event is of " + mode(notice.livemode())
					+ " mode and the agency is connected in " + mode(expected.livemode()) + " mode"));
		}
		if (notice.account() != null && !notice.account().equals(expected.account())) {
			throw refused("other_account",
					new Problem(400, "wrong_account", "The event is of another account than the connected one"));
		}
		return notice;
	}

	private void taken(AgencyId agency, WebhookNotice notice, boolean first) {
		count(first ? "taken" : "repeated");
		if (first) {
			logger.debug("Stripe tells {} of {}: {}", agency, notice.type(), notice.eventId());
			this.processing.ring();
		}
	}

	private Problem refused(String outcome, Problem problem) {
		count(outcome);
		return problem;
	}

	private void count(String outcome) {
		this.metrics.counter(Metric.WEBHOOKS.key(), "outcome", outcome).increment();
	}

	private static String mode(boolean livemode) {
		return livemode ? "live" : "test";
	}

}
