package io.tallygate.sandbox;

import redis.embedded.RedisExecProvider;

import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.data.redis.autoconfigure.DataRedisConnectionDetails;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Redis where none is given. Whoever connects depends on these details, and so the server
 * stops after them.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnClass(RedisExecProvider.class)
@ConditionalOnBooleanProperty("tallygate.sandbox.embedded-redis")
class EmbeddedRedisConfiguration {

	@Bean
	RedisServer redisServer(DataDirectory directory, SandboxProperties properties) {
		return RedisServer.start(directory, properties.redisPort());
	}

	@Bean
	DataRedisConnectionDetails embeddedRedisDetails(RedisServer server) {
		return new DataRedisConnectionDetails() {

			@Override
			public Standalone getStandalone() {
				return Standalone.of("127.0.0.1", server.port());
			}

		};
	}

}
