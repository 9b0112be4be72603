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

	private final ClientAlarms alarms;

	ClientReading(Database.OfTenant database, Clients clients, Channels channels, ClientAlarms alarms) {
		this.database = database;
		this.clients = clients;
		this.channels = channels;
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
						.flatMap((client) -> this.channels.of(List.of(id))
							.flatMap((channels) -> this.alarms.of(List.of(id))
								.map((alarms) -> view(client, channels, alarms)))))
			.switchIfEmpty(Mono.error(() -> Problem.notFound("client", id.value())));
	}

	Mono<Page<ClientView>> list(AgencyId agency, @Nullable String status, PageRequest page) {
		return this.database.as(agency, this.clients.list(status, page).flatMap(this::views));
	}

	private Mono<Page<ClientView>> views(Page<StoredClient> found) {
		List<ClientId> ids = found.data().stream().map(StoredClient::id).toList();
		return this.channels.of(ids)
			.flatMap((channels) -> this.alarms.of(ids)
				.map((alarms) -> found.map((client) -> view(client, channels, alarms))));
	}

	Mono<Page<ChannelView>> channels(AgencyId agency, PageRequest page) {
		return this.database.as(agency, this.channels.list(page));
	}

	private static ClientView view(StoredClient client, Map<String, List<ChannelView>> channels,
			Map<String, List<ClientAlarm>> alarms) {
		String id = client.id().value();
		return ClientView.of(client, alarms.getOrDefault(id, List.of()), channels.getOrDefault(id, List.of()), null);
	}

}
