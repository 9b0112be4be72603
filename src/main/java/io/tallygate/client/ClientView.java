package io.tallygate.client;

import java.time.Instant;
import java.util.List;

import org.jspecify.annotations.Nullable;

/**
 * A client as the admin API shows it: what {@link ClientSettings} explains, and
 *
 * @param id ours
 * @param status active, paused or archived
 * @param billing on where Stripe is told, off where use is metered only
 * @param epoch the current one, counted from 1
 * @param period what it has used of its caps in the current period
 * @param channels its ways in
 */
record ClientView(String id, String nickname, Platform platform, String status, String billing, int epoch,
		@Nullable String stripeCustomerId, @Nullable String stripeProductId, @Nullable String stripePriceId,
		ChargeBy chargeBy, long billingUnit, Report report, WeightsBody tokenWeights, @Nullable CapsBody caps,
		@Nullable RateLimitBody rateLimit, PeriodUse period, List<String> modelsAllowed, OnDisconnect onDisconnect,
		OnMissingUsage onMissingUsage, MessageCounts messageCounts, boolean replay, OnEpochClose onEpochClose,
		Instant createdAt, @Nullable Instant archivedAt, List<ChannelView> channels) {

	ClientView {
		channels = List.copyOf(channels);
	}

	static ClientView of(StoredClient client, PeriodUse period, List<ChannelView> channels) {
		ClientSettings settings = client.settings();
		StripeGuard.StripeChoice stripe = settings.stripe();
		ChargePolicy policy = settings.policy();
		return new ClientView(client.id().value(), settings.nickname(), Platform.API, client.status(),
				(stripe != null) ? "on" : "off", client.epoch(), (stripe != null) ? stripe.customer() : null,
				(stripe != null) ? stripe.product() : null, (stripe != null) ? stripe.price() : null, policy.chargeBy(),
				policy.billingUnit(), policy.report(), WeightsBody.of(policy.weights()), CapsBody.of(settings.limits()),
				RateLimitBody.of(settings.limits()), period, settings.modelsAllowed(), settings.onDisconnect(),
				settings.onMissingUsage(), MessageCounts.REQUEST, false, settings.onEpochClose(), client.createdAt(),
				client.archivedAt(), channels);
	}

}
