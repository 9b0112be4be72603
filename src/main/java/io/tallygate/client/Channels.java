package io.tallygate.client;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ChannelId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.Page;
import io.tallygate.core.PageRequest;
import io.tallygate.core.Problem;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The channels' rows. Every statement runs in a transaction that names the agency. */
@Repository
class Channels {

	private static final String COLUMNS = " id, client_id, platform, name, created_at ";

	private static final String INSERT = """
			insert into channel (id, agency_id, platform, name) values (:id, :agency, 'api', :name)
			returning""" + COLUMNS;

	/** Who makes a key for a channel, or takes it, waits for who is doing so. */
	private static final String LOCK = "select" + COLUMNS + "from channel where id = :id for update";

	private static final String LIST = "select" + COLUMNS + "from channel where true";

	private static final String OF_CLIENTS = "select" + COLUMNS
			+ "from channel where client_id = any(:clients) order by id";

	private static final String ASSIGN = "update channel set client_id = :client where id = :id returning" + COLUMNS;

	private static final String RENAME = "update channel set name = :name where id = :id returning" + COLUMNS;

	private static final String DETACH = "update channel set client_id = null where client_id = :client";

	private final Database.OfTenant database;

	private final ChannelKeys keys;

	private final Ids ids;

	Channels(Database.OfTenant database, ChannelKeys keys, Ids ids) {
		this.database = database;
		this.keys = keys;
		this.ids = ids;
	}

	/** A new channel that is nobody's yet. */
	Mono<ChannelView> create(AgencyId agency, String name) {
		return this.database.client()
			.sql(INSERT)
			.bind("id", this.ids.next(ChannelId.PREFIX))
			.bind("agency", agency.value())
			.bind("name", name)
			.map(ChannelView::of)
			.one();
	}

	Mono<ChannelView> lock(ChannelId id) {
		return this.database.client()
			.sql(LOCK)
			.bind("id", id.value())
			.map(ChannelView::of)
			.one()
			.switchIfEmpty(Mono.error(() -> Problem.notFound("channel", id.value())));
	}

	/** Gives a channel that nobody has to a client. */
	Mono<ChannelView> assign(ChannelId id, ClientId client) {
		return lock(id).flatMap(Channels::free)
			.flatMap((channel) -> this.database.client()
				.sql(ASSIGN)
				.bind("id", id.value())
				.bind("client", client.value())
				.map(ChannelView::of)
				.one());
	}

	/** The channel, if nobody has it. */
	static Mono<ChannelView> free(ChannelView channel) {
		return (channel.clientId() == null) ? Mono.just(channel) : Mono.error(() -> taken(channel.id()));
	}

	/** Gives a channel another name. */
	Mono<ChannelView> rename(ChannelId id, String name) {
		return this.database.client()
			.sql(RENAME)
			.bind("id", id.value())
			.bind("name", name)
			.map(ChannelView::of)
			.one()
			.switchIfEmpty(Mono.error(() -> Problem.notFound("channel", id.value())))
			.flatMap(this::withItsKeys);
	}

	/** Takes a client's channels away; their keys open nothing from then on. */
	Mono<Void> detach(ClientId client) {
		return this.database.client().sql(DETACH).bind("client", client.value()).fetch().rowsUpdated().then();
	}

	Mono<Page<ChannelView>> list(PageRequest page) {
		return page.of(page.bind(this.database.client().sql(LIST + page.tail("id"))).map(ChannelView::of).all())
			.flatMap((found) -> withKeys(found.data()).map((channels) -> new Page<>(channels, found.hasMore())));
	}

	/** The channels of these clients, with their keys. */
	Mono<Map<String, List<ChannelView>>> of(Collection<ClientId> clients) {
		Flux<ChannelView> channels = this.database.client()
			.sql(OF_CLIENTS)
			.bind("clients", clients.stream().map(ClientId::value).toArray(String[]::new))
			.map(ChannelView::of)
			.all();
		return channels.collectList()
			.flatMap(this::withKeys)
			.map((all) -> all.stream().collect(Collectors.groupingBy((channel) -> String.valueOf(channel.clientId()))));
	}

	/** The channel as it was read, with its keys. */
	Mono<ChannelView> withItsKeys(ChannelView channel) {
		return withKeys(List.of(channel)).map((channels) -> channels.get(0));
	}

	private Mono<List<ChannelView>> withKeys(List<ChannelView> channels) {
		return this.keys.of(channels.stream().map(ChannelView::id).toList())
			.map((keysOf) -> channels.stream()
				.map((channel) -> channel.with(keysOf.getOrDefault(channel.id(), List.of())))
				.toList());
	}

	private static Problem taken(String id) {
		return new Problem(409, "already_in_use", "The channel '" + id + "' already belongs to a client",
				List.of(new Problem.Field("/channel_id", "already in use")));
	}

}
