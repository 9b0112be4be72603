package io.tallygate.client;

import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Row;
import io.tallygate.core.Uncancelled;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The alarms of clients. Each source says all that it finds wrong at once: what it does
 * not say any more is over, and what it says again keeps the time at which it began.
 */
@Repository
public class ClientAlarms {

	/** A client's terms held against Stripe. */
	public static final String TERMS = "terms";

	private static final String END = """
			delete from client_alarm where client_id = :client and source = :source and code <> all(:codes)
			""";

	private static final String RAISE = """
			insert into client_alarm (client_id, agency_id, source, code, message, raised_at)
			values (:client, :agency, :source, :code, :message, :now)
			on conflict (client_id, source, code) do update set message = excluded.message
			""";

	private static final String OF_CLIENTS = """
			select client_id, code, message, raised_at from client_alarm where client_id = any(:clients)
			order by raised_at, code
			""";

	private final Database.OfTenant database;

	private final Clock clock;

	ClientAlarms(Database.OfTenant database, Clock clock) {
		this.database = database;
		this.clock = clock;
	}

	/** Puts what this source finds wrong with a client in place of what it found last. */
	public Mono<Void> replace(AgencyId agency, ClientId client, String source, List<ClientAlarm> found) {
		return Uncancelled.of(this.database.as(agency, set(agency, client, source, found)));
	}

	/** The same, inside a transaction that names the agency. */
	Mono<Void> set(AgencyId agency, ClientId client, String source, List<ClientAlarm> found) {
		Instant now = this.clock.instant();
		Mono<Long> ended = this.database.client()
			.sql(END)
			.bind("client", client.value())
			.bind("source", source)
			.bind("codes", found.stream().map(ClientAlarm::code).toArray(String[]::new))
			.fetch()
			.rowsUpdated();
		return ended.thenMany(Flux.fromIterable(found))
			.concatMap((alarm) -> this.database.client()
				.sql(RAISE)
				.bind("client", client.value())
				.bind("agency", agency.value())
				.bind("source", source)
				.bind("code", alarm.code())
				.bind("message", alarm.message())
				.bind("now", now)
				.fetch()
				.rowsUpdated())
			.then();
	}

	/** The alarms of these clients, oldest first, inside a transaction. */
	Mono<Map<String, List<ClientAlarm>>> of(Collection<ClientId> clients) {
		return this.database.client()
			.sql(OF_CLIENTS)
			.bind("clients", clients.stream().map(ClientId::value).toArray(String[]::new))
			.map((row) -> Map.entry(Row.text(row, "client_id"),
					new ClientAlarm(Row.text(row, "code"), Row.text(row, "message"),
							Row.get(row, "raised_at", Instant.class))))
			.all()
			.collect(Collectors.groupingBy(Map.Entry::getKey,
					Collectors.mapping(Map.Entry::getValue, Collectors.toList())));
	}

}
