package io.tallygate.client;

import java.util.List;
import java.util.Objects;
import java.util.function.Function;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** Shows an agency its clients and channels, and none of another agency's. */
@Component
class ClientReading {

	private final Database.OfTenant database;

	private final Clients clients;

	private final Channels channels;

	private final PeriodUses uses;

	private final ClientAlarms alarms;

	ClientReading(Database.OfTenant database, Clients clients, Channels channels, PeriodUses uses,
			ClientAlarms alarms) {
		this.database = database;
		this.clients = clients;
		this.channels = channels;
		this.uses = uses;
		this.alarms = alarms;
	}

	Mono<StoredClient> stored(AgencyId agency, ClientId id) {
		return this.database.as(agency, this.clients.read(id))
			.switchIfEmpty(Mono.error(() -> Problem.notFound("client", id.value())));
	}

	Mono<ClientView> read(AgencyId agency, ClientId id) {
		return this.database
			.as(agency,
					this.clients.read(id)
						.flatMap((client) -> viewing(List.of(client)).map((view) -> view.apply(client))))
			.switchIfEmpty(Mono.error(() -> Problem.notFound("client", id.value())));
	}

	Mono<Page<ClientView>> list(AgencyId agency, @Nullable String status, PageRequest page) {
		return this.database.as(agency,
				this.clients.list(status, page).flatMap((found) -> viewing(found.data()).map(found::map)));
	}

	Mono<Page<ChannelView>> channels(AgencyId agency, PageRequest page) {
		return this.database.as(agency, this.channels.list(page));
	}

	/** Reads all that is shown of these clients besides their own rows. */
	Mono<Function<StoredClient, ClientView>> viewing(List<StoredClient> clients) {
		List<ClientId> ids = clients.stream().map(StoredClient::id).toList();
		return this.channels.of(ids)
			.flatMap((channels) -> this.uses.of(clients)
				.flatMap((uses) -> this.alarms.of(ids)
					.map((alarms) -> (client) -> ClientView.of(client, Objects.requireNonNull(uses.get(client.id())),
							alarms.getOrDefault(client.id().value(), List.of()),
							channels.getOrDefault(client.id().value(), List.of())))));
	}

}
