package io.tallygate.agency;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;

import io.tallygate.core.AgencyId;
import io.tallygate.core.Database;
import io.tallygate.core.Uncancelled;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.data.redis.core.ReactiveStringRedisTemplate;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.stereotype.Component;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Changes that the data plane must learn of: an agency's keys, clients, providers or
 * standing.
 * <ol>
 * <li>The change and a note of it are committed together, so that a replica that reads
 * the notes misses none;</li>
 * <li>this process is told at once;</li>
 * <li>the others are told over Redis, which only hastens what they would read.</li>
 * </ol>
 */
@Component
public class DirectoryChanges {

	/** The Redis channel; a message is the id of the agency that changed. */
	public static final String CHANNEL = "tallygate:directory";

	private static final Logger logger = LoggerFactory.getLogger(DirectoryChanges.class);

	private static final String NOTE = "insert into directory_change (agency_id) values (:agency)";

	/** A change does not wait longer for Redis: the notes are read in any case. */
	private static final Duration ANNOUNCE_TIMEOUT = Duration.ofMillis(500);

	private final Database.OfSystem system;

	private final Database.OfTenant tenant;

	private final ReactiveStringRedisTemplate redis;

	private final List<Consumer<AgencyId>> listeners = new CopyOnWriteArrayList<>();

	public DirectoryChanges(Database.OfSystem system, Database.OfTenant tenant, ReactiveStringRedisTemplate redis) {
		this.system = system;
		this.tenant = tenant;
		this.redis = redis;
	}

	/** Tells {@code listener} of every change made by this process. */
	public void listen(Consumer<AgencyId> listener) {
		this.listeners.add(listener);
	}

	/**
	 * Runs {@code work} in one transaction that sees only this agency's rows. If it
	 * yields something, something has changed; an empty end is no change.
	 */
	public <T> Mono<T> byTenant(AgencyId agency, Mono<T> work) {
		return announced(agency, this.tenant.as(agency, noted(this.tenant.client(), agency, work)));
	}

	/** The same over all agencies' rows. */
	public <T> Mono<T> bySystem(AgencyId agency, Mono<T> work) {
		return announced(agency, this.system.transactions().transactional(noted(this.system.client(), agency, work)));
	}

	private static <T> Mono<T> noted(DatabaseClient client, AgencyId agency, Mono<T> work) {
		return work.flatMap(
				(result) -> client.sql(NOTE).bind("agency", agency.value()).fetch().rowsUpdated().thenReturn(result));
	}

	private <T> Mono<T> announced(AgencyId agency, Mono<T> committed) {
		return Uncancelled.of(committed.flatMap((result) -> announce(agency).thenReturn(result)));
	}

	/** The first to come may wait for a connection, which no event loop must. */
	private Mono<Void> announce(AgencyId agency) {
		this.listeners.forEach((listener) -> listener.accept(agency));
		return this.redis.convertAndSend(CHANNEL, agency.value())
			.subscribeOn(Schedulers.boundedElastic())
			.timeout(ANNOUNCE_TIMEOUT)
			.doOnError((error) -> logger.warn("The change of {} could not be announced over Redis: {}", agency,
					error.toString()))
			.onErrorComplete()
			.then();
	}

}
