package io.tallygate.client;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

import io.tallygate.agency.DirectoryChanges;
import io.tallygate.core.AdminRequest;
import io.tallygate.core.AgencyId;
import io.tallygate.core.ChannelId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
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
 * <li>Stripe is asked whether it can be billed so, and is given what is still to be made
 * there;</li>
 * <li>client, lane, first epoch, account, channel and key are stored together or not at
 * all;</li>
 * <li>the data plane is told.</li>
 * </ol>
 * Its id follows from the request, so that a repeat finds the client that an attempt
 * before it has stored without having answered.
 */
@Component
class ClientOpening {

	private final Database.OfTenant database;

	private final Clients clients;

	private final Epochs epochs;

	private final Channels channels;

	private final ChannelKeys keys;

	private final StripeGuard guard;

	private final ClientReading reading;

	private final ClientAlarms alarms;

	private final DirectoryChanges changes;

	ClientOpening(Database.OfTenant database, Clients clients, Epochs epochs, Channels channels, ChannelKeys keys,
			StripeGuard guard, ClientReading reading, ClientAlarms alarms, DirectoryChanges changes) {
		this.database = database;
		this.clients = clients;
		this.epochs = epochs;
		this.channels = channels;
		this.keys = keys;
		this.guard = guard;
		this.reading = reading;
		this.alarms = alarms;
		this.changes = changes;
	}

	/** The new client, with its channel and, where one was made, its key's secret. */
	Mono<ClientView> open(AgencyId agency, ClientBody body, AdminRequest request) {
		ClientSettings settings = body.settings();
		Optional<StripeGuard.Wanted> wanted = body.wanted();
		ChannelId existing = existing(body);
		String channelName = channelName(body, settings);
		ClientId id = new ClientId(request.idOf(ClientId.PREFIX));
		Mono<ClientView> opened = free(agency, existing)
			.then(Mono.defer(() -> Mono.zip(ready(agency, settings, wanted, request), this.guard.livemode(agency))))
			.flatMap((answers) -> stored(agency, id, answers.getT1(), existing, channelName, answers.getT2())
				.onErrorMap(Problem.class, (problem) -> withWhatWasMade(problem, wanted, answers.getT1())));
		return request.isRepeat() ? known(agency, id).switchIfEmpty(opened) : opened;
	}

	/**
	 * A client that is about to be stored.
	 *
	 * @param settings as they are stored
	 * @param terms what Stripe says of them
	 * @param subscription that was made for it
	 */
	private record Ready(ClientSettings settings, Optional<StripeGuard.StripeTerms> terms,
			@Nullable NewSubscription subscription) {
	}

	private Mono<ClientView> known(AgencyId agency, ClientId id) {
		return this.reading.read(agency, id).onErrorResume(Problem.class, (absent) -> Mono.empty());
	}

	/** Nothing is made at Stripe for a client whose channel is somebody else's. */
	private Mono<Void> free(AgencyId agency, @Nullable ChannelId existing) {
		return (existing == null) ? Mono.empty()
				: this.database.as(agency, this.channels.lock(existing).flatMap(Channels::free)).then();
	}

	private Mono<Ready> ready(AgencyId agency, ClientSettings settings, Optional<StripeGuard.Wanted> wanted,
			AdminRequest request) {
		return wanted
			.map((missing) -> this.guard.setUp(agency, missing, settings.policy(), request)
				.map((made) -> new Ready(settings.billed(made.choice()), Optional.of(made.terms()),
						made.subscription())))
			.orElseGet(() -> terms(agency, settings).map((terms) -> new Ready(settings, terms, null)));
	}

	/** What Stripe says of these settings; nothing is asked where nothing is billed. */
	Mono<Optional<StripeGuard.StripeTerms>> terms(AgencyId agency, ClientSettings settings) {
		StripeGuard.StripeChoice choice = settings.stripe();
		return (choice == null) ? Mono.just(Optional.empty())
				: this.guard.check(agency, choice, settings.policy()).map(Optional::of);
	}

	private Mono<ClientView> stored(AgencyId agency, ClientId id, Ready ready, @Nullable ChannelId existing,
			String channelName, boolean live) {
		List<ClientAlarm> warnings = ready.terms().map(StripeGuard.StripeTerms::warnings).orElse(List.of());
		return this.changes.byTenant(agency,
				this.clients.insert(agency, id, ready.settings())
					.then(Mono.defer(() -> this.epochs.open(agency, id, 1, ready.settings(), ready.terms())))
					.then(Mono.defer(() -> this.alarms.set(agency, id, ClientAlarms.TERMS, warnings)))
					.then(Mono.defer(() -> channel(agency, existing, channelName)))
					.flatMap((channel) -> taken(agency, id, channel, live))
					.flatMap((channel) -> view(id, channel, ready.subscription())));
	}

	/**
	 * What stands at Stripe already is not lost: the person who reads this may use it.
	 */
	private static Problem withWhatWasMade(Problem problem, Optional<StripeGuard.Wanted> wanted, Ready ready) {
		StripeGuard.StripeChoice choice = ready.settings().stripe();
		if (wanted.isEmpty() || choice == null) {
			return problem;
		}
		String made = ". At Stripe the customer " + choice.customer()
				+ ((ready.subscription() != null) ? " and the subscription " + ready.subscription().id() : "")
				+ " are ready: repeat the request with the same Idempotency-Key, or give their ids";
		return new Problem(problem.status(), problem.code(), problem.getMessage() + made, problem.errors());
	}

	private Mono<ChannelId> channel(AgencyId agency, @Nullable ChannelId existing, String name) {
		return (existing != null) ? Mono.just(existing)
				: this.channels.create(agency, name).map((created) -> new ChannelId(created.id()));
	}

	/** The channel as the client's, with a key if it had none that lives. */
	private Mono<ChannelView> taken(AgencyId agency, ClientId id, ChannelId channel, boolean live) {
		return this.channels.assign(channel, id)
			.flatMap((assigned) -> this.keys.countLive(assigned.id())
				.flatMap((count) -> (count > 0) ? this.channels.withItsKeys(assigned)
						: this.keys.create(agency, assigned.id(), live, null, null)
							.map((key) -> assigned.with(List.of(key)))));
	}

	private Mono<ClientView> view(ClientId id, ChannelView channel, @Nullable NewSubscription subscription) {
		return this.clients.read(id)
			.flatMap((client) -> this.reading.viewing(List.of(client))
				.map((view) -> view.apply(client).with(channel, subscription)));
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
