package io.tallygate.client;

import java.time.Instant;
import java.util.List;
import java.util.Locale;

import io.r2dbc.spi.Readable;
import io.tallygate.core.ClientId;
import io.tallygate.core.Row;
import org.jspecify.annotations.Nullable;

/**
 * A client as it is stored, with the policy of its current epoch.
 *
 * @param id ours
 * @param status active, paused or archived
 * @param epoch the current one, counted from 1
 * @param settings what the agency has decided
 * @param createdAt when it was made
 * @param archivedAt when it was archived, if it was
 */
record StoredClient(ClientId id, String status, int epoch, ClientSettings settings, Instant createdAt,
		@Nullable Instant archivedAt) {

	static StoredClient of(Readable row) {
		return new StoredClient(new ClientId(Row.text(row, "id")), Row.text(row, "status"),
				Row.get(row, "epoch", Integer.class), settings(row), Row.get(row, "created_at", Instant.class),
				row.get("archived_at", Instant.class));
	}

	/** The charge policy in an epoch's row. */
	static ChargePolicy policy(Readable row) {
		TokenWeights weights = new TokenWeights(Row.get(row, "weight_input", Integer.class),
				Row.get(row, "weight_cached_input", Integer.class), Row.get(row, "weight_cache_write", Integer.class),
				Row.get(row, "weight_output", Integer.class), Row.get(row, "weight_reasoning", Integer.class));
		return new ChargePolicy(constant(ChargeBy.class, row, "charge_by"), Row.get(row, "billing_unit", Long.class),
				constant(Report.class, row, "report"), weights);
	}

	/** The limits in a client's row. */
	static Limits limits(Readable row) {
		return new Limits(row.get("cap_soft", Long.class), row.get("cap_hard", Long.class),
				row.get("requests_per_minute", Long.class), row.get("tokens_per_minute", Long.class));
	}

	static <E extends Enum<E>> E constant(Class<E> type, Readable row, String column) {
		return Enum.valueOf(type, Row.text(row, column).toUpperCase(Locale.ROOT));
	}

	boolean isArchived() {
		return this.archivedAt != null;
	}

	private static ClientSettings settings(Readable row) {
		String customer = row.get("stripe_customer_id", String.class);
		String price = row.get("stripe_price_id", String.class);
		StripeGuard.StripeChoice stripe = (customer != null && price != null)
				? new StripeGuard.StripeChoice(customer, row.get("stripe_product_id", String.class), price) : null;
		return new ClientSettings(Row.text(row, "nickname"), stripe, policy(row), limits(row),
				List.of(row.get("models_allowed", String[].class)), constant(OnDisconnect.class, row, "on_disconnect"),
				constant(OnMissingUsage.class, row, "on_missing_usage"),
				constant(OnEpochClose.class, row, "on_epoch_close"));
	}

}
