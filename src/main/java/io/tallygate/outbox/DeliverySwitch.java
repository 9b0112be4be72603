package io.tallygate.outbox;

import java.time.InstantSource;

import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Stops and starts an agency's delivery; usage goes on being counted meanwhile. */
class DeliverySwitch {

	private static final String PAUSE = """
			update stripe_connection
			set delivery = 'paused', paused_by = 'operator', paused_reason = :reason, paused_at = :now, updated_at = :now
			where agency_id = :agency
			""";

	private static final String RESUME = """
			update stripe_connection
			set delivery = 'running', paused_by = null, paused_reason = null, paused_at = null, updated_at = :now
			where agency_id = :agency
			""";

	private final Database.OfSystem database;

	private final InstantSource clock;

	DeliverySwitch(Database.OfSystem database, InstantSource clock) {
		this.database = database;
		this.clock = clock;
	}

	Mono<Void> pause(AgencyId agency, @Nullable String reason) {
		var pause = this.database.client().sql(PAUSE).bind("agency", agency.value()).bind("now", this.clock.instant());
		return connected(
				Uncancelled.of(MeterEventTable.bind(pause, "reason", reason, String.class).fetch().rowsUpdated()));
	}

	Mono<Void> resume(AgencyId agency) {
		return connected(Uncancelled.of(this.database.client()
			.sql(RESUME)
			.bind("agency", agency.value())
			.bind("now", this.clock.instant())
			.fetch()
			.rowsUpdated()));
	}

	private static Mono<Void> connected(Mono<Long> changed) {
		return changed.filter((rows) -> rows == 1)
			.switchIfEmpty(Mono
				.error(() -> new Problem(409, "stripe_not_connected", "Connect Stripe first: PUT /stripe_connection")))
			.then();
	}

}
