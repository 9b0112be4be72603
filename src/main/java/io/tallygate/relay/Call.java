package io.tallygate.relay;

import java.time.Instant;

import io.netty.handler.codec.http.HttpHeaders;
import io.tallygate.client.ChannelAccess;
import io.tallygate.client.ChargePolicy;
import io.tallygate.core.RequestId;
import io.tallygate.metering.Opening;
import io.tallygate.provider.ChatRequest;
import io.tallygate.provider.Provider;

/**
 * One request that may be relayed: everything that is known of it before it is opened.
 *
 * @param id ours
 * @param arrival on the clock of {@link System#nanoTime()}
 * @param access who calls
 * @param headers as the client sent them
 * @param body as the client sent it
 * @param request what the body asks for
 * @param provider who serves it
 */
record Call(RequestId id, long arrival, ChannelAccess access, HttpHeaders headers, RequestBody body,
		ChatRequest request, Provider provider) {

	/** What a ledger line calls this API. */
	static final String API = "chat.completions";

	/** Reserved for an answer whose length the client did not bound. */
	private static final long OUTPUT_TOKENS_DEFAULT = 16_384;

	/** No reservation is larger, whatever a client asks for. */
	private static final long OUTPUT_TOKENS_MAX = 1_000_000;

	/** No provider makes more choices. */
	private static final int CHOICES_MAX = 128;

	private static final int BYTES_PER_TOKEN = 4;

	/** What metering is asked to admit. */
	Opening opening(Instant now) {
		ChargePolicy policy = this.access.terms().policy();
		long input = this.body.bytes().length / BYTES_PER_TOKEN;
		long output = outputTokensMax();
		return new Opening(this.id, this.access.channel(), this.access.terms(), policy.quantityMax(input, output),
				input + output, now);
	}

	/** Whether a usage chunk comes that the client must not see. */
	boolean hidesUsageChunk() {
		return this.request.stream() && !this.request.asksUsage() && this.provider.supportsStreamUsage();
	}

	/** The body for the provider. */
	byte[] bodyForProvider() {
		return this.provider.supportsStreamUsage() ? this.request.askingUsage(this.body.bytes()) : this.body.bytes();
	}

	private long outputTokensMax() {
		long output = (this.request.maxOutputTokens() >= 0) ? this.request.maxOutputTokens() : OUTPUT_TOKENS_DEFAULT;
		long choices = Math.min(Math.max(1, this.request.choices()), CHOICES_MAX);
		return Math.min(output, OUTPUT_TOKENS_MAX) * choices;
	}

}
