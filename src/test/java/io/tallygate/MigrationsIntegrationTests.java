package io.tallygate;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import javax.sql.DataSource;

import io.tallygate.support.TestServers;
import io.tallygate.support.Wait;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

/**
 * The schema moves on while replicas of the version before work on it: a real PostgreSQL
 * at an older version, and a session that holds what a migration wants.
 */
class MigrationsIntegrationTests {

	private static final String BEFORE_ADJUSTMENTS = "32";

	/** V33 adds a column to meter_event, after it has locked it for a reference. */
	private static final String DELIVERS = "lock table meter_event in row exclusive mode";

	/** V33 has locked it by then. */
	private static final String CUTS = "lock table lane in row exclusive mode";

	private static final String WAITS = "select exists (select from pg_locks l join pg_database d on d.oid = l.database "
			+ "where d.datname = current_database() and not l.granted)";

	private final String name = "migrations_" + System.nanoTime();

	private DataSource database;

	private Connection worker;

	@BeforeEach
	void anOlderSchemaAndAWorker() throws SQLException {
		EmbeddedPostgres postgres = TestServers.postgres();
		try (Connection connection = postgres.getPostgresDatabase().getConnection();
				Statement statement = connection.createStatement()) {
			statement.execute("create database " + this.name);
		}
		this.database = postgres.getDatabase("postgres", this.name);
		Flyway.configure()
			.dataSource(this.database)
			.locations("classpath:db/migration")
			.target(BEFORE_ADJUSTMENTS)
			.load()
			.migrate();
		this.worker = this.database.getConnection();
		this.worker.setAutoCommit(false);
	}

	@AfterEach
	void closes() throws SQLException {
		this.worker.close();
	}

	@Test
	void aLockOfAWorkerIsWaitedForInShortTurns() throws Exception {
		execute(DELIVERS);
		CompletableFuture<Void> migration = CompletableFuture
			.runAsync(() -> new Migrations(Duration.ofMillis(50), Duration.ofMillis(20), 1000).migrate(flyway()));
		Wait.until("a migration that waits for the worker", 10, this::waits);
		Wait.until("one that does not, as it gives way", 10, () -> !waits());

		this.worker.commit();
		migration.get(20, TimeUnit.SECONDS);

		assertThat(flyway().info().pending()).isEmpty();
	}

	@Test
	void aDeadlockWithAWorkerIsNoEnd() throws Exception {
		execute("set deadlock_timeout = '1min'");
		execute(DELIVERS);
		CompletableFuture<Void> migration = CompletableFuture
			.runAsync(() -> new Migrations(Duration.ofSeconds(10), Duration.ofMillis(20), 1000).migrate(flyway()));
		Wait.until("a migration that waits for the worker", 10, this::waits);

		execute(CUTS);
		this.worker.commit();
		migration.get(20, TimeUnit.SECONDS);

		assertThat(flyway().info().pending()).isEmpty();
	}

	@Test
	void whoNeverGetsItsLocksSaysSoInTheEnd() throws Exception {
		execute(DELIVERS);

		assertThatThrownBy(() -> new Migrations(Duration.ofMillis(50), Duration.ofMillis(20), 3).migrate(flyway()))
			.isInstanceOf(FlywayException.class)
			.hasMessageContaining("lock timeout");
		assertThat(flyway().info().current().getVersion().getVersion()).isEqualTo(BEFORE_ADJUSTMENTS);
	}

	@Test
	void linesThatAreThereAreAddedUpByTheHour() throws SQLException {
		execute("""
				insert into ledger (id, agency_id, client_id, epoch, status, quantity, charge_by, total_before, total_after,
				  units, occurred_at, kind, model, total_tokens)
				select 'led_' || g, 'agy_1', 'cli_1', 1, case when g = 5 then 'estimated' else 'billed' end, g * 1000, 'tokens',
				  0, 0, 0, timestamptz '2026-11-21 10:20Z' + g * interval '15 minutes',
				  case when g = 6 then 'adjustment' else 'exchange' end, 'm', g
				from generate_series(1, 6) g
				""");
		this.worker.commit();

		new Migrations().migrate(flyway());

		assertThat(
				isTrue("""
						select array_agg(row(hour, requests, total_tokens, quantity, estimated_requests)::text order by hour) = array[
						  row(timestamptz '2026-11-21 10:00Z', 2, 3, 3000, 0)::text,
						  row(timestamptz '2026-11-21 11:00Z', 3, 12, 12000, 1)::text]
						from usage_hour
						"""))
			.isTrue();
	}

	@Test
	void whatElseAConnectionIsToBeToldIsNotForgotten() {
		Flyway flyway = Flyway.configure()
			.configuration(flyway().getConfiguration())
			.initSql("create table if not exists told ()")
			.load();

		new Migrations().migrate(flyway);

		assertThat(isTrue("select to_regclass('told') is not null")).isTrue();
	}

	private Flyway flyway() {
		return Flyway.configure().dataSource(this.database).locations("classpath:db/migration").load();
	}

	private void execute(String sql) throws SQLException {
		try (Statement statement = this.worker.createStatement()) {
			statement.execute(sql);
		}
	}

	private boolean waits() {
		return isTrue(WAITS);
	}

	private boolean isTrue(String question) {
		try (Connection connection = this.database.getConnection();
				Statement statement = connection.createStatement();
				ResultSet found = statement.executeQuery(question)) {
			found.next();
			return found.getBoolean(1);
		}
		catch (SQLException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
