package io.tallygate.client;

import java.time.Instant;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.r2dbc.spi.Readable;
import io.tallygate.core.Row;
import org.jspecify.annotations.Nullable;

/**
 * A channel key as the admin API shows it.
 *
 * @param id names it, to revoke it
 * @param channelId which channel it opens
 * @param name what it is for
 * @param prefix says the mode
 * @param last4 by which a person recognises it
 * @param createdAt when it was made
 * @param expiresAt when it dies by itself, if it does
 * @param revokedAt when it was revoked, if it was
 * @param secret the key itself, in the answer that made it only
 */
record KeyView(String id, String channelId, @Nullable String name, String prefix, String last4, Instant createdAt,
		@Nullable Instant expiresAt, @Nullable Instant revokedAt,
		@JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String secret) {

	static KeyView of(Readable row) {
		return new KeyView(Row.text(row, "id"), Row.text(row, "channel_id"), row.get("name", String.class),
				Row.text(row, "prefix"), Row.text(row, "last4"), Row.get(row, "created_at", Instant.class),
				row.get("expires_at", Instant.class), row.get("revoked_at", Instant.class), null);
	}

	KeyView showing(ChannelKey key) {
		return new KeyView(this.id, this.channelId, this.name, this.prefix, this.last4, this.createdAt, this.expiresAt,
				this.revokedAt, key.secret().reveal());
	}

}
