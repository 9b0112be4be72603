package io.tallygate.client;

import java.time.Instant;
import java.util.List;

import io.r2dbc.spi.Readable;
import io.tallygate.core.Row;
import org.jspecify.annotations.Nullable;

/**
 * A channel as the admin API shows it.
 *
 * @param id ours
 * @param clientId whose it is, if anybody's yet
 * @param platform how it comes in
 * @param name the agency's word for it
 * @param createdAt when it was made
 * @param keys newest first
 */
record ChannelView(String id, @Nullable String clientId, Platform platform, String name, Instant createdAt,
		List<KeyView> keys) {

	ChannelView {
		keys = List.copyOf(keys);
	}

	static ChannelView of(Readable row) {
		return new ChannelView(Row.text(row, "id"), row.get("client_id", String.class),
				StoredClient.constant(Platform.class, row, "platform"), Row.text(row, "name"),
				Row.get(row, "created_at", Instant.class), List.of());
	}

	ChannelView with(List<KeyView> all) {
		return new ChannelView(this.id, this.clientId, this.platform, this.name, this.createdAt, all);
	}

}
