package io.tallygate.agency;

import java.time.Instant;
import java.util.Locale;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.r2dbc.spi.Readable;
import io.tallygate.core.Caller;
import io.tallygate.core.Row;
import org.jspecify.annotations.Nullable;

/**
 * An agency's admin token as the admin API shows it.
 *
 * @param id names it, to revoke it
 * @param agencyId whose it is
 * @param name what it is for
 * @param role what it may do
 * @param last4 by which a person recognises it
 * @param createdAt when it was made
 * @param expiresAt when it dies by itself, if it does
 * @param revokedAt when it was revoked, if it was
 * @param adminToken the token itself, in the answer that made it only
 */
record AdminToken(String id, String agencyId, String name, Caller.Role role, String last4, Instant createdAt,
		@Nullable Instant expiresAt, @Nullable Instant revokedAt,
		@JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String adminToken) {

	/** What every token's id begins with. */
	static final String PREFIX = "tok_";

	static AdminToken of(Readable row) {
		return new AdminToken(Row.text(row, "id"), Row.text(row, "agency_id"), Row.text(row, "name"), role(row),
				Row.text(row, "last4"), Row.get(row, "created_at", Instant.class), row.get("expires_at", Instant.class),
				row.get("revoked_at", Instant.class), null);
	}

	static Caller.Role role(Readable row) {
		return Caller.Role.valueOf(Row.text(row, "role").toUpperCase(Locale.ROOT));
	}

	AdminToken showing(String token) {
		return new AdminToken(this.id, this.agencyId, this.name, this.role, this.last4, this.createdAt, this.expiresAt,
				this.revokedAt, token);
	}

}
