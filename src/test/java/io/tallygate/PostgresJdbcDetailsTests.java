package io.tallygate;

import io.r2dbc.spi.ConnectionFactoryOptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import static org.assertj.core.api.Assertions.assertThat;

/** One URL is set, and both drivers find the same server. */
class PostgresJdbcDetailsTests {

	@ParameterizedTest
	@CsvSource(
			textBlock = """
					r2dbc:postgresql://db:5433/tg,                              jdbc:postgresql://db:5433/tg
					r2dbc:postgresql://db/tg,                                   jdbc:postgresql://db/tg
					r2dbc:pool:postgresql://db:5432/tg,                         jdbc:postgresql://db:5432/tg
					r2dbc:postgresql://db:5432/tg?sslMode=VERIFY_FULL,          jdbc:postgresql://db:5432/tg?sslmode=verify-full
					r2dbcs:postgresql://db:5432/tg,                             jdbc:postgresql://db:5432/tg?sslmode=verify-full
					r2dbc:postgresql://db:5432/tg?schema=gateway,               jdbc:postgresql://db:5432/tg?currentSchema=gateway
					""")
	void theJdbcUrlFollowsFromTheR2dbcUrl(String r2dbcUrl, String jdbcUrl) {
		ConnectionFactoryOptions options = ConnectionFactoryOptions.parse(r2dbcUrl);

		assertThat(new PostgresJdbcDetails(() -> options).getJdbcUrl()).isEqualTo(jdbcUrl);
	}

	@ParameterizedTest
	@CsvSource({ "r2dbc:postgresql://ann:secret@db/tg" })
	void userAndPasswordStayOutOfTheUrl(String r2dbcUrl) {
		ConnectionFactoryOptions options = ConnectionFactoryOptions.parse(r2dbcUrl);

		PostgresJdbcDetails details = new PostgresJdbcDetails(() -> options);

		assertThat(details.getUsername()).isEqualTo("ann");
		assertThat(details.getPassword()).isEqualTo("secret");
		assertThat(details.getJdbcUrl()).doesNotContain("ann").doesNotContain("secret");
	}

}
