package io.tallygate;

import java.sql.SQLException;
import java.time.Duration;
import java.util.Set;

import org.flywaydb.core.Flyway;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.boot.flyway.autoconfigure.FlywayMigrationStrategy;

/**
 * Brings the schema to this version while replicas of another version work on it. A
 * migration wants locks that they hold, in an order that is not theirs. So it waits for
 * none of them for long, because whatever comes after it waits for it; and where it got
 * none, or PostgreSQL chose it to end a deadlock, nothing of it has happened and it is
 * tried again.
 */
class Migrations implements FlywayMigrationStrategy {

	private static final Logger logger = LoggerFactory.getLogger(Migrations.class);

	/** With the pauses and waits, two minutes at least. */
	private static final int ATTEMPTS_MAX = 30;

	private static final Duration PAUSE = Duration.ofSeconds(1);

	private static final Duration LOCK_WAIT_MAX = Duration.ofSeconds(3);

	/**
	 * PostgreSQL's deadlock_detected and lock_not_available
	 * (https://www.postgresql.org/docs/current/errcodes-appendix.html).
	 */
	private static final Set<String> PASSING = Set.of("40P01", "55P03");

	private final Duration lockWaitMax;

	private final Duration pause;

	private final int attemptsMax;

	Migrations() {
		this(LOCK_WAIT_MAX, PAUSE, ATTEMPTS_MAX);
	}

	Migrations(Duration lockWaitMax, Duration pause, int attemptsMax) {
		this.lockWaitMax = lockWaitMax;
		this.pause = pause;
		this.attemptsMax = attemptsMax;
	}

	@Override
	public void migrate(Flyway flyway) {
		String initSql = flyway.getConfiguration().getInitSql();
		String patience = "set lock_timeout = " + this.lockWaitMax.toMillis();
		Flyway patient = Flyway.configure()
			.configuration(flyway.getConfiguration())
			.initSql((initSql != null) ? patience + ";\n" + initSql : patience)
			.load();
		for (int attempt = 1;; attempt++) {
			try {
				patient.migrate();
				return;
			}
			catch (RuntimeException ex) {
				if (attempt == this.attemptsMax || !isPassing(ex)) {
					throw ex;
				}
				logger.warn("Attempt {} of {} to migrate the schema met locks of others and is repeated: {}", attempt,
						this.attemptsMax, ex.getMessage());
				pause(ex);
			}
		}
	}

	private static boolean isPassing(Throwable error) {
		for (Throwable cause = error; cause != null; cause = cause.getCause()) {
			if (cause instanceof SQLException sql && sql.getSQLState() != null && PASSING.contains(sql.getSQLState())) {
				return true;
			}
		}
		return false;
	}

	private void pause(RuntimeException failure) {
		try {
			Thread.sleep(this.pause.toMillis());
		}
		catch (InterruptedException ex) {
			Thread.currentThread().interrupt();
			throw failure;
		}
	}

}
