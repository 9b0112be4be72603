package io.tallygate.client;

import java.time.Instant;
import java.util.Arrays;
import java.util.List;

import io.r2dbc.spi.Readable;
import io.tallygate.agency.AgencyProviders;
import io.tallygate.core.AgencyId;
import io.tallygate.core.BoundedMap;
import io.tallygate.core.ChannelId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.KeyId;
import io.tallygate.core.Row;
import io.tallygate.provider.ModelPattern;
import io.tallygate.provider.Providers;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Repository;
import reactor.core.publisher.Mono;

/** Looks up in PostgreSQL who bears a channel key, and learns that client's period. */
@Repository
class KeyBearers {

	private static final String BEARER = """
			select k.id, k.channel_id, k.expires_at, c.agency_id, c.id as client_id, c.nickname, c.status,
			  c.models_allowed, c.on_disconnect, c.on_missing_usage, a.status as agency_status, a.rebilling,
			  c.cap_soft, c.cap_hard, c.requests_per_minute, c.tokens_per_minute,
			  coalesce(p.held, false) as held, p.period_start, p.period_end,
			  e.epoch, e.charge_by, e.billing_unit, e.report, e.weight_input, e.weight_cached_input,
			  e.weight_cache_write, e.weight_output, e.weight_reasoning
			from channel_key k
			join channel h on h.id = k.channel_id
			join client c on c.id = h.client_id
			join epoch e on e.client_id = c.id and e.epoch = c.epoch
			join agency a on a.id = c.agency_id
			left join client_payment p on p.client_id = c.id
			where k.sha256 = :sha256 and k.revoked_at is null
			""";

	private static final int AGENCIES_MAX = 10_000;

	private final Database.OfSystem database;

	private final AgencyProviders providers;

	private final BoundedMap<AgencyId, Providers> shared = new BoundedMap<>(AGENCIES_MAX);

	private final BilledPeriods periods;

	KeyBearers(Database.OfSystem database, AgencyProviders providers, BilledPeriods periods) {
		this.database = database;
		this.periods = periods;
		this.providers = providers;
	}

	/**
	 * The bearer, or empty where the key is unknown or revoked, or its channel nobody's.
	 */
	Mono<ChannelAccess> find(KeyHash hash) {
		return this.database.client()
			.sql(BEARER)
			.bind("sha256", hash.bytes())
			.map(this::access)
			.one()
			.flatMap((access) -> this.providers.of(access.terms().agency())
				.map((found) -> access.with(shared(access.terms().agency(), found))));
	}

	/** An agency's thousand keys hold its providers once, not a thousand times. */
	private Providers shared(AgencyId agency, Providers found) {
		Providers known = this.shared.get(agency);
		if (known != null && known.equals(found)) {
			return known;
		}
		this.shared.put(agency, found);
		return found;
	}

	private ChannelAccess access(Readable row) {
		this.periods.learn(new ClientId(Row.text(row, "client_id")), row.get("period_start", Instant.class),
				row.get("period_end", Instant.class));
		Terms terms = new Terms(new AgencyId(Row.text(row, "agency_id")), new ClientId(Row.text(row, "client_id")),
				Row.get(row, "epoch", Integer.class), StoredClient.policy(row), StoredClient.limits(row));
		return new ChannelAccess(new KeyId(Row.text(row, "id")), new ChannelId(Row.text(row, "channel_id")),
				row.get("expires_at", Instant.class), suspended(row), terms,
				Arrays.stream(row.get("models_allowed", String[].class)).map(ModelPattern::new).toList(),
				StoredClient.constant(OnDisconnect.class, row, "on_disconnect") == OnDisconnect.DRAIN,
				StoredClient.constant(OnMissingUsage.class, row, "on_missing_usage") == OnMissingUsage.ESTIMATE,
				new Providers(List.of()), Row.text(row, "nickname"));
	}

	private static @Nullable String suspended(Readable row) {
		if (!"active".equals(row.get("agency_status", String.class))) {
			return "The agency is suspended";
		}
		if (!"enabled".equals(row.get("rebilling", String.class))) {
			return "Rebilling is not part of the agency's plan";
		}
		if (Boolean.TRUE.equals(row.get("held", Boolean.class))) {
			return "This client's subscription is not paid";
		}
		return switch (Row.text(row, "status")) {
			case "paused" -> "This client is paused";
			case "archived" -> "This client is archived";
			default -> null;
		};
	}

}
