package io.tallygate;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Arrays;

import io.r2dbc.spi.ConnectionFactoryOptions;
import io.tallygate.core.NewConnections;
import io.tallygate.support.Markdown;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.MigrationVersion;
import org.flywaydb.core.api.configuration.FluentConfiguration;
import org.junit.jupiter.api.Test;
import reactor.test.StepVerifier;

import static org.assertj.core.api.Assertions.assertThat;

/** The SQL that the operating guide gives to an administrator, on a fresh PostgreSQL. */
class DocumentedRightsIntegrationTests {

	private static final String BEFORE_USAGE_BY_HOUR = "41";

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

	/** Also for what later versions make of rows that earlier ones wrote. */
	private static void assertThatBothRolesServe(int port) throws SQLException {
		String url = "jdbc:postgresql://127.0.0.1:" + port + "/tallygate";
		FluentConfiguration migrations = Flyway.configure()
			.dataSource(url, "tallygate", "change-me")
			.locations("classpath:db/migration");
		migrations.target(BEFORE_USAGE_BY_HOUR).load().migrate();
		try (Connection connection = DriverManager.getConnection(url, "tallygate", "change-me");
				Statement statement = connection.createStatement()) {
			statement.execute("set role tallygate_system");
			statement.execute(
					"""
							insert into ledger (id, agency_id, client_id, epoch, status, quantity, charge_by, total_before,
							  total_after, units, occurred_at) values ('led_1', 'agy_1', 'cli_1', 1, 'billed', 1, 'tokens', 0, 1, 0, now())
							""");
		}
		var migrated = migrations.target(MigrationVersion.LATEST).load().migrate();

		assertThat(migrated.success).isTrue();
		for (String role : new String[] { "tallygate_system", "tallygate_tenant" }) {
			var pool = Databases.pool(options(port), role, 1, new NewConnections());
			StepVerifier
				.create(Databases.system(pool)
					.client()
					.sql("select current_user::text || sum(n) from (select count(*) as n from ledger "
							+ "union all select count(*) from usage_hour) as seen")
					.mapValue(String.class)
					.one())
				.expectNext(role + (role.endsWith("system") ? "2" : "0"))
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
