package io.tallygate.client;

import java.time.Instant;
import java.util.List;

import io.tallygate.core.ChannelId;
import io.tallygate.core.KeyId;
import io.tallygate.provider.ModelPattern;
import io.tallygate.provider.Providers;
import org.jspecify.annotations.Nullable;

/**
 * All that the data plane knows about the bearer of a channel key, held in memory.
 *
 * @param key the channel key
 * @param channel the way in
 * @param expiresAt when the key dies by itself, if it does
 * @param suspended why nothing is relayed (the client paused or archived, the agency
 * suspended), {@code null} when it is
 * @param terms the charge policy of now
 * @param modelsAllowed empty means all
 * @param drainsOnDisconnect whether the answer is read to its end for a client that hung
 * up
 * @param estimatesMissingUsage whether tokens are estimated when a successful answer
 * reports none
 * @param providers the agency's
 * @param nickname the agency's name for the client, for the console of the sandbox only
 */
public record ChannelAccess(KeyId key, ChannelId channel, @Nullable Instant expiresAt, @Nullable String suspended,
		Terms terms, List<ModelPattern> modelsAllowed, boolean drainsOnDisconnect, boolean estimatesMissingUsage,
		Providers providers, String nickname) {

	public ChannelAccess {
		modelsAllowed = List.copyOf(modelsAllowed);
	}

	/** The same with these providers. */
	ChannelAccess with(Providers others) {
		return new ChannelAccess(this.key, this.channel, this.expiresAt, this.suspended, this.terms, this.modelsAllowed,
				this.drainsOnDisconnect, this.estimatesMissingUsage, others, this.nickname);
	}

	/** Whether this client may use {@code model}. */
	public boolean allows(String model) {
		return this.modelsAllowed.isEmpty()
				|| this.modelsAllowed.stream().anyMatch((pattern) -> pattern.matches(model));
	}

}
