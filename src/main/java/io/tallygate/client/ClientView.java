package io.tallygate.client;

import java.time.Instant;
import java.util.List;

import com.fasterxml.jackson.annotation.JsonInclude;
import org.jspecify.annotations.Nullable;

/**
 * A client as the admin API shows it: what {@link ClientSettings} explains, and
 *
 * @param id ours
 * @param status active, paused or archived
 * @param billing on where Stripe is told, off where use is metered only
 * @param epoch the current one, counted from 1
 * @param period what it has used of its caps in the current period
 * @param alarms what is wrong with how it is billed
 * @param channels its ways in
 * @param subscription that was made with it, in the answer that made it only
 */
record ClientView(String id, String nickname, Platform platform, String status, String billing, int epoch,
		@Nullable String stripeCustomerId, @Nullable String stripeProductId, @Nullable String stripePriceId,
		ChargeBy chargeBy, long billingUnit, Report report, WeightsBody tokenWeights, @Nullable CapsBody caps,
		@Nullable RateLimitBody rateLimit, PeriodUse period, List<String> modelsAllowed, OnDisconnect onDisconnect,
		OnMissingUsage onMissingUsage, MessageCounts messageCounts, boolean replay, OnEpochClose onEpochClose,
		Instant createdAt, @Nullable Instant archivedAt, List<ClientAlarm> alarms, List<ChannelView> channels,
		@JsonInclude(JsonInclude.Include.NON_NULL) @Nullable NewSubscription subscription) {

	ClientView {
		alarms = List.copyOf(alarms);
		channels = List.copyOf(channels);
	}

	static ClientView of(StoredClient client, PeriodUse period, List<ClientAlarm> alarms, List<ChannelView> channels) {
		ClientSettings settings = client.settings();
		StripeGuard.StripeChoice stripe = settings.stripe();
		ChargePolicy policy = settings.policy();
		return new ClientView(client.id().value(), settings.nickname(), Platform.API, client.status(),
				(stripe != null) ? "on" : "off", client.epoch(), (stripe != null) ? stripe.customer() : null,
				(stripe != null) ? stripe.product() : null, (stripe != null) ? stripe.price() : null, policy.chargeBy(),
				policy.billingUnit(), policy.report(), WeightsBody.of(policy.weights()), CapsBody.of(settings.limits()),
				RateLimitBody.of(settings.limits()), period, settings.modelsAllowed(), settings.onDisconnect(),
				settings.onMissingUsage(), MessageCounts.REQUEST, false, settings.onEpochClose(), client.createdAt(),
				client.archivedAt(), alarms, channels, null);
	}

	/**
	 * As the answer that made it shows it: with its only channel's new key, and the
	 * subscription if one was made.
	 */
	ClientView with(ChannelView channel, @Nullable NewSubscription made) {
		return new ClientView(this.id, this.nickname, this.platform, this.status, this.billing, this.epoch,
				this.stripeCustomerId, this.stripeProductId, this.stripePriceId, this.chargeBy, this.billingUnit,
				this.report, this.tokenWeights, this.caps, this.rateLimit, this.period, this.modelsAllowed,
				this.onDisconnect, this.onMissingUsage, this.messageCounts, this.replay, this.onEpochClose,
				this.createdAt, this.archivedAt, this.alarms, List.of(channel), made);
	}

}
