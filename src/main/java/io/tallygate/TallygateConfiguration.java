package io.tallygate;

import java.time.Clock;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

import io.r2dbc.pool.ConnectionPool;
import io.tallygate.core.AgreedClock;
import io.tallygate.core.Database;
import io.tallygate.core.Ids;
import io.tallygate.core.NewConnections;
import io.tallygate.core.SecretBox;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.r2dbc.autoconfigure.R2dbcConnectionDetails;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * What all rooms share: the clock, ids, the box that seals secrets, and PostgreSQL under
 * its two roles.
 */
@Configuration(proxyBeanMethods = false)
class TallygateConfiguration {

	@Bean
	AgreedClock agreedClock() {
		return new AgreedClock(InstantSource.system(), System::nanoTime);
	}

	/** All rooms read the agreed time. */
	@Bean
	Clock clock(AgreedClock agreed) {
		return agreed.withZone(ZoneOffset.UTC);
	}

	@Bean
	Ids ids(Clock clock) {
		return new Ids(clock, new java.security.SecureRandom());
	}

	@Bean
	SecretBox secretBox(@Value("${tallygate.encryption-key}") String keys) {
		List<byte[]> decoded = Arrays.stream(keys.split(","))
			.map((key) -> Base64.getDecoder().decode(key.strip()))
			.toList();
		return new SecretBox(decoded);
	}

	@Bean
	PostgresJdbcDetails postgresJdbcDetails(R2dbcConnectionDetails server) {
		return new PostgresJdbcDetails(server);
	}

	@Bean
	Migrations migrations() {
		return new Migrations();
	}

	@Bean
	NewConnections newConnections() {
		return new NewConnections();
	}

	/** The system pool is the one that Boot sees: its health is our readiness. */
	@Bean(destroyMethod = "dispose")
	@DependsOnDatabaseInitialization
	ConnectionPool systemPool(R2dbcConnectionDetails server, NewConnections made,
			@Value("${tallygate.database.system-connections-max:12}") int connectionsMax) {
		return Databases.pool(server.getConnectionFactoryOptions(), "tallygate_system", connectionsMax, made);
	}

	@Bean(destroyMethod = "dispose", defaultCandidate = false)
	@DependsOnDatabaseInitialization
	ConnectionPool tenantPool(R2dbcConnectionDetails server,
			@Value("${tallygate.database.tenant-connections-max:8}") int connectionsMax) {
		return Databases.pool(server.getConnectionFactoryOptions(), "tallygate_tenant", connectionsMax,
				new NewConnections());
	}

	@Bean
	Database.OfSystem systemDatabase(ConnectionPool systemPool) {
		return Databases.system(systemPool);
	}

	@Bean
	Database.OfTenant tenantDatabase(
			@org.springframework.beans.factory.annotation.Qualifier("tenantPool") ConnectionPool tenantPool) {
		return Databases.tenant(tenantPool);
	}

}
