package io.tallygate.sandbox;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Where the sandbox's servers listen.
 *
 * @param providerPort the fake model provider; another one for a second sandbox
 * @param stripePort the fake Stripe; another one for a second sandbox
 * @param postgresPort the embedded PostgreSQL; 0 means any free port, a fixed one lets
 * psql find it again
 * @param redisPort the embedded Redis; 0 means any free port, a fixed one lets redis-cli
 * find it again
 * @param embeddedPostgres whether PostgreSQL is embedded; decided by whether a URL is
 * given
 * @param embeddedRedis whether Redis is embedded; decided by whether a URL is given
 */
@ConfigurationProperties("tallygate.sandbox")
record SandboxProperties(@DefaultValue("" + PROVIDER_PORT) int providerPort,
		@DefaultValue("" + STRIPE_PORT) int stripePort, @DefaultValue("0") int postgresPort,
		@DefaultValue("0") int redisPort, boolean embeddedPostgres, boolean embeddedRedis) {

	static final int PROVIDER_PORT = 8082;

	static final int STRIPE_PORT = 8083;

	static final String DATA_DIR = "./.tallygate";

}
