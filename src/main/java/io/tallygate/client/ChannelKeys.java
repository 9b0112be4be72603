package io.tallygate.client;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.KeyId;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Mono;

/**
 * The channel keys' rows: of a key its SHA-256, its prefix and its last four characters.
 * Every statement runs in a transaction that names the agency.
 */
@Repository
class ChannelKeys {

	/** Two may be live at once, so that one can take over from the other. */
	static final int LIVE_MAX = 2;

	private static final String COLUMNS = " id, channel_id, name, prefix, last4, created_at, expires_at, revoked_at ";

	private static final String INSERT = """
			insert into channel_key (id, agency_id, channel_id, name, sha256, prefix, last4, expires_at)
			values (:id, :agency, :channel, :name, :sha256, :prefix, :last4, :expires_at)
			returning""" + COLUMNS;

	private static final String OF_CHANNELS = "select" + COLUMNS
			+ "from channel_key where channel_id = any(:channels) order by id desc";

	private static final String COUNT_LIVE = """
			select count(*) from channel_key
			where channel_id = :channel and revoked_at is null and (expires_at is null or expires_at > :now)
			""";

	private static final String REVOKE = "update channel_key set revoked_at = coalesce(revoked_at, now()) where id = :id returning"
			+ COLUMNS;

	private static final String REVOKE_OF_CLIENT = """
			update channel_key set revoked_at = now()
			where revoked_at is null and channel_id in (select id from channel where client_id = :client)
			""";

	private final Database.OfTenant database;

	private final Ids ids;

	private final Clock clock;

	private final SecureRandom random = new SecureRandom();

	ChannelKeys(Database.OfTenant database, Ids ids, Clock clock) {
		this.database = database;
		this.ids = ids;
		this.clock = clock;
	}

	/**
	 * Makes a key for a channel whose row is locked; its secret is in this answer only.
	 */
	Mono<KeyView> create(AgencyId agency, String channel, boolean live, @Nullable String name,
			@Nullable Instant expiresAt) {
		ChannelKey key = ChannelKey.generate(live, this.random);
		return countLive(channel)
			.flatMap((count) -> (count < LIVE_MAX) ? insert(agency, channel, key, name, expiresAt)
					: Mono.error(tooMany(channel)))
			.map((made) -> made.showing(key));
	}

	Mono<Long> countLive(String channel) {
		return this.database.client()
			.sql(COUNT_LIVE)
			.bind("channel", channel)
			.bind("now", this.clock.instant())
			.mapValue(Long.class)
			.one();
	}

	Mono<KeyView> revoke(KeyId id) {
		return this.database.client()
			.sql(REVOKE)
			.bind("id", id.value())
			.map(KeyView::of)
			.one()
			.switchIfEmpty(Mono.error(() -> Problem.notFound("key", id.value())));
	}

	Mono<Void> revokeAll(ClientId client) {
		return this.database.client().sql(REVOKE_OF_CLIENT).bind("client", client.value()).fetch().rowsUpdated().then();
	}

	Mono<Map<String, List<KeyView>>> of(Collection<String> channels) {
		return this.database.client()
			.sql(OF_CHANNELS)
			.bind("channels", channels.toArray(String[]::new))
			.map(KeyView::of)
			.all()
			.collect(Collectors.groupingBy(KeyView::channelId));
	}

	private Mono<KeyView> insert(AgencyId agency, String channel, ChannelKey key, @Nullable String name,
			@Nullable Instant expiresAt) {
		return this.database.client()
			.sql(INSERT)
			.bind("id", this.ids.next(KeyId.PREFIX))
			.bind("agency", agency.value())
			.bind("channel", channel)
			.bind("name", Database.nullable(String.class, name))
			.bind("sha256", key.sha256())
			.bind("prefix", key.prefix())
			.bind("last4", key.secret().last4())
			.bind("expires_at", Database.nullable(Instant.class, expiresAt))
			.map(KeyView::of)
			.one();
	}

	private static Problem tooMany(String channel) {
		return new Problem(409, "too_many_keys",
				"The channel '" + channel + "' already has " + LIVE_MAX + " live keys: revoke one first");
	}

}
