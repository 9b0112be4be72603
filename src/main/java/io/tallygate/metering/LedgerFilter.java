package io.tallygate.metering;

import org.jspecify.annotations.Nullable;

import org.springframework.r2dbc.core.DatabaseClient.GenericExecuteSpec;

/**
 * Which lines of the ledger are asked for.
 *
 * @param client of this client only
 * @param channel that came in through this channel only
 * @param model asking for this model only
 * @param period that occurred then
 */
record LedgerFilter(@Nullable String client, @Nullable String channel, @Nullable String model, Period period) {

	private static final String WITHIN = """

			and line.id >= ledger_id_from(:from) and line.id < %s(:to)
			and line.occurred_at >= :from and line.occurred_at < :to""";

	/** The conditions for lines that were made when they occurred, to follow others. */
	String conditions() {
		return conditions("ledger_id_to");
	}

	/** The conditions for lines that correct others, to follow others. */
	String conditionsOfAdjustments() {
		return conditions("adjustment_id_to");
	}

	private String conditions(String idTo) {
		return WITHIN.formatted(idTo) + condition("client_id", "client", this.client)
				+ condition("channel_id", "channel", this.channel) + condition("model", "model", this.model);
	}

	/** Binds what the conditions left open. */
	GenericExecuteSpec bind(GenericExecuteSpec statement) {
		GenericExecuteSpec bound = statement.bind("from", this.period.from()).bind("to", this.period.to());
		bound = (this.client != null) ? bound.bind("client", this.client) : bound;
		bound = (this.channel != null) ? bound.bind("channel", this.channel) : bound;
		return (this.model != null) ? bound.bind("model", this.model) : bound;
	}

	private static String condition(String column, String parameter, @Nullable String value) {
		return (value != null) ? " and line." + column + " = :" + parameter : "";
	}

}
