package io.tallygate.client;

import java.util.List;
import java.util.Map;

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

	ClientReading(Database.OfTenant database, Clients clients, Channels channels) {
		this.database = database;
		this.clients = clients;
		this.channels = channels;
	}

	Mono<StoredClient> stored(AgencyId agency, ClientId id) {
		return this.database.as(agency, this.clients.read(id))
			.switchIfEmpty(Mono.error(() -> Problem.notFound("client", id.value())));
	}

	Mono<ClientView> read(AgencyId agency, ClientId id) {
		return this.database
			.as(agency,
					this.clients.read(id)
						.flatMap((client) -> this.channels.of(List.of(id)).map((channels) -> view(client, channels))))
			.switchIfEmpty(Mono.error(() -> Problem.notFound("client", id.value())));
	}

	Mono<Page<ClientView>> list(AgencyId agency, @Nullable String status, PageRequest page) {
		return this.database.as(agency,
				this.clients.list(status, page)
					.flatMap((found) -> this.channels.of(found.data().stream().map(StoredClient::id).toList())
						.map((channels) -> found.map((client) -> view(client, channels)))));
	}

	Mono<Page<ChannelView>> channels(AgencyId agency, PageRequest page) {
		return this.database.as(agency, this.channels.list(page));
	}

	private static ClientView view(StoredClient client, Map<String, List<ChannelView>> channels) {
		return ClientView.of(client, channels.getOrDefault(client.id().value(), List.of()));
	}

}
