package io.tallygate.sandbox;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

import io.tallygate.core.StartRefused;

import org.springframework.beans.factory.InitializingBean;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;

/** Refuses to start the sandbox over a database that holds a live Stripe key. */
class LiveKeyCheck implements InitializingBean {

	private static final String LIVE_AGENCIES = """
			select agency.name || ' (' || agency.id || ')'
			from stripe_connection join agency on agency.id = stripe_connection.agency_id
			where stripe_connection.livemode
			order by agency.id limit 10""";

	private final JdbcConnectionDetails server;

	LiveKeyCheck(JdbcConnectionDetails server) {
		this.server = server;
	}

	@Override
	public void afterPropertiesSet() throws SQLException {
		List<String> live = new ArrayList<>();
		try (Connection connection = DriverManager.getConnection(this.server.getJdbcUrl(), this.server.getUsername(),
				this.server.getPassword());
				Statement statement = connection.createStatement();
				ResultSet agencies = statement.executeQuery(LIVE_AGENCIES)) {
			while (agencies.next()) {
				live.add(agencies.getString(1));
			}
		}
		if (!live.isEmpty()) {
			throw new StartRefused(
					"This is the sandbox, and the database holds a live Stripe key of " + String.join(", ", live)
							+ ": real customers would be billed for play.",
					"Start with TALLYGATE_SANDBOX=false and the settings that belong to this database,\n"
							+ "or give the sandbox a database of its own.");
		}
	}

}
