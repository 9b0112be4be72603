package io.tallygate.client;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

import io.tallygate.agency.DirectoryChanges;
import io.tallygate.core.AdminJson;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Problem;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import tools.jackson.databind.node.ObjectNode;

/**
 * Changes a client. What decides money opens the next epoch: the old one keeps its
 * policy, its lane and its requests, and new requests are counted apart. Stripe is asked
 * before the transaction, so the row is compared with what was read then: of two changes
 * at once the later is refused, not mixed in. Of an archived client the name alone may
 * still be changed, because it may be a person's.
 */
@Component
class ClientChanges {

	/** What a new client may start with, and what does the same later. */
	private static final Map<String, String> FIXED = new TreeMap<>(
			Map.of("channel_id", "/clients/{id}/channels", "channel_name", "/clients/{id}/channels", "create_customer",
					"/stripe/customers", "create_subscription", "/stripe/subscriptions"));

	private static final Set<String> NAMES = Set.of("nickname");

	private final Clients clients;

	private final Epochs epochs;

	private final Channels channels;

	private final ChannelKeys keys;

	private final ClientOpening opening;

	private final ClientReading reading;

	private final ClientAlarms alarms;

	private final DirectoryChanges changes;

	private final AdminJson json;

	ClientChanges(Clients clients, Epochs epochs, Channels channels, ChannelKeys keys, ClientOpening opening,
			ClientReading reading, ClientAlarms alarms, DirectoryChanges changes, AdminJson json) {
		this.clients = clients;
		this.epochs = epochs;
		this.channels = channels;
		this.keys = keys;
		this.opening = opening;
		this.reading = reading;
		this.alarms = alarms;
		this.changes = changes;
		this.json = json;
	}

	Mono<ClientView> change(AgencyId agency, ClientId id, ObjectNode patch) {
		return this.reading.stored(agency, id)
			.doOnNext((stored) -> refuseArchivedUnlessNamed(stored, patch))
			.flatMap((stored) -> change(agency, stored, patched(stored, patch)));
	}

	Mono<ClientView> setPaused(AgencyId agency, ClientId id, boolean paused) {
		Mono<StoredClient> set = locked(id).doOnNext(ClientChanges::refuseArchived)
			.flatMap((client) -> this.clients.setStatus(id, paused ? "paused" : "active").thenReturn(client));
		return this.changes.byTenant(agency, set).then(this.reading.read(agency, id));
	}

	/** Ends a client: its keys die, its ledger stays, what it used is still billed. */
	Mono<ClientView> archive(AgencyId agency, ClientId id) {
		Mono<StoredClient> ended = locked(id).filter((client) -> !client.isArchived())
			.flatMap((client) -> this.keys.revokeAll(id)
				.then(this.channels.detach(id))
				.then(this.clients.setStatus(id, "archived"))
				.then(this.epochs.supersede(id, client.epoch()))
				.then(this.alarms.set(agency, id, ClientAlarms.TERMS, List.of()))
				.thenReturn(client));
		return this.changes.byTenant(agency, ended).then(this.reading.read(agency, id));
	}

	private Mono<ClientView> change(AgencyId agency, StoredClient before, ClientSettings next) {
		boolean opens = before.settings().opensAnEpoch(next);
		return (opens ? this.opening.terms(agency, next) : Mono.just(Optional.<StripeGuard.StripeTerms>empty()))
			.flatMap((terms) -> this.changes.byTenant(agency,
					unchanged(before).then(this.epochs.setOnClose(before.id(), before.epoch(), next.onEpochClose()))
						.then(opens ? nextEpoch(agency, before, next, terms)
								: this.clients.update(before.id(), next, before.epoch()))
						.thenReturn(before)))
			.then(this.reading.read(agency, before.id()));
	}

	private Mono<Void> nextEpoch(AgencyId agency, StoredClient before, ClientSettings next,
			Optional<StripeGuard.StripeTerms> terms) {
		int epoch = before.epoch() + 1;
		return this.epochs.supersede(before.id(), before.epoch())
			.then(this.epochs.open(agency, before.id(), epoch, next, terms))
			.then(this.alarms.set(agency, before.id(), ClientAlarms.TERMS,
					terms.map(StripeGuard.StripeTerms::warnings).orElse(List.of())))
			.then(this.clients.update(before.id(), next, epoch));
	}

	private Mono<Void> unchanged(StoredClient before) {
		return locked(before.id()).flatMap((now) -> now.equals(before) ? Mono.empty() : Mono.error(new Problem(409,
				"conflict", "The client '" + before.id() + "' was changed at the same time; read it and try again")));
	}

	private Mono<StoredClient> locked(ClientId id) {
		return this.clients.lock(id).switchIfEmpty(Mono.error(() -> Problem.notFound("client", id.value())));
	}

	private ClientSettings patched(StoredClient stored, ObjectNode patch) {
		FIXED.forEach((field, instead) -> {
			if (patch.has(field)) {
				throw Problem.invalid("/" + field,
						field + " is given when a client is made; later use POST " + instead);
			}
		});
		return Objects.requireNonNull(this.json.patched(ClientBody.of(stored.settings()), patch, ClientBody.class))
			.settings();
	}

	private static void refuseArchivedUnlessNamed(StoredClient client, ObjectNode patch) {
		if (!NAMES.equals(Set.copyOf(patch.propertyNames()))) {
			refuseArchived(client);
		}
	}

	static void refuseArchived(StoredClient client) {
		if (client.isArchived()) {
			throw new Problem(409, "client_archived", "The client '" + client.id() + "' is archived for good");
		}
	}

}
