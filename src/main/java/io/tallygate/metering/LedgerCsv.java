package io.tallygate.metering;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

/**
 * The ledger as a table for a spreadsheet (RFC 4180). Text that a spreadsheet would take
 * for a formula is preceded by an apostrophe: models and ids come from outside.
 */
final class LedgerCsv {

	private static final String END = "\r\n";

	private static final String FORMULA = "=+-@\t\r\n";

	/** The names of the columns. */
	static final String HEADER = String.join(",",
			List.of("id", "kind", "request_id", "client_id", "channel_id", "provider", "provider_id", "model", "api",
					"status", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens",
					"reasoning_tokens", "total_tokens", "messages", "quantity", "charge_by", "epoch", "total_before",
					"total_after", "units", "occurred_at", "http_status", "streamed", "client_disconnected",
					"provider_request_id", "duration_ms", "ttft_ms", "note"))
			+ END;

	private LedgerCsv() {
	}

	/** One entry as one record of the table. */
	static String line(LedgerEntry entry) {
		LedgerEntry.Counts usage = entry.usage();
		return cells(entry.id(), entry.kind(), entry.requestId(), entry.clientId(), entry.channelId(), entry.provider(),
				entry.providerId(), entry.model(), entry.api(), entry.status(), usage.inputTokens(),
				usage.cachedInputTokens(), usage.cacheWriteTokens(), usage.outputTokens(), usage.reasoningTokens(),
				usage.totalTokens(), entry.messages(), entry.quantity(), entry.chargeBy(), entry.epoch(),
				entry.totalBefore(), entry.totalAfter(), entry.units(), entry.occurredAt(), entry.httpStatus(),
				entry.streamed(), entry.clientDisconnected(), entry.providerRequestId(), entry.durationMs(),
				entry.ttftMs(), entry.note());
	}

	private static String cells(@Nullable Object... values) {
		return Arrays.stream(values).map(LedgerCsv::cell).collect(Collectors.joining(",", "", END));
	}

	private static String cell(@Nullable Object value) {
		if (value == null) {
			return "";
		}
		return (value instanceof String text) ? quoted(harmless(text)) : value.toString();
	}

	private static String harmless(String text) {
		return (!text.isEmpty() && FORMULA.indexOf(text.charAt(0)) >= 0) ? "'" + text : text;
	}

	private static String quoted(String text) {
		boolean plain = text.chars().noneMatch((character) -> ",\"\r\n".indexOf(character) >= 0);
		return plain ? text : '"' + text.replace("\"", "\"\"") + '"';
	}

}
