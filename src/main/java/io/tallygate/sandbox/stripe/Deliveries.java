package io.tallygate.sandbox.stripe;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;

import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Events on their way to endpoints: tried at once, then with growing pauses, until an
 * endpoint answers 2xx or has failed too often. Order is not kept, and an answer that got
 * lost makes a second delivery, as at Stripe.
 */
final class Deliveries {

	static final String KIND = "sandbox.delivery";

	private static final int ATTEMPTS_MAX = 16;

	private static final Duration PAUSE_MAX = Duration.ofHours(1);

	/** Deliveries under way at once, over all accounts. */
	private static final int UNDER_WAY_MAX = 32;

	private final Duration firstPause;

	private final Set<String> underWay = new HashSet<>();

	Deliveries(Duration firstPause) {
		this.firstPause = firstPause;
	}

	/**
	 * What is posted once.
	 *
	 * @param account whose event it is
	 * @param delivery which one of them
	 * @param url of the endpoint
	 * @param payload the exact text that was signed
	 * @param signature the header
	 */
	record Parcel(String account, String delivery, String url, String payload, String signature) {
	}

	/** Takes up what is due in an account. */
	List<Parcel> takeDue(Account account, Instant now) {
		List<Parcel> parcels = new ArrayList<>();
		for (ObjectNode delivery : account.all(KIND)) {
			String id = Json.text(delivery, "id");
			boolean isDue = delivery.path("next_at_ms").asLong() <= now.toEpochMilli();
			if (isDue && !this.underWay.contains(id) && this.underWay.size() < UNDER_WAY_MAX) {
				Parcel parcel = parcel(account, delivery, now);
				if (parcel != null) {
					this.underWay.add(id);
					parcels.add(parcel);
				}
			}
		}
		return parcels;
	}

	private static @Nullable Parcel parcel(Account account, ObjectNode delivery, Instant now) {
		ObjectNode endpoint = account.find(Json.text(delivery, "endpoint"));
		ObjectNode event = account.find(Json.text(delivery, "event"));
		if (endpoint == null || Account.isDeleted(endpoint) || event == null) {
			return null;
		}
		boolean isEndpoint = Json.text(endpoint, "object").equals(WebhookEndpointResource.KIND);
		String url = Json.text(isEndpoint ? endpoint : endpoint.path("webhook_endpoint"), "url");
		String secret = isEndpoint ? Json.text(endpoint, "secret")
				: Json.text(endpoint.path("webhook_endpoint"), "signing_secret");
		String version = endpoint.path(isEndpoint ? "api_version" : "snapshot_api_version").stringValue(null);
		ObjectNode told = Json.text(event, "object").equals(ThinEvents.KIND) ? ThinEvents.notification(event)
				: event.deepCopy();
		if (version != null && told.has("api_version")) {
			told.put("api_version", version);
		}
		String payload = Json.write(told);
		long at = now.getEpochSecond();
		return new Parcel(account.id(), Json.text(delivery, "id"), url, payload,
				"t=" + at + ",v1=" + sign(secret, at + "." + payload));
	}

	/** What became of a parcel: over, or to be tried again. */
	Outcome<Boolean> settle(Account account, String id, boolean isTaken, Instant now) {
		this.underWay.remove(id);
		ObjectNode kept = account.find(KIND, id);
		if (kept == null) {
			return Outcome.unchanged(true);
		}
		ObjectNode delivery = kept.deepCopy();
		int attempts = delivery.path("attempts").asInt() + 1;
		delivery.put("attempts", attempts);
		if (isTaken || attempts >= ATTEMPTS_MAX) {
			delivery.put("state", isTaken ? "delivered" : "given_up");
		}
		else {
			long pause = Math.min(this.firstPause.toMillis() << (attempts - 1), PAUSE_MAX.toMillis());
			delivery.put("next_at_ms", now.toEpochMilli() + pause);
		}
		ObjectNode change = Json.object().set("put", delivery);
		account.apply(change);
		ObjectNode line = Json.object().put("account", account.id());
		line.putArray("changes").add(change);
		return new Outcome<>(true, line);
	}

	/** The endpoint will not be heard of again, or only later. */
	static boolean isOver(ObjectNode delivery) {
		return !Json.text(delivery, "state").equals("due");
	}

	private static String sign(String secret, String text) {
		try {
			Mac mac = Mac.getInstance("HmacSHA256");
			mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
			return HexFormat.of().formatHex(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
		}
		catch (GeneralSecurityException ex) {
			throw new IllegalStateException("Every JVM has HMAC-SHA-256", ex);
		}
	}

}
