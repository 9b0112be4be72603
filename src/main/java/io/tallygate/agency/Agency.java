package io.tallygate.agency;

import java.time.Instant;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.r2dbc.spi.Readable;
import io.tallygate.core.Row;
import org.jspecify.annotations.Nullable;

/**
 * An agency as the admin API shows it.
 *
 * @param id ours
 * @param name the agency's
 * @param status {@code active} or {@code suspended}
 * @param rebilling {@code enabled} or {@code disabled}: a feature of its plan
 * @param timeZone in which it reads its days
 * @param createdAt when it was made
 * @param adminToken its first admin token, in the answer that made it only
 */
record Agency(String id, String name, String status, String rebilling, String timeZone, Instant createdAt,
		@JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String adminToken) {

	static Agency of(Readable row) {
		return new Agency(Row.text(row, "id"), Row.text(row, "name"), Row.text(row, "status"),
				Row.text(row, "rebilling"), Row.text(row, "time_zone"), Row.get(row, "created_at", Instant.class),
				null);
	}

	Agency showing(@Nullable String token) {
		return new Agency(this.id, this.name, this.status, this.rebilling, this.timeZone, this.createdAt, token);
	}

}
