package io.tallygate.client;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

import io.tallygate.agency.DirectoryChanges;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ChannelId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Faults;
import io.tallygate.core.Ids;
import io.tallygate.core.Problem;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/**
 * Takes on a client:
 * <ol>
 * <li>what is said of it is checked, all of it, before anything is asked or stored;</li>
 * <li>Stripe is asked whether it can be billed so;</li>
 * <li>client, lane, first epoch, account, channel and key are stored together or not at
 * all;</li>
 * <li>the data plane is told.</li>
 * </ol>
 */
@Component
class ClientOpening {

	private final Clients clients;

	private final Epochs epochs;

	private final Channels channels;

	private final ChannelKeys keys;

	private final PeriodUses uses;

	private final StripeGuard guard;

	private final DirectoryChanges changes;

	private final Ids ids;

	ClientOpening(Clients clients, Epochs epochs, Channels channels, ChannelKeys keys, PeriodUses uses,
			StripeGuard guard, DirectoryChanges changes, Ids ids) {
		this.clients = clients;
		this.epochs = epochs;
		this.channels = channels;
		this.keys = keys;
		this.uses = uses;
		this.guard = guard;
		this.changes = changes;
		this.ids = ids;
	}

	/** The new client, with its channel and, where one was made, its key's secret. */
	Mono<ClientView> open(AgencyId agency, ClientBody body) {
		ClientSettings settings = body.settings();
		ChannelId existing = existing(body);
		String channelName = channelName(body, settings);
		ClientId id = new ClientId(this.ids.next(ClientId.PREFIX));
		return Mono.zip(terms(agency, settings), this.guard.livemode(agency))
			.flatMap((answers) -> this.changes.byTenant(agency,
					stored(agency, id, settings, answers.getT1())
						.then(Mono.defer(() -> channel(agency, existing, channelName)))
						.flatMap((channel) -> taken(agency, id, channel, answers.getT2()))
						.flatMap((channel) -> view(id, channel))));
	}

	/** What Stripe says of these settings; nothing is asked where nothing is billed. */
	Mono<Optional<StripeGuard.StripeTerms>> terms(AgencyId agency, ClientSettings settings) {
		StripeGuard.StripeChoice choice = settings.stripe();
		return (choice == null) ? Mono.just(Optional.empty())
				: this.guard.check(agency, choice, settings.policy()).map(Optional::of);
	}

	private Mono<Void> stored(AgencyId agency, ClientId id, ClientSettings settings,
			Optional<StripeGuard.StripeTerms> terms) {
		return this.clients.insert(agency, id, settings)
			.then(Mono.defer(() -> this.epochs.open(agency, id, 1, settings, terms)));
	}

	private Mono<ChannelId> channel(AgencyId agency, @Nullable ChannelId existing, String name) {
		return (existing != null) ? Mono.just(existing)
				: this.channels.create(agency, name).map((created) -> new ChannelId(created.id()));
	}

	/** The channel as the client's, with a key if it had none that lives. */
	private Mono<ChannelView> taken(AgencyId agency, ClientId id, ChannelId channel, boolean live) {
		return this.channels.assign(channel, id)
			.flatMap((assigned) -> this.keys.countLive(assigned.id())
				.flatMap((count) -> (count > 0) ? keysOf(assigned)
						: this.keys.create(agency, assigned.id(), live, null, null)
							.map((key) -> assigned.with(List.of(key)))));
	}

	private Mono<ChannelView> keysOf(ChannelView channel) {
		return this.keys.of(List.of(channel.id()))
			.map((keys) -> channel.with(keys.getOrDefault(channel.id(), List.of())));
	}

	private Mono<ClientView> view(ClientId id, ChannelView channel) {
		return this.clients.read(id)
			.flatMap((client) -> this.uses.of(List.of(client))
				.map((uses) -> ClientView.of(client, Objects.requireNonNull(uses.get(id)), List.of(channel))));
	}

	private static @Nullable ChannelId existing(ClientBody body) {
		String id = body.channelId();
		if (id == null) {
			return null;
		}
		if (body.channelName() != null) {
			throw Problem.invalid("/channel_name", "Give channel_id or channel_name, not both");
		}
		return channelId(id);
	}

	/** The id of a channel named in a body or path: a malformed one exists nowhere. */
	static ChannelId channelId(String id) {
		if (!Ids.isId(ChannelId.PREFIX, id)) {
			throw Problem.notFound("channel", id);
		}
		return new ChannelId(id);
	}

	private static String channelName(ClientBody body, ClientSettings settings) {
		Faults faults = new Faults();
		String name = faults.optionalText("/channel_name", body.channelName(), ClientBody.TEXT_LENGTH_MAX);
		faults.throwIfAny();
		return Objects.requireNonNullElse(name, settings.nickname());
	}

}
