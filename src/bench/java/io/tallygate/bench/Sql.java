package io.tallygate.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;

/** A connection to a database of the bench, past every right. */
final class Sql implements AutoCloseable {

	private final Connection connection;

	Sql(Connection connection) {
		this.connection = connection;
	}

	/** Makes room for much to be inserted while nothing is measured. */
	Sql inBulk() {
		Child.spread(Math.round(number("select pg_backend_pid()")), true);
		run("set session_replication_role = replica; set synchronous_commit = off; set work_mem = '256MB'; "
				+ "set maintenance_work_mem = '1GB'");
		return this;
	}

	/** Runs statements that have no parameters. */
	void run(String statements) {
		try (Statement statement = this.connection.createStatement()) {
			statement.execute(statements);
		}
		catch (SQLException ex) {
			throw new IllegalStateException(statements, ex);
		}
	}

	/** Runs a statement with these parameters: texts, numbers, or arrays of them. */
	void run(String sql, Object... parameters) {
		try (PreparedStatement statement = prepared(sql, parameters)) {
			statement.execute();
		}
		catch (SQLException ex) {
			throw new IllegalStateException(sql, ex);
		}
	}

	/** The one number that this yields. */
	double number(String sql, Object... parameters) {
		try (PreparedStatement statement = prepared(sql, parameters); ResultSet rows = statement.executeQuery()) {
			rows.next();
			return rows.getDouble(1);
		}
		catch (SQLException ex) {
			throw new IllegalStateException(sql, ex);
		}
	}

	private PreparedStatement prepared(String sql, Object... parameters) throws SQLException {
		PreparedStatement statement = this.connection.prepareStatement(sql);
		for (int i = 0; i < parameters.length; i++) {
			Object value = parameters[i];
			if (value instanceof String[] texts) {
				statement.setArray(i + 1, this.connection.createArrayOf("text", texts));
			}
			else if (value instanceof byte[][] bytes) {
				statement.setArray(i + 1, this.connection.createArrayOf("bytea", bytes));
			}
			else {
				statement.setObject(i + 1, value);
			}
		}
		return statement;
	}

	@Override
	public void close() {
		try {
			this.connection.close();
		}
		catch (SQLException ex) {
			throw new IllegalStateException(ex);
		}
	}

}
