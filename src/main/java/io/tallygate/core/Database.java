package io.tallygate.core;

import io.r2dbc.spi.Parameter;
import io.r2dbc.spi.Parameters;
import org.jspecify.annotations.Nullable;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.transaction.reactive.TransactionalOperator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * PostgreSQL under one of the application's two roles. The roles are in the types, so
 * that a repository says by what it asks for how much it may see.
 */
public sealed interface Database {

	DatabaseClient client();

	TransactionalOperator transactions();

	/** A value to bind that may be absent. */
	static Parameter nullable(Class<?> type, @Nullable Object value) {
		return (value != null) ? Parameters.in(value) : Parameters.in(type);
	}

	/**
	 * Ledger, outbox and key look-up, over all agencies.
	 *
	 * @param client statements outside a transaction
	 * @param transactions joins statements to one transaction
	 */
	record OfSystem(DatabaseClient client, TransactionalOperator transactions) implements Database {
	}

	/**
	 * Requests of one agency, held to its rows by row security: every statement runs in a
	 * transaction that names the agency, and without a name there are no rows.
	 *
	 * @param client statements; only inside {@link #as}
	 * @param transactions joins statements to one transaction
	 */
	record OfTenant(DatabaseClient client, TransactionalOperator transactions) implements Database {

		/** Runs {@code work} in one transaction that sees only this agency's rows. */
		public <T> Mono<T> as(AgencyId agency, Mono<T> work) {
			return this.transactions.transactional(named(agency).then(work));
		}

		/** Runs {@code work} in one transaction that sees only this agency's rows. */
		public <T> Flux<T> as(AgencyId agency, Flux<T> work) {
			return this.transactions.transactional(named(agency).thenMany(work));
		}

		private Mono<Void> named(AgencyId agency) {
			return this.client.sql("select set_config('tallygate.agency', :agency, true)")
				.bind("agency", agency.value())
				.fetch()
				.one()
				.then();
		}

	}

}
