package io.tallygate.metering;

import java.math.BigDecimal;
import java.time.Instant;
import java.util.Objects;

import io.r2dbc.spi.Readable;
import org.jspecify.annotations.Nullable;

/**
 * A line of the ledger as the admin API shows it, or an orphan among them: an exchange
 * whose end nobody saw, which is not charged.
 *
 * @param id ours
 * @param kind "exchange", or what is carried, rounded or corrected
 * @param requestId the exchange
 * @param clientId who is billed
 * @param channelId how it came in
 * @param provider the agency's word for who answered
 * @param providerId who answered
 * @param model the model that the client asked for
 * @param api what was called
 * @param status billed, free, estimated or orphaned
 * @param usage the counts, by class
 * @param messages 1 if it counts as a message
 * @param quantity what it added to the client's total
 * @param chargeBy what was counted
 * @param epoch the client's epoch
 * @param totalBefore the client's total in that epoch without it, none for an orphan
 * @param totalAfter the client's total in that epoch with it, none for an orphan
 * @param units the billing units that it completed
 * @param reserved for an orphan, the most that it may have used
 * @param occurredAt the end of the answer
 * @param httpStatus what the client was answered
 * @param streamed whether the answer came as a stream
 * @param clientDisconnected whether the client hung up before the end
 * @param providerRequestId the provider's own id of the exchange
 * @param durationMs from the request's arrival to the end of the answer
 * @param ttftMs from the request's arrival to the first content byte
 * @param note why a line that is no exchange stands here
 */
record LedgerEntry(String id, String kind, @Nullable String requestId, String clientId, @Nullable String channelId,
		@Nullable String provider, @Nullable String providerId, @Nullable String model, @Nullable String api,
		String status, Counts usage, int messages, BigDecimal quantity, @Nullable String chargeBy, int epoch,
		@Nullable BigDecimal totalBefore, @Nullable BigDecimal totalAfter, long units, @Nullable BigDecimal reserved,
		Instant occurredAt, @Nullable Integer httpStatus, boolean streamed, boolean clientDisconnected,
		@Nullable String providerRequestId, @Nullable Long durationMs, @Nullable Long ttftMs, @Nullable String note) {

	/**
	 * Tokens by class; what was not reported is none, never 0.
	 */
	record Counts(@Nullable Long inputTokens, @Nullable Long cachedInputTokens, @Nullable Long cacheWriteTokens,
			@Nullable Long outputTokens, @Nullable Long reasoningTokens, @Nullable Long totalTokens) {
	}

	static LedgerEntry of(Readable row) {
		return new LedgerEntry(text(row, "id"), text(row, "kind"), row.get("request_id", String.class),
				text(row, "client_id"), row.get("channel_id", String.class), row.get("provider", String.class),
				row.get("provider_id", String.class), row.get("model", String.class), row.get("api", String.class),
				text(row, "status"), counts(row), number(row, "messages").intValue(),
				Thousandths.decimal(number(row, "quantity")), row.get("charge_by", String.class),
				number(row, "epoch").intValue(), decimal(row, "total_before"), decimal(row, "total_after"),
				number(row, "units"), decimal(row, "reserved"),
				Objects.requireNonNull(row.get("occurred_at", Instant.class)), row.get("http_status", Integer.class),
				is(row, "streamed"), is(row, "client_disconnected"), row.get("provider_request_id", String.class),
				row.get("duration_ms", Long.class), row.get("ttft_ms", Long.class), row.get("note", String.class));
	}

	private static Counts counts(Readable row) {
		return new Counts(row.get("input_tokens", Long.class), row.get("cached_input_tokens", Long.class),
				row.get("cache_write_tokens", Long.class), row.get("output_tokens", Long.class),
				row.get("reasoning_tokens", Long.class), row.get("total_tokens", Long.class));
	}

	private static String text(Readable row, String column) {
		return Objects.requireNonNull(row.get(column, String.class), column);
	}

	private static Long number(Readable row, String column) {
		return Objects.requireNonNull(row.get(column, Long.class), column);
	}

	private static @Nullable BigDecimal decimal(Readable row, String column) {
		Long thousandths = row.get(column, Long.class);
		return (thousandths != null) ? Thousandths.decimal(thousandths) : null;
	}

	private static boolean is(Readable row, String column) {
		return Boolean.TRUE.equals(row.get(column, Boolean.class));
	}

}
