package io.tallygate.client;

import java.time.Clock;
import java.time.Instant;

import io.tallygate.agency.DirectoryChanges;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ChannelId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Faults;
import io.tallygate.core.KeyId;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** Makes channels, names them and gives them to clients; makes keys and revokes them. */
@Component
class ChannelChanges {

	private final Clients clients;

	private final Channels channels;

	private final ChannelKeys keys;

	private final StripeGuard guard;

	private final DirectoryChanges changes;

	private final Clock clock;

	ChannelChanges(Clients clients, Channels channels, ChannelKeys keys, StripeGuard guard, DirectoryChanges changes,
			Clock clock) {
		this.clients = clients;
		this.channels = channels;
		this.keys = keys;
		this.guard = guard;
		this.changes = changes;
		this.clock = clock;
	}

	/**
	 * What is said of a new key.
	 *
	 * @param name what it is for
	 * @param expiresAt when it shall die by itself
	 */
	record KeyBody(@Nullable String name, @Nullable Instant expiresAt) {
	}

	/**
	 * What may be changed of a channel.
	 *
	 * @param name the agency's word for it
	 */
	record NameBody(@Nullable String name) {
	}

	/** A channel without a client: it relays nothing until it has one. */
	Mono<ChannelView> create(AgencyId agency, ChannelBody body) {
		return this.changes.byTenant(agency, this.channels.create(agency, body.checkedName()));
	}

	/** Gives a client another channel: a new one, or one that nobody has. */
	Mono<ChannelView> add(AgencyId agency, ClientId client, ChannelBody body) {
		ChannelId existing = body.checkedExisting();
		Mono<ChannelId> channel = (existing != null) ? Mono.just(existing)
				: this.channels.create(agency, body.checkedName()).map((created) -> new ChannelId(created.id()));
		return this.changes.byTenant(agency,
				this.clients.lock(client)
					.switchIfEmpty(Mono.error(() -> Problem.notFound("client", client.value())))
					.doOnNext(ClientChanges::refuseArchived)
					.then(channel)
					.flatMap((id) -> this.channels.assign(id, client))
					.flatMap(this.channels::withItsKeys));
	}

	/**
	 * Gives a channel another name: it may be a person's, and outlives the client that
	 * had the channel.
	 */
	Mono<ChannelView> rename(AgencyId agency, ChannelId channel, NameBody body) {
		Faults faults = new Faults();
		String name = faults.text("/name", body.name(), ClientBody.TEXT_LENGTH_MAX);
		faults.throwIfAny();
		return this.changes.byTenant(agency, this.channels.rename(channel, name));
	}

	Mono<KeyView> createKey(AgencyId agency, ChannelId channel, KeyBody body) {
		Faults faults = new Faults();
		String name = faults.optionalText("/name", body.name(), ClientBody.TEXT_LENGTH_MAX);
		faults.unless(body.expiresAt() == null || body.expiresAt().isAfter(this.clock.instant()), "/expires_at",
				"expires_at must lie ahead but was " + body.expiresAt());
		faults.throwIfAny();
		return this.guard.livemode(agency)
			.flatMap((live) -> this.changes.byTenant(agency, this.channels.lock(channel)
				.flatMap((locked) -> this.keys.create(agency, locked.id(), live, name, body.expiresAt()))));
	}

	Mono<KeyView> revokeKey(AgencyId agency, KeyId key) {
		return this.changes.byTenant(agency, this.keys.revoke(key));
	}

}
