package io.tallygate;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

import io.r2dbc.spi.ConnectionFactoryOptions;
import io.r2dbc.spi.Option;
import org.jspecify.annotations.Nullable;

import org.springframework.boot.flyway.autoconfigure.FlywayConnectionDetails;
import org.springframework.boot.jdbc.autoconfigure.JdbcConnectionDetails;
import org.springframework.boot.r2dbc.autoconfigure.R2dbcConnectionDetails;

/**
 * The one PostgreSQL, as migrations reach it: by JDBC, where everything else goes by
 * R2DBC. Only {@code spring.r2dbc.*} has to be set.
 */
class PostgresJdbcDetails implements JdbcConnectionDetails, FlywayConnectionDetails {

	/** Options that both drivers know, by R2DBC's name and JDBC's. */
	private static final Map<String, String> SHARED = Map.of("sslMode", "sslmode", "sslRootCert", "sslrootcert",
			"sslCert", "sslcert", "sslKey", "sslkey", "schema", "currentSchema");

	private final ConnectionFactoryOptions options;

	PostgresJdbcDetails(R2dbcConnectionDetails server) {
		this.options = server.getConnectionFactoryOptions();
	}

	@Override
	public String getJdbcUrl() {
		String host = text(ConnectionFactoryOptions.HOST);
		Object port = this.options.getValue(ConnectionFactoryOptions.PORT);
		String database = text(ConnectionFactoryOptions.DATABASE);
		return "jdbc:postgresql://" + host + ((port != null) ? ":" + port : "") + "/"
				+ ((database != null) ? database : "") + parameters();
	}

	@Override
	public @Nullable String getUsername() {
		return text(ConnectionFactoryOptions.USER);
	}

	@Override
	public @Nullable String getPassword() {
		return text(ConnectionFactoryOptions.PASSWORD);
	}

	@Override
	public String getDriverClassName() {
		return "org.postgresql.Driver";
	}

	private String parameters() {
		Map<String, String> parameters = new LinkedHashMap<>();
		if (Boolean.parseBoolean(text(ConnectionFactoryOptions.SSL))) {
			parameters.put("sslmode", "verify-full");
		}
		SHARED.forEach((name, jdbcName) -> {
			String value = text(Option.valueOf(name));
			if (value != null) {
				parameters.put(jdbcName, jdbcName.equals("sslmode") ? sslMode(value) : value);
			}
		});
		return parameters.isEmpty() ? ""
				: parameters.entrySet()
					.stream()
					.map((each) -> each.getKey() + "=" + each.getValue())
					.collect(Collectors.joining("&", "?", ""));
	}

	private static String sslMode(String value) {
		return value.toLowerCase(Locale.ROOT).replace('_', '-');
	}

	private @Nullable String text(Option<?> option) {
		Object value = this.options.getValue(option);
		return (value instanceof CharSequence || value instanceof Boolean || value instanceof Number
				|| value instanceof Enum<?>) ? value.toString() : null;
	}

}
