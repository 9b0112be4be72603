package io.tallygate;

import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;

import io.r2dbc.spi.ConnectionFactoryOptions;
import io.tallygate.core.NewConnections;
import io.tallygate.support.Markdown;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

/** The SQL that the operating guide gives to an administrator, on a fresh PostgreSQL. */
class DocumentedRightsIntegrationTests {

	@Test
	void aUserWhoMayCreateNoRolesNeedsNothingMoreThanTheGuideSays() throws Exception {
		String sql = Markdown.read("docs/operating.md").section("Rights").blocks("sql").get(0);
		try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start()) {
			try (Connection connection = postgres.getPostgresDatabase().getConnection();
					Statement statement = connection.createStatement()) {
				for (String each : Arrays.stream(sql.split(";")).filter((text) -> !text.isBlank()).toList()) {
					statement.execute(each);
				}
			}

			assertThatBothRolesServe(postgres.getPort());
		}
	}

	/** As the first user of a managed PostgreSQL is. */
	@Test
	void aUserWhoMayCreateRolesAndIsNoSuperuserNeedsNothing() throws Exception {
		try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start()) {
			try (Connection connection = postgres.getPostgresDatabase().getConnection();
					Statement statement = connection.createStatement()) {
				statement.execute("create user tallygate createrole password 'change-me'");
				statement.execute("create database tallygate owner tallygate");
			}

			assertThatBothRolesServe(postgres.getPort());
		}
	}

	private static void assertThatBothRolesServe(int port) {
		var migrated = Flyway.configure()
			.dataSource("jdbc:postgresql://127.0.0.1:" + port + "/tallygate", "tallygate", "change-me")
			.locations("classpath:db/migration")
			.load()
			.migrate();

		assertThat(migrated.success).isTrue();
		for (String role : new String[] { "tallygate_system", "tallygate_tenant" }) {
			var pool = Databases.pool(options(port), role, 1, new NewConnections());
			StepVerifier
				.create(Databases.system(pool)
					.client()
					.sql("select current_user::text || count(*) from ledger")
					.mapValue(String.class)
					.one())
				.expectNext(role + "0")
				.expectComplete()
				.verify(Duration.ofSeconds(10));
			pool.dispose();
		}
	}

	private static ConnectionFactoryOptions options(int port) {
		return ConnectionFactoryOptions.parse("r2dbc:postgresql://127.0.0.1:" + port + "/tallygate")
			.mutate()
			.option(ConnectionFactoryOptions.USER, "tallygate")
			.option(ConnectionFactoryOptions.PASSWORD, "change-me")
			.build();
	}

}
