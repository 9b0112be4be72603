package io.tallygate.client;

import java.time.Clock;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Mono;

/**
 * Reads what clients have used in their current periods. Every statement runs in a
 * transaction that names the agency.
 */
@Repository
class PeriodUses implements CurrentPeriods {

	private static final String USED = """
			select u.client_id, u.quantity, u.soft_reached_at
			from unnest(:clients::text[], :charge_bys::text[], :starts::timestamptz[]) as wanted (client_id, charge_by, start)
			join usage_period u on u.client_id = wanted.client_id and u.charge_by = wanted.charge_by
			  and u.period_start = wanted.start
			""";

	private static final String PERIODS = """
			select client_id, period_start, period_end from client_payment where client_id = any(:clients::text[])
			""";

	private final Database.OfTenant database;

	private final BilledPeriods periods;

	private final Clock clock;

	PeriodUses(Database.OfTenant database, BilledPeriods periods, Clock clock) {
		this.database = database;
		this.periods = periods;
		this.clock = clock;
	}

	@Override
	public Mono<UsagePeriod> of(AgencyId agency, ClientId client) {
		return Uncancelled.of(this.database.as(agency, learned(new String[] { client.value() })))
			.then(Mono.fromSupplier(() -> this.periods.at(client, this.clock.instant())));
	}

	/** What each of these clients has used in the period that it is in now. */
	Mono<Map<ClientId, PeriodUse>> of(List<StoredClient> clients) {
		return learned(texts(clients, (client) -> client.id().value())).then(Mono.defer(() -> used(clients)));
	}

	private Mono<Void> learned(String[] clients) {
		return this.database.client().sql(PERIODS).bind("clients", clients).map((row) -> {
			ClientId client = new ClientId(Row.text(row, "client_id"));
			this.periods.learn(client, row.get("period_start", Instant.class), row.get("period_end", Instant.class));
			return client;
		}).all().then();
	}

	private Mono<Map<ClientId, PeriodUse>> used(List<StoredClient> clients) {
		Instant now = this.clock.instant();
		Map<ClientId, StoredClient> byId = new HashMap<>();
		Map<ClientId, PeriodUse> uses = new HashMap<>();
		for (StoredClient client : clients) {
			byId.put(client.id(), client);
			uses.put(client.id(), PeriodUse.of(client.settings().limits(), period(client, now), null));
		}
		return this.database.client()
			.sql(USED)
			.bind("clients", texts(clients, (client) -> client.id().value()))
			.bind("charge_bys", texts(clients, (client) -> client.settings().policy().chargeBy().text()))
			.bind("starts",
					clients.stream()
						.map((client) -> period(client, now).start().atOffset(ZoneOffset.UTC))
						.toArray(OffsetDateTime[]::new))
			.map((row) -> {
				StoredClient client = Objects.requireNonNull(byId.get(new ClientId(Row.text(row, "client_id"))));
				return Map.entry(client.id(), PeriodUse.of(client.settings().limits(), period(client, now), row));
			})
			.all()
			.collect(() -> uses, (all, used) -> all.put(used.getKey(), used.getValue()));
	}

	private UsagePeriod period(StoredClient client, Instant now) {
		return this.periods.at(client.id(), now);
	}

	private static String[] texts(Collection<StoredClient> clients, Function<StoredClient, String> column) {
		return clients.stream().map(column).toArray(String[]::new);
	}

}
