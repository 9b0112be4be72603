package io.tallygate.stripe;

import io.tallygate.core.Secret;

/**
 * A webhook endpoint that was registered at Stripe just now.
 *
 * @param id {@code we_…}, or {@code ed_…} of an event destination
 * @param url where Stripe posts to
 * @param apiVersion in which its objects come
 * @param secret which signs what is posted; Stripe shows it this once
 */
public record StripeEndpoint(String id, String url, String apiVersion, Secret secret) {
}
