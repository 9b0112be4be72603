package io.tallygate.client;

import io.tallygate.core.AgencyId;
import io.tallygate.core.ClientId;
import io.tallygate.core.Database;
import io.tallygate.core.Problem;
import io.tallygate.core.Uncancelled;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;

/** What other rooms may know of a client's terms. */
@Component
public class BilledClients {

	private final Database.OfTenant database;

	private final Clients clients;

	BilledClients(Database.OfTenant database, Clients clients) {
		this.database = database;
		this.clients = clients;
	}

	/**
	 * A client that is billed.
	 *
	 * @param id ours
	 * @param epoch its current one
	 * @param choice whom Stripe bills, at which price
	 * @param policy what is counted, and who divides
	 */
	public record Billed(ClientId id, int epoch, StripeGuard.StripeChoice choice, ChargePolicy policy) {
	}

	/**
	 * The client's current terms; empty for one that is not billed, or archived, and a
	 * 404 for one that is not this agency's.
	 */
	public Mono<Billed> find(AgencyId agency, ClientId id) {
		Mono<StoredClient> stored = Uncancelled.of(this.database.as(agency, this.clients.read(id)))
			.switchIfEmpty(Mono.error(() -> Problem.notFound("client", id.value())));
		return stored.flatMap((client) -> {
			StripeGuard.StripeChoice choice = client.settings().stripe();
			return (choice == null || client.isArchived()) ? Mono.empty()
					: Mono.just(new Billed(id, client.epoch(), choice, client.settings().policy()));
		});
	}

}
