package io.tallygate;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.postgresql.PostgresqlConnectionFactoryProvider;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.ConnectionFactories;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryMetadata;
import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.R2dbcNonTransientResourceException;
import io.tallygate.core.Database;
import io.tallygate.core.NewConnections;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import org.springframework.r2dbc.connection.R2dbcTransactionManager;
import org.springframework.r2dbc.core.DatabaseClient;
import org.springframework.transaction.reactive.TransactionalOperator;

/**
 * The pools of connections to PostgreSQL: every connection takes on its role when it is
 * made, and gives up a statement after a bounded time by itself, because nothing else may
 * cancel one.
 */
public final class Databases {

	private static final Duration STATEMENT_TIMEOUT = Duration.ofSeconds(15);

	private Databases() {
	}

	private static final String IS_READ_ONLY = "show transaction_read_only";

	/**
	 * A pool of at most {@code connectionsMax} connections under {@code role}, none of
	 * which was read-only when it was made: it might lead to what was the primary once,
	 * and would lead there as long as it lives.
	 * @param made is told of each connection before anything runs on it
	 */
	public static ConnectionPool pool(ConnectionFactoryOptions server, String role, int connectionsMax,
			NewConnections made) {
		Map<String, String> session = new LinkedHashMap<>();
		session.put("role", role);
		session.put("statement_timeout", STATEMENT_TIMEOUT.toMillis() + "ms");
		session.put("lock_timeout", STATEMENT_TIMEOUT.toMillis() / 2 + "ms");
		// A transaction whose gateway froze must not hold its accounts locked.
		session.put("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT.toMillis() * 2 + "ms");
		session.put("application_name", "tallygate");
		ConnectionFactory factory = ConnectionFactories.get(server.mutate()
			.option(PostgresqlConnectionFactoryProvider.OPTIONS, session)
			.option(PostgresqlConnectionFactoryProvider.TCP_KEEPALIVE, true)
			.option(ConnectionFactoryOptions.CONNECT_TIMEOUT, Duration.ofSeconds(5))
			.build());
		return new ConnectionPool(ConnectionPoolConfiguration.builder(told(factory, made))
			.name(role)
			.initialSize(0)
			.maxSize(connectionsMax)
			.maxAcquireTime(Duration.ofSeconds(5))
			.maxIdleTime(Duration.ofMinutes(10))
			.build());
	}

	private static ConnectionFactory told(ConnectionFactory factory, NewConnections made) {
		return new ConnectionFactory() {

			@Override
			public Publisher<? extends Connection> create() {
				return Mono.<Connection>from(factory.create())
					.flatMap(Databases::writable)
					.doOnNext((connection) -> made.made());
			}

			@Override
			public ConnectionFactoryMetadata getMetadata() {
				return factory.getMetadata();
			}

		};
	}

	private static Mono<Connection> writable(Connection connection) {
		return Flux.from(connection.createStatement(IS_READ_ONLY).execute())
			.flatMap((result) -> result.map((row) -> "on".equals(row.get(0, String.class))))
			.next()
			.flatMap((isReadOnly) -> isReadOnly
					? Mono.error(new R2dbcNonTransientResourceException("PostgreSQL is read-only"))
					: Mono.just(connection))
			.onErrorResume((error) -> Mono.from(connection.close()).onErrorComplete().then(Mono.error(error)));
	}

	/** PostgreSQL as the accounting sees it. */
	public static Database.OfSystem system(ConnectionFactory pool) {
		return new Database.OfSystem(DatabaseClient.create(pool), transactions(pool));
	}

	/** PostgreSQL as one agency's request sees it. */
	public static Database.OfTenant tenant(ConnectionFactory pool) {
		return new Database.OfTenant(DatabaseClient.create(pool), transactions(pool));
	}

	private static TransactionalOperator transactions(ConnectionFactory pool) {
		return TransactionalOperator.create(new R2dbcTransactionManager(pool));
	}

}
